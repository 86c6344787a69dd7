internal import CommandSyntax
internal import Cryptography
internal import JSON
internal import ResticFormat
internal import ResticRepository
internal import Terminal

/// `holdfast repo snapshots`
enum SnapshotsCommand {
  static let latest = Option<Int?>.optional(
    "--latest", short: "-n", .integer(1...1_000_000), "Only the newest so many of each host and set of paths")
  static let ids = Operand<[String]>.repeated(
    .text("SNAPSHOT"), isOptional: true, "Only these: the beginnings of their ids, or 'latest'")

  static let command = Command(
    name: "snapshots",
    summary: "List the snapshots, the oldest first",
    options: SnapshotChoice.options + [latest.description],
    operands: [ids.description],
    examples: [
      Example(purpose: "What there is", line: "holdfast repo snapshots"),
      Example(purpose: "The last one of each host, for a script", line: "holdfast repo snapshots --latest 1 -o json"),
    ],
    run: RepositoryCommand.action { arguments in
      let display = ProgressDisplay(arguments, phase: "reads the snapshots")
      let filter = SnapshotChoice.filter(arguments)
      let found = try await arguments.withRepositoryToRead(display) { repository in
        if arguments[ids].isEmpty {
          return newest(arguments[latest], of: try await repository.snapshots(filter))
        }
        var named: [StoredSnapshot] = []
        for id in arguments[ids] { named.append(try await repository.snapshot(named: id, filter)) }
        return named
      }
      arguments.write(found, as: listing)
    })

  /// The newest so many of each host and set of paths; all for nil.
  static func newest(_ count: Int?, of snapshots: [StoredSnapshot]) -> [StoredSnapshot] {
    guard let count else { return snapshots }
    var seen: [[String]: Int] = [:]
    return snapshots.reversed().filter { stored in
      let group = [stored.snapshot.hostname] + stored.snapshot.paths.sorted()
      seen[group, default: 0] += 1
      return seen[group, default: 0] <= count
    }.reversed()
  }

  static let listing = Listing<StoredSnapshot>(
    nothing: "no snapshots; 'holdfast repo backup PATH' makes one",
    columns: [
      (.init("SNAPSHOT"), { .init($0.id.shortHex, .bold) }), (.init("TIME (UTC)"), { .init($0.snapshot.time.text) }),
      (.init("HOST"), { .init($0.snapshot.hostname) }),
      (.init("TAGS", isExtra: true), { .init($0.snapshot.tags.joined(separator: ",")) }),
      (
        .init("FILES", isRight: true, isExtra: true),
        { .init($0.snapshot.summary.map { groupedText($0.totalFilesProcessed) }) }
      ),
      (
        .init("SIZE", isRight: true, isExtra: true),
        { .init($0.snapshot.summary.map { byteText($0.totalBytesProcessed) }) }
      ),
      (.init("PATHS", isFlexible: true, narrowest: 20), { .init($0.snapshot.paths.joined(separator: ", ")) }),
    ],
    name: { $0.id.hex }, json: { $0.json })
}

extension StoredSnapshot {
  /// The snapshot as it is stored, and its id, as restic writes it.
  var json: JSONValue {
    let text = String(decoding: snapshot.encoded(), as: UTF8.self)
    var members = (try? JSONValue(parsing: text))?.object ?? [:]
    members["id"] = .string(id.hex)
    members["short_id"] = .string(id.shortHex)
    return .object(members)
  }
}

extension StoredSnapshot {
  /// The same as an object of a stream of objects.
  func json(type: String) -> JSONValue {
    guard case .object(var members) = json else { return json }
    members["message_type"] = .string(type)
    members["struct_type"] = .string(type)
    return .object(members)
  }
}

extension Snapshot.Moment {
  /// As people read it, in UTC.
  var text: String { Moment(seconds: seconds).text }
}
