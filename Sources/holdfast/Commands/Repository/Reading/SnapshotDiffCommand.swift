internal import CommandSyntax
internal import JSON
internal import Maintenance
internal import ResticRepository
internal import Terminal

/// `holdfast repo diff`
enum SnapshotDiffCommand {
  static let first = Operand<String>.required(
    .text("A"), "The first snapshot: the beginning of its id, or 'latest'; with :PATH a folder of it")
  static let second = Operand<String>.required(.text("B"), "The second")
  static let metadata = Option<Bool>.flag(
    "--metadata", "Name also what differs only in modes, owners, times or attributes")

  static let command = Command(
    name: "diff",
    summary: "Compare two snapshots",
    discussion: [
      "Each line begins with what happened on the way from A to B: + it is new, - it is gone, M its content is another, T it is "
        + "of another type, U only its metadata differ."
    ],
    options: [metadata.description],
    operands: [first.description, second.description],
    examples: [
      Example(purpose: "What the last night changed", line: "holdfast repo diff 6c8b3a1f latest"),
      Example(purpose: "In one folder", line: "holdfast repo diff 6c8b3a1f:/srv/data latest:/srv/data"),
    ],
    run: RepositoryCommand.action { arguments in
      let display = ProgressDisplay(arguments, phase: "reads the index", isQuiet: true)
      let lines = LineOutput()
      let isPlain = arguments.style.columns == nil
      let difference = try await arguments.withRepositoryToRead(display) { repository in
        // Snapshots before the index, which may not know what newer ones refer to.
        for text in [arguments[first], arguments[second]] {
          _ = try await repository.snapshot(named: SnapshotPlace(text).snapshot)
        }
        let reader = BlobReader(
          repository, try await repository.loadIndex(cache: arguments.indexCache, notice: { display.warn($0) }))
        let (a, b) = (
          try await repository.folder(named: arguments[first], SnapshotFilter(), reader),
          try await repository.folder(named: arguments[second], SnapshotFilter(), reader)
        )
        return try await SnapshotDifference.compare(
          a.tree, b.tree, showsMetadata: arguments[metadata], reader
        ) { change in
          try Task.checkCancellation()
          if arguments.writesJSON {
            let object: JSONValue = [
              "message_type": "change", "path": .string(change.path), "modifier": .string(change.marks),
            ]
            lines.write(object.text)
          } else {
            lines.write(padded(change.marks, to: 3) + "  " + (isPlain ? change.path : singleLine(change.path)))
          }
        }
      }
      lines.write(arguments.writesJSON ? json(difference).text : summary(difference))
      lines.flush()
    })

  private static func summary(_ difference: SnapshotDifference) -> String {
    func side(_ side: SnapshotDifference.Side) -> String {
      "\(countText(side.files, "file")), \(countText(side.folders, "folder")), \(countText(side.others, "other")); "
        + "\(byteText(side.bytes)) in \(countText(side.dataBlobs + side.treeBlobs, "blob"))"
    }
    return """

      changed  \(countText(difference.changedFiles, "file"))
      added    \(side(difference.added))
      removed  \(side(difference.removed))
      """
  }

  private static func json(_ difference: SnapshotDifference) -> JSONValue {
    func side(_ side: SnapshotDifference.Side) -> JSONValue {
      [
        "files": .int(Int64(side.files)), "dirs": .int(Int64(side.folders)), "others": .int(Int64(side.others)),
        "data_blobs": .int(Int64(side.dataBlobs)), "tree_blobs": .int(Int64(side.treeBlobs)),
        "bytes": .int(Int64(side.bytes)),
      ]
    }
    return [
      "message_type": "statistics", "changed_files": .int(Int64(difference.changedFiles)),
      "added": side(difference.added), "removed": side(difference.removed),
    ]
  }
}
