internal import CommandSyntax
internal import ResticRepository

/// The options that say which snapshots a command is about.
enum SnapshotChoice {
  static let hosts = Option<[String]>.repeated(
    "--host", short: "-H", .text("NAME"), environment: BackupOptions.hostVariables,
    "Only snapshots of this host; '' for those of all, whatever the variable says")
  static let tags = Option<[[String]]>.repeated(
    "--tag", .list("TAG,…"), "Only snapshots with all of these tags; given again, those of the other list, too")
  static let paths = Option<[String]>.repeated("--path", .text("PATH"), "Only snapshots of this path")

  static let options = [hosts.description, tags.description, paths.description]
  /// The same where `-H` is another option's.
  static let optionsWithoutShortForms = options.map { option in
    var option = option
    option.short = nil
    return option
  }

  /// What they come to.
  static func filter(_ arguments: ParsedArguments) -> SnapshotFilter {
    SnapshotFilter(hosts: arguments[hosts], paths: arguments[paths], tags: arguments[tags])
  }
}

/// A place in a snapshot, as people write it: `6c8b3a1f`, `latest`, `latest:/srv/data`.
struct SnapshotPlace: Sendable, Equatable {
  /// What names the snapshot.
  var snapshot: String
  /// The names on the way; empty for the whole snapshot.
  var path: [[UInt8]] = []

  init(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    snapshot = parts.first.map(String.init) ?? ""
    if parts.count > 1 { path = Self.names(parts[1]) }
  }

  /// The names of a path, without `.`; `..` takes back the one before.
  static func names(_ path: some StringProtocol) -> [[UInt8]] {
    path.utf8.split(separator: UInt8(ascii: "/")).reduce(into: []) { names, part in
      switch Array(part) {
      case [UInt8(ascii: ".")]: break
      case Array("..".utf8): _ = names.popLast()
      case let name: names.append(name)
      }
    }
  }
}
