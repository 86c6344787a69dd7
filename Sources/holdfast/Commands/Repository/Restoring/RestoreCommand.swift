internal import CommandSyntax
internal import ResticFormat
internal import FileSystem
internal import JSON
internal import Restore
internal import ResticRepository
internal import Terminal

/// `holdfast repo restore`
enum RestoreCommand {
  static let place = Operand<String>.required(
    .text("SNAPSHOT"), "The beginning of a snapshot's id, or 'latest'; with :PATH only what is there")
  static let target = Option<String?>.optional(
    "--target", short: "-t", .text("DIR", completion: .file),
    "The folder that everything comes into; it is made if it is not there")
  static let includes = Option<[String]>.repeated(
    "--include", short: "-i", .text("PATTERN"), "Only what fits: *.conf anywhere, /etc/ssl from the root on")
  static let iincludes = Option<[String]>.repeated(
    "--iinclude", .text("PATTERN"), "The same, whether letters are large or small")
  static let includeFiles = Option<[String]>.repeated(
    "--include-file", .file, "A file with a pattern a line; # begins a remark, $NAME is a variable and $$ a dollar")
  static let overwrite = Option<RestoreRequest.Overwrite>.value(
    "--overwrite", .choice("WHEN"), default: .always, "What is there already is compared with the backup and made equal"
  )
  static let deletes = Option<Bool>.flag(
    "--delete", "Remove what the target holds beyond the backup, but no other filesystem or subvolume in it")
  static let sparse = Option<Bool>.flag("--sparse", "Runs of zeros become holes")
  static let verify = Option<Bool>.flag("--verify", "Read everything back, and compare it")
  static let noSync = Option<Bool>.flag(
    "--no-sync", "Don't wait until all is on the disk: faster, but a crash soon afterwards may cost some of it")
  static let dryRun = Option<Bool>.flag("--dry-run", "Only say what would be done")
  static let owners = Option<RestoreRequest.Owners>.value(
    "--owners", .choice("WHEN"), default: .automatic,
    "Whether files get their owners back: auto does as far as the system allows")
  static let verbose = Option<Bool>.flag("--verbose", short: "-v", "Name each file, and what is done with it")
  static let workers = Option<Int?>.optional(
    "--write-concurrency", .integer(1...256), "How many threads decrypt and write; one for each core unless given")

  static let command = Command(
    name: "restore",
    summary: "Restore a snapshot, or a part of it, into a folder",
    discussion: [
      "A snapshot's files come back under their whole paths below the target; those of SNAPSHOT:PATH directly into it. Nothing "
        + "outside of the target is ever written. What is there already and equal is not written again, so a restore that was "
        + "interrupted goes on where it ended.",
      "If something can't be restored, everything else is; the exit code is 1 then.",
    ],
    options: [
      target.description, includes.description, iincludes.description, includeFiles.description,
      BackupOptions.excludes.description, BackupOptions.iexcludes.description, BackupOptions.excludeFiles.description,
      overwrite.description, deletes.description, sparse.description, verify.description, noSync.description,
      dryRun.description,
      owners.description, verbose.description, workers.description,
    ] + SnapshotChoice.options,
    operands: [place.description],
    examples: [
      Example(purpose: "Everything", line: "holdfast repo restore latest --target /srv/restored"),
      Example(
        purpose: "A folder, back to where it was",
        line: "holdfast repo restore latest:/srv/data --target /srv/data --overwrite if-changed"),
      Example(
        purpose: "See what that would do",
        line: "holdfast repo restore latest:/srv/data --target /srv/data --dry-run -v"),
    ],
    run: RepositoryCommand.action(
      "what is restored so far can stay: the same command with --overwrite if-changed goes on from there", run))

  private static func run(_ arguments: ParsedArguments) async throws {
    guard let target = arguments[target] else {
      throw CommandFailure(.usage, "'repo restore' needs to know where to: give --target DIR")
    }
    let (includes, excludes) = (try await includes(arguments), try await excludes(arguments))
    let display = ProgressDisplay(arguments, phase: "opens the repository")
    let result = try await arguments.withRepositoryToRead(display) { repository in
      let place = SnapshotPlace(arguments[place])
      let snapshot = try await repository.snapshot(named: place.snapshot, SnapshotChoice.filter(arguments))
      display.show(phase: "reads the index")
      let index = try await repository.loadIndex(cache: arguments.indexCache, notice: { display.warn($0) })
      var request = RestoreRequest(tree: snapshot.snapshot.tree, target: target)
      request.subpath = place.path
      request.includes = includes
      request.excludes = excludes
      request.overwrite = arguments[overwrite]
      request.deletes = arguments[deletes]
      request.sparse = arguments[sparse]
      request.verifies = arguments[verify]
      request.isDurable = !arguments[noSync]
      request.isDryRun = arguments[dryRun]
      request.owners = arguments[owners]
      request.workers = arguments[workers]
      let json = arguments.writesJSON
      if arguments[verbose] { request.onItem = { display.print(RestoreReport.line($0, json: json)) } }
      let progress = RestoreProgress()
      display.show(
        { RestoreReport.state(progress.state) }, status: { RestoreReport.status(progress.state, $0) })
      return try await repository.restore(request, index: index, progress: progress)
    }
    let report = RestoreReport(
      result: result, target: target, isDryRun: arguments[dryRun], elapsed: display.elapsed)
    report.complain(arguments, display)
    report.write(arguments)
    if let failure = report.failure { throw failure }
  }

  private static func includes(_ arguments: ParsedArguments) async throws -> PathPatterns {
    var texts = arguments[includes]
    for file in arguments[includeFiles] { texts += try await PatternFile.read(file, arguments) }
    // No pattern means everything, and that is the last thing that was meant.
    if texts.isEmpty, arguments[iincludes].isEmpty, let file = arguments[includeFiles].first {
      throw CommandFailure(
        .usage,
        "the file of patterns \(file) names nothing to restore: write a pattern a line, and see which variables are set"
      )
    }
    return try PatternFile.patterns(texts, ignoringCase: arguments[iincludes])
  }

  private static func excludes(_ arguments: ParsedArguments) async throws -> PathPatterns {
    var texts = arguments[BackupOptions.excludes]
    for file in arguments[BackupOptions.excludeFiles] { texts += try await PatternFile.read(file, arguments) }
    return try PatternFile.patterns(texts, ignoringCase: arguments[BackupOptions.iexcludes])
  }
}
