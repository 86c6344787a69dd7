internal import CommandSyntax
internal import ResticFormat
internal import Glibc
internal import JSON
internal import Restore
internal import ResticRepository
internal import Terminal

/// `holdfast repo ls`
enum ListCommand {
  static let place = Operand<String>.required(
    .text("SNAPSHOT"), "The beginning of a snapshot's id, or 'latest'; with :PATH only that folder")
  static let folders = Operand<[String]>.repeated(
    .text("PATH"), isOptional: true, "Only these folders or files of the snapshot")
  static let long = Option<Bool>.flag("--long", short: "-l", "With modes, owners, sizes and times")
  static let recursive = Option<Bool>.flag("--recursive", "With what is in the folders below a named one, too")

  static let command = Command(
    name: "ls",
    summary: "List what a snapshot holds",
    discussion: [
      "A whole snapshot is listed with all its folders; of a named folder only what is in it, unless --recursive is given. "
        + "With -o json each line is an object with the names of restic's."
    ],
    options: [long.description, recursive.description] + SnapshotChoice.options,
    operands: [place.description, folders.description],
    examples: [
      Example(purpose: "Everything", line: "holdfast repo ls latest"),
      Example(purpose: "A folder, with sizes and times", line: "holdfast repo ls -l latest:/srv/data"),
    ],
    run: RepositoryCommand.action { arguments in
      let display = ProgressDisplay(arguments, phase: "reads the index", isQuiet: true)
      let lines = LineOutput()
      let problems = try await arguments.withRepositoryToRead(display) { repository in
        let place = SnapshotPlace(arguments[place])
        let snapshot = try await repository.snapshot(named: place.snapshot, SnapshotChoice.filter(arguments))
        let index = try await repository.loadIndex(cache: arguments.indexCache, notice: { display.warn($0) })
        if arguments.writesJSON { lines.write(snapshot.json(type: "snapshot").text) }
        let named = arguments[folders].map { place.path + SnapshotPlace.names($0) }
        let isPlain = arguments.style.columns == nil
        return try await repository.listNodes(
          snapshot.snapshot.tree, index: index, folders: named.isEmpty && !place.path.isEmpty ? [place.path] : named,
          recursive: arguments[recursive]
        ) { node in
          try Task.checkCancellation()
          if arguments.writesJSON { return lines.write(node.json) }
          let line = arguments[long] ? node.longLine : node.path
          // Other programs get names as they are, a terminal no control characters.
          lines.write(isPlain ? line : Array(singleLine(String(decoding: line, as: UTF8.self)).utf8))
        }
      }
      lines.flush()
      for problem in problems { display.complain(problem.message) }
      guard problems.isEmpty else {
        throw CommandFailure(.failed, "\(countText(problems.count, "folder")) could not be shown, see above")
      }
    })
}
