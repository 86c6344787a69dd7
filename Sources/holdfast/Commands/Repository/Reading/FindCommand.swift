internal import CommandSyntax
internal import Cryptography
internal import JSON
internal import Maintenance
internal import ResticFormat
internal import Restore
internal import ResticRepository
internal import Terminal

/// `holdfast repo find`
enum FindCommand {
  static let patterns = Operand<[String]>.repeated(
    .text("PATTERN"), isOptional: true, "What is looked for: *.conf anywhere, /etc/ssl/* from the root on")
  static let caseless = Option<Bool>.flag("--ignore-case", short: "-i", "Large and small letters are the same")
  static let snapshots = Option<[String]>.repeated(
    "--snapshot", short: "-s", .text("SNAPSHOT"), "Only in this one: the beginning of its id, or 'latest'")
  static let oldest = Option<Snapshot.Moment?>.optional(
    "--oldest", short: "-O", .moment, "Not changed before this time")
  static let newest = Option<Snapshot.Moment?>.optional("--newest", short: "-N", .moment, "Not changed after this time")
  static let blobs = Option<[String]>.repeated(
    "--blob", .text("ID"), "Which files need this blob of data: the beginning of its id")
  static let trees = Option<[String]>.repeated(
    "--tree", .text("ID"), "Which folders have this listing: the beginning of its id")
  static let packs = Option<[String]>.repeated(
    "--pack", .text("ID"), "Which files and folders need something in this pack: the beginning of its name")
  static let long = Option<Bool>.flag("--long", short: "-l", "With modes, owners, sizes and times")

  static let command = Command(
    name: "find",
    summary: "Find files by their names, in all snapshots or some",
    options: [
      caseless.description, snapshots.description, oldest.description, newest.description, long.description,
      blobs.description, trees.description, packs.description,
    ] + SnapshotChoice.options,
    operands: [patterns.description],
    examples: [
      Example(purpose: "Where it was", line: "holdfast repo find 'invoice-2026-*.pdf'"),
      Example(purpose: "What a damaged pack is needed for", line: "holdfast repo find --pack 5f0e1c2a"),
      Example(purpose: "In the last snapshot, with times", line: "holdfast repo find -l -s latest '/etc/ssl/*'"),
    ],
    run: RepositoryCommand.action { arguments in
      if let search = try FindBlobs.search(arguments) { return try await FindBlobs.run(search, arguments) }
      let patterns =
        arguments[caseless]
        ? try PatternFile.patterns([], ignoringCase: arguments[Self.patterns])
        : try PatternFile.patterns(arguments[Self.patterns], ignoringCase: [])
      let search = EntrySearch(
        patterns, oldest: arguments[oldest].map { .init($0) }, newest: arguments[newest].map { .init($0) })
      let display = ProgressDisplay(arguments, phase: "reads the index", isQuiet: true)
      let lines = LineOutput()
      let count = try await arguments.withRepositoryToRead(display) { repository in
        let chosen = try await chosen(arguments, repository)
        let reader = BlobReader(
          repository, try await repository.loadIndex(cache: arguments.indexCache, notice: { display.warn($0) }))
        var last: StoredSnapshot?
        var count = 0
        try await search.run(chosen, reader) { snapshot, entry in
          try Task.checkCancellation()
          if last != snapshot, arguments[GlobalOptions.output] == .table {
            lines.write(
              (last == nil ? "" : "\n") + "snapshot \(snapshot.id.shortHex) of \(snapshot.snapshot.time.text) UTC:")
          }
          last = snapshot
          count += 1
          lines.write(line(entry, snapshot, arguments))
        }
        return count
      }
      lines.flush()
      if count == 0, arguments[GlobalOptions.output] == .table { writeText("nothing found\n") }
    })

  /// The snapshots to look through, the newest first.
  static func chosen(_ arguments: ParsedArguments, _ repository: Repository) async throws -> [StoredSnapshot] {
    let filter = SnapshotChoice.filter(arguments)
    if arguments[snapshots].isEmpty { return try await repository.snapshots(filter).reversed() }
    var chosen: [StoredSnapshot] = []
    for text in arguments[snapshots] { chosen.append(try await repository.snapshot(named: text, filter)) }
    return chosen
  }

  private static func line(
    _ entry: EntryWalk.Entry, _ snapshot: StoredSnapshot, _ arguments: ParsedArguments
  ) -> [UInt8] {
    let path = entry.path.flatMap { [UInt8(ascii: "/")] + $0 }
    let node = ListedNode(path: path, node: entry.node)
    switch arguments[GlobalOptions.output] {
    case .json:
      // The snapshot's id as one member more.
      return Array(node.json.utf8.dropLast()) + Array(#","snapshot":"\#(snapshot.id.hex)"}"#.utf8)
    case .table where arguments.style.columns != nil:
      let line = arguments[long] ? node.longLine : path
      return Array(singleLine(String(decoding: line, as: UTF8.self)).utf8)
    default: return arguments[long] ? node.longLine : path
    }
  }
}

extension TreeNode.Time {
  init(_ moment: Snapshot.Moment) { self.init(seconds: moment.seconds, nanoseconds: moment.nanoseconds) }
}
