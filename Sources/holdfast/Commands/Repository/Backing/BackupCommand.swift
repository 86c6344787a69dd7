internal import Backup
internal import CommandSyntax
internal import Concurrency
internal import Cryptography
internal import FileSystem
internal import ResticFormat
internal import ResticRepository
internal import Terminal

/// `holdfast repo backup`
enum BackupCommand {
  static let paths = Operand<[String]>.repeated(
    .text("PATH", completion: .file), isOptional: true, "Files and folders; each folder with all that is in it")

  static let command = Command(
    name: "backup",
    summary: "Back up files, an image or a stream to a new snapshot",
    discussion: [
      "What did not change since the parent, the newest snapshot of the same host and paths, is not read again. A backup that "
        + "was interrupted leaves a journal in the repository, and the next one of the same host and paths goes on from there: "
        + "on another machine, give it the same --host. restic's REST server keeps no journals: there the next one starts anew, "
        + "and there are no parts. A block device can't tell what changed, so it is read anew unless --frozen-as names its state.",
      "What is named is stored even if an exclude fits it, of a folder without what is in it; a note tells so, since restic leaves "
        + "it out.",
      "What comes by --stdin is taken up to its end, whether or not the program that wrote it has failed: a pipeline's exit "
        + "code tells that only when the snapshot is there, and that of < <(PROGRAM) never. --stdin-from-command runs the "
        + "program itself, and makes no snapshot if it fails.",
      "Files that can't be read are reported and left out; the snapshot is made all the same, and the exit code is 3.",
    ],
    options: BackupOptions.all, operands: [paths.description],
    examples: [
      Example(purpose: "Two folders", line: "holdfast repo backup /etc /srv/data --tag nightly"),
      Example(
        purpose: "A volume's clone, under the name of the volume",
        line: "holdfast repo backup /mnt/clone --path-label /shop/database --host cluster-1"),
      Example(purpose: "A disk image", line: "holdfast repo backup --device /dev/vg0/database-snapshot"),
      Example(
        purpose: "What a program prints",
        line: "holdfast repo backup --stdin-from-command --stdin-filename shop.sql -- pg_dump shop"),
    ],
    run: RepositoryCommand.action(
      "no snapshot was made; what was stored stays, and the same command goes on from there", run))

  private static func run(_ arguments: ParsedArguments) async throws {
    let request = try await BackupOptions.request(arguments)
    // The backup's own threads are not all: others count what there is, open the repository and read its index.
    let (nice, diskPriority) = (request.nice, request.diskPriority)
    beginThreads { ThreadPriority.set(nice: nice, inputOutput: diskPriority) }
    ThreadPriority.setForProcess(nice: nice, inputOutput: diskPriority)
    for path in request.excludedSources {
      arguments.note(
        "an exclude fits '\(path)': it is stored because it is named, a folder without what is in it; restic would leave it "
          + "out")
    }
    let display = ProgressDisplay(arguments, phase: "opens the repository")
    if let part = arguments[BackupOptions.part] {
      return try await BackupPartCommand.run(part, of: request, arguments, display)
    }
    let (result, parent) = try await withRepository(arguments, display) { repository, lock in
      var request = request
      if let name = arguments[BackupOptions.parent] {
        request.parent = .snapshot(try await repository.snapshot(named: name).id)
      }
      let progress = BackupProgress()
      let scan = SourceScan(request)
      if display.isVisible, !arguments[BackupOptions.noScan] { Task { await scan.run(beside: progress) } }
      defer { scan.stop() }
      display.show(
        { BackupReport.state(progress.state, scan.found) },
        status: { BackupReport.status(progress.state, scan.found, $0) })
      let result = try await withSource(request, arguments, display) { request in
        try await backUp(
          request, to: repository, lock: lock, cache: arguments.indexCache, progress: progress,
          notice: { display.warn($0) })
      }
      return (result, result.snapshot.snapshot.parent)
    }
    let report = BackupReport(
      result: result, parent: parent, isDryRun: request.isDryRun, elapsed: display.elapsed)
    for problem in result.problems { report.complain(problem, arguments, display) }
    report.write(arguments)
    if let failure = report.failure { throw failure }
  }

  /// Runs the program whose output is backed up, if the source is such a one.
  private static func withSource<Result: Sendable>(
    _ request: BackupRequest, _ arguments: ParsedArguments, _ display: ProgressDisplay,
    _ body: @escaping @Sendable (BackupRequest) async throws -> Result
  ) async throws -> Result {
    guard arguments[BackupOptions.stdinFromCommand] else { return try await body(request) }
    let command = arguments[paths]
    return try await BackupProgram.run(command, onLine: { display.say("\(command[0]): \(singleLine($0))") }) { output in
      var request = request
      request.source = .stream(descriptor: output, name: arguments[BackupOptions.stdinName])
      return try await body(request)
    }
  }

  /// Opens the repository with a lock; a dry run takes none, since that would be written.
  private static func withRepository<Result: Sendable>(
    _ arguments: ParsedArguments, _ display: ProgressDisplay,
    _ body: @Sendable (Repository, RepositoryLock?) async throws -> Result
  ) async throws -> Result {
    if arguments[BackupOptions.dryRun] {
      return try await arguments.withOpenRepository(display) { try await body($0, nil) }
    }
    return try await arguments.withRepository(.adding, display) { try await body($0, $1) }
  }
}
