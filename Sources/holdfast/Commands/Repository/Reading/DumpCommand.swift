internal import CommandSyntax
internal import ResticFormat
internal import Concurrency
internal import Glibc
internal import Restore
internal import ResticRepository
internal import Terminal

/// `holdfast repo dump`
enum DumpCommand {
  static let place = Operand<String>.required(
    .text("SNAPSHOT"), "The beginning of a snapshot's id, or 'latest'; with :PATH what is there")
  static let path = Operand<String?>.optional(.text("PATH"), "The file or folder in it; '/' is all of it")
  static let target = Option<String?>.optional(
    "--target", short: "-t", .file, "Write to this file instead of standard output; it is replaced once all is there")

  static let command = Command(
    name: "dump",
    summary: "Write a file to standard output, or a folder as a tar archive",
    discussion: [
      "The archive is of the pax form and has owners, times to the nanosecond, extended attributes and ACLs; GNU tar restores "
        + "them all with --xattrs --xattrs-include='*'."
    ],
    options: [target.description] + SnapshotChoice.options,
    operands: [place.description, path.description],
    examples: [
      Example(purpose: "A file", line: "holdfast repo dump latest /shop.sql | psql shop"),
      Example(
        purpose: "A folder", line: "holdfast repo dump latest:/srv/data / | tar -x --xattrs --xattrs-include='*' -C /"),
    ],
    run: RepositoryCommand.action("the output ends too early; a file that was to be replaced is as it was", run))

  private static func run(_ arguments: ParsedArguments) async throws {
    let display = ProgressDisplay(arguments, phase: "reads the index", isQuiet: true)
    let place = SnapshotPlace(arguments[place])
    guard !place.path.isEmpty || arguments[path] != nil else {
      throw CommandFailure(
        .usage, "'repo dump' needs to know what: give the PATH of a file or folder, or '/' for all of it")
    }
    let file = try await output(arguments)
    let result = try await arguments.withRepositoryToRead(display) { repository in
      let snapshot = try await repository.snapshot(named: place.snapshot, SnapshotChoice.filter(arguments))
      let index = try await repository.loadIndex(cache: arguments.indexCache, notice: { display.warn($0) })
      let names = place.path + SnapshotPlace.names(arguments[path] ?? "")
      return try await repository.dump(
        snapshot.snapshot.tree, path: names, index: index, to: file?.descriptor ?? STDOUT_FILENO)
    }
    // One with holes takes no whole one's place.
    let isKept = !result.isIncomplete || !(file?.replaces ?? false)
    if let file, isKept { try await BlockingPool.shared.run { try file.keep() } }
    for problem in result.problems {
      if problem.isLoss { display.complain(problem.message) } else { display.warn(problem.message) }
    }
    guard !result.isIncomplete else {
      throw CommandFailure(
        .failed,
        "the archive lacks what could not be put into it, see above"
          + (isKept ? "" : "; the file that was to be replaced is as it was"))
    }
  }

  /// The file that is wanted; nil for standard output.
  private static func output(_ arguments: ParsedArguments) async throws -> OutputFile? {
    if let path = arguments[target] { return try await BlockingPool.shared.run { try OutputFile(path) } }
    guard isatty(STDOUT_FILENO) == 0 || !SnapshotPlace.names(arguments[self.path] ?? "").isEmpty else {
      throw CommandFailure(
        .usage, "an archive is nothing for a terminal; give --target FILE, or send the output elsewhere")
    }
    return nil
  }
}
