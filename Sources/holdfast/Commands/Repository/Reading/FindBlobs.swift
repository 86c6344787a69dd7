internal import CommandSyntax
internal import Cryptography
internal import JSON
internal import Maintenance
internal import ResticFormat
internal import ResticRepository
internal import Terminal

/// `holdfast repo find` with ids in place of names: what would be lost with a blob or a pack.
enum FindBlobs {
  /// The search that the options ask for; nil if they name no id.
  static func search(_ arguments: ParsedArguments) throws -> BlobSearch? {
    let ids = arguments[FindCommand.blobs] + arguments[FindCommand.trees] + arguments[FindCommand.packs]
    let patterns = arguments[FindCommand.patterns]
    guard !ids.isEmpty else {
      guard !patterns.isEmpty else {
        throw CommandFailure(.usage, "there is nothing to find: give a PATTERN, --blob, --tree or --pack")
      }
      return nil
    }
    guard patterns.isEmpty else {
      throw CommandFailure(.usage, "names and ids exclude each other: look for the pattern in a run of its own")
    }
    for id in ids where id.isEmpty || id.utf8.count > 64 || !id.allSatisfy({ $0.isHexDigit && $0.isASCII }) {
      throw CommandFailure(.usage, "'\(id)' is not the beginning of an id: these are up to 64 hex digits")
    }
    return BlobSearch(
      blobs: arguments[FindCommand.blobs], trees: arguments[FindCommand.trees], packs: arguments[FindCommand.packs])
  }

  static func run(_ search: BlobSearch, _ arguments: ParsedArguments) async throws {
    let display = ProgressDisplay(arguments, phase: "reads the index", isQuiet: true)
    let lines = LineOutput()
    let count = try await arguments.withRepositoryToRead(display) { repository in
      let chosen = try await FindCommand.chosen(arguments, repository)
      let index = try await repository.loadIndex(cache: arguments.indexCache, notice: { display.warn($0) })
      var count = 0
      try await search.run(chosen, BlobReader(repository, index), index) { snapshot, hit in
        try Task.checkCancellation()
        count += 1
        lines.write(arguments.writesJSON ? Array(json(hit, snapshot).utf8) : line(hit, snapshot, arguments))
      }
      return count
    }
    lines.flush()
    if count == 0, arguments[GlobalOptions.output] == .table { writeText("nothing found\n") }
  }

  private static func line(
    _ hit: BlobSearch.Hit, _ snapshot: StoredSnapshot, _ arguments: ParsedArguments
  ) -> [UInt8] {
    let path = path(hit)
    let shown = arguments.style.columns == nil ? path : Array(singleLine(String(decoding: path, as: UTF8.self)).utf8)
    let pack = hit.pack.map { " in pack \($0.shortHex)" } ?? ", which no pack has"
    return Array("snapshot \(snapshot.id.shortHex): ".utf8) + shown
      + Array(": \(name(hit)) \(hit.blob.hex)\(pack)".utf8)
  }

  private static func json(_ hit: BlobSearch.Hit, _ snapshot: StoredSnapshot) -> String {
    let object: JSONValue = [
      "object_type": .string(name(hit)), "id": .string(hit.blob.hex), "pack": .init(hit.pack?.hex),
      "path": .string(String(decoding: path(hit), as: UTF8.self)), "snapshot": .string(snapshot.id.hex),
    ]
    return object.text
  }

  private static func name(_ hit: BlobSearch.Hit) -> String { hit.type == .tree ? "tree" : "blob" }

  private static func path(_ hit: BlobSearch.Hit) -> [UInt8] {
    hit.path.isEmpty ? [UInt8(ascii: "/")] : hit.path.flatMap { [UInt8(ascii: "/")] + $0 }
  }
}
