internal import CommandSyntax
internal import JSON
internal import Maintenance
internal import ResticRepository
internal import Terminal

/// `holdfast repo cat`
enum CatCommand {
  enum Kind: String, Sendable, CaseIterable {
    case config, masterkey, key, index, snapshot, lock, pack, blob, tree
  }

  static let kind = Operand<Kind>.required(.choice("KIND"), "What it is")
  static let id = Operand<String?>.optional(
    .text("ID"),
    "Which: the beginning of its id; a blob's whole id; for a tree a snapshot, with :PATH for a folder in it")

  static let command = Command(
    name: "cat",
    summary: "Print what the repository keeps, decrypted; a pack as it is",
    discussion: ["Whoever has the master key can read everything in the repository, without any password."],
    options: SnapshotChoice.options,
    operands: [kind.description, id.description],
    examples: [
      Example(purpose: "What the repository is", line: "holdfast repo cat config"),
      Example(purpose: "What a snapshot says", line: "holdfast repo cat snapshot 6c8b3a1f"),
      Example(purpose: "A folder's listing", line: "holdfast repo cat tree latest:/srv/data"),
    ],
    run: RepositoryCommand.action { arguments in
      let display = ProgressDisplay(arguments, phase: "opens the repository")
      let object = try object(arguments[kind], arguments[id])
      let bytes = try await arguments.withRepositoryToRead(display) { repository in
        try await repository.cat(object, SnapshotChoice.filter(arguments)) {
          BlobReader(
            repository, try await repository.loadIndex(cache: arguments.indexCache, notice: { display.warn($0) }))
        }
      }
      writeBytes([.blob, .pack].contains(arguments[kind]) ? bytes : readable(bytes, arguments))
    })

  private static func object(_ kind: Kind, _ id: String?) throws -> CatObject {
    switch (kind, id) {
    case (.config, nil): return .config
    case (.masterkey, nil): return .masterKey
    case (.config, _), (.masterkey, _):
      throw CommandFailure(.usage, "there is only one \(kind.rawValue): leave the id out")
    case (_, nil):
      throw CommandFailure(.usage, "'repo cat \(kind.rawValue)' needs to know which: give the beginning of its id")
    case (.key, let id?): return .key(digits: id)
    case (.index, let id?): return .index(digits: id)
    case (.snapshot, let id?): return .snapshot(digits: id)
    case (.lock, let id?): return .lock(digits: id)
    case (.pack, let id?): return .pack(digits: id)
    case (.blob, let id?): return .blob(id: id)
    case (.tree, let id?): return .tree(folder: id)
    }
  }

  /// JSON over several lines, if people read it.
  private static func readable(_ bytes: [UInt8], _ arguments: ParsedArguments) -> [UInt8] {
    let text = String(decoding: bytes, as: UTF8.self)
    guard arguments.style.columns != nil, let value = try? JSONValue(parsing: text) else {
      return bytes.last == UInt8(ascii: "\n") ? bytes : bytes + [UInt8(ascii: "\n")]
    }
    return Array((value.indentedText + "\n").utf8)
  }
}
