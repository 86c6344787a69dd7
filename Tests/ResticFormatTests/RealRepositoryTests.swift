import Compression
import Cryptography
import Foundation
import ResticFormat
import TestSupport
import Testing

@Suite("What restic wrote is read, and written again to the same bytes")
struct RealRepositoryTests {
  /// Both versions of restic, in zones that are not ours.
  static let cases = [("restic", "UTC"), ("restic", "Asia/Kathmandu"), ("restic-0.18", "America/St_Johns")]

  @Test("all documents and trees of a repository", arguments: cases)
  func everything(program: String, zone: String) async throws {
    guard let restic = TestTools.find(program).pathOrSkip else { return }
    let repository = try await RealRepository(restic: restic, zone: zone)
    let key = try repository.masterKey()

    let config = try repository.read("config", key)
    #expect(try RepositoryConfig(decoding: config).encoded() == config)
    #expect(try RepositoryConfig(decoding: config).hasUsablePolynomial)

    for file in try repository.files("snapshots") {
      let json = try repository.document(file, key)
      #expect(text(try Snapshot(decoding: json).encoded()) == text(json))
    }

    var trees = 0
    var names: Set<[UInt8]> = []
    for file in try repository.files("index") {
      let json = try repository.document(file, key)
      let index = try IndexFile.decode(json)
      #expect(
        text(IndexFile.encode(index.packs)).trimmingCharacters(in: .newlines)
          == text(json).trimmingCharacters(in: .newlines))
      for pack in index.packs {
        let bytes = try repository.bytes("data/\(pack.id.hex.prefix(2))/\(pack.id.hex)")
        let header = try repository.header(bytes, key)
        #expect(try PackHeader.decode(header) == pack.blobs.sorted { $0.offset < $1.offset })
        #expect(PackHeader.encode(try PackHeader.decode(header)) == header)
        for blob in pack.blobs where blob.type == .tree {
          let tree = try repository.blob(bytes, blob, key)
          let nodes = try decodeTree(tree)
          // Builds with Go before 1.22 write a backspace in a link's target another way.
          #expect(text(TreeEncoder.encode(nodes)) == text(tree).replacing(#"\u0008"#, with: #"\b"#))
          trees += 1
          names.formUnion(nodes.map(\.name))
        }
      }
    }
    #expect(trees > 3)
    #expect(names.isSuperset(of: RealRepository.oddNames))
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// A repository that restic made of a folder with everything odd in it.
struct RealRepository {
  static let oddNames: [[UInt8]] = [
    Array("bad ".utf8) + [0xff, 0xfe], Array("new\nline\t\u{7}\u{1}\u{7f}".utf8), Array(#"back\slash"quote"#.utf8),
    Array("html<&>é日本😀".utf8), Array("\u{a0}\u{200b}\u{2028}\u{e000}\u{e0001}".utf8), Array("-".utf8),
  ]

  private let folder: URL

  init(restic: String, zone: String) async throws {
    folder = try scratchDirectory("restic-format")
    let source = folder.appendingPathComponent("source").path
    try FileManager.default.createDirectory(atPath: source + "/sub/empty", withIntermediateDirectories: true)
    for (number, name) in Self.oddNames.enumerated() {
      let path = Array("\(source)/".utf8) + name + [0]
      let file = path.withUnsafeBufferPointer { path in
        path.withMemoryRebound(to: CChar.self) { fopen($0.baseAddress, "w") }
      }
      guard let file else { throw TestSupportError("cannot make the file \(number)") }
      fputs(String(repeating: "text \(number)\n", count: 1000), file)
      fclose(file)
    }
    try await run(
      "/bin/sh",
      [
        "-c",
        """
        set -e
        cd "$1"
        : >empty; printf x >one; ln one two; ln -s 'to<there' link; ln -s "$(printf 'a\\037\\010b')" link2
        mkfifo pipe; chmod 4755 one; chmod 1777 sub/empty
        touch -d '1965-01-02T03:04:05.000000001Z' one; touch -h -d '1890-05-06T07:08:09.5Z' link
        if [ "$(id -u)" = 0 ]; then mknod null c 1 3; mknod disk b 8 1; chown 12345:54321 one; fi
        setfattr -n user.text -v 'a"<b' one; setfattr -n user.empty one; setfattr -n user.bytes -v 0x00ff01 one
        setfattr -n user.dir -v x sub
        """, "sh", source,
      ])
    var environment = ProcessInfo.processInfo.environment
    environment["RESTIC_REPOSITORY"] = folder.appendingPathComponent("repository").path
    environment["RESTIC_PASSWORD"] = "secret"
    environment["RESTIC_CACHE_DIR"] = folder.appendingPathComponent("cache").path
    environment["TZ"] = zone
    try await run(restic, ["init"], environment)
    try await run(restic, ["backup", "--tag", "one,two", "--exclude", "*.<o>", source], environment)
    try await run(restic, ["backup", "--host", "other", source + "/sub", source + "/one"], environment)
  }

  private func run(_ program: String, _ arguments: [String], _ environment: [String: String]? = nil) async throws {
    _ = try await runProgram(program, arguments, environment: environment).orThrow("\(program) \(arguments[0])")
  }

  func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appendingPathComponent("repository/" + path)))
  }

  func files(_ kind: String) throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(
      atPath: folder.appendingPathComponent("repository/" + kind).path)
    return names.map { "\(kind)/\($0)" }
  }

  func masterKey() throws -> SealingKey {
    let json = try bytes(try #require(try files("keys").first))
    let file = try KeyFile(decoding: json)
    #expect(file.encoded() == json)
    let derived = try #require(scrypt(password: Array("secret".utf8), salt: file.salt, cost: file.cost, length: 64))
    let user = try #require(SealingKey(derived: derived))
    let master = try #require(AuthenticatedCipher(user).open(file.data))
    let key = try MasterKeyFile.decode(master)
    #expect(MasterKeyFile.encode(key) == master)
    return key
  }

  func read(_ path: String, _ key: SealingKey) throws -> [UInt8] {
    try #require(AuthenticatedCipher(key).open(try bytes(path)))
  }

  /// The JSON of an index or snapshot.
  func document(_ path: String, _ key: SealingKey) throws -> [UInt8] {
    let payload = try read(path, key)
    guard payload.first == 2 else { return payload }
    return try payload.dropFirst().withUnsafeBytes { try ZstdDecompressor().decompress($0, limit: 1 << 24) }
  }

  func header(_ pack: [UInt8], _ key: SealingKey) throws -> [UInt8] {
    let length = pack.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return try #require(AuthenticatedCipher(key).open(Array(pack.dropLast(4).suffix(length))))
  }

  func blob(_ pack: [UInt8], _ blob: PackedBlob, _ key: SealingKey) throws -> [UInt8] {
    let start = Int(blob.offset)
    let opened = try #require(AuthenticatedCipher(key).open(Array(pack[start..<start + Int(blob.length)])))
    guard blob.isCompressed else { return opened }
    return try opened.withUnsafeBytes { try ZstdDecompressor().decompress($0, limit: blob.plaintextLength) }
  }
}
