import Cryptography
import Testing
import TestSupport

@testable import ResticFormat

@Suite("Whatever is written is read back, and nothing else is read")
struct RandomNodeTests {
  @Test("random nodes")
  func roundTrips() throws {
    var random = SplitMix64.announced()
    for _ in 0..<300 {
      let nodes = (0..<Int.random(in: 0...5, using: &random)).map { _ in TreeNode.random(using: &random) }
      let json = TreeEncoder.encode(nodes)
      let read = try decodeTree(json)
      #expect(read == nodes)
      #expect(TreeEncoder.encode(read) == json)
    }
  }

  @Test("ids with each possible byte at each place")
  func ids() {
    let good = Array("0123456789abcdef".utf8)
    for byte in UInt8.min...UInt8.max {
      for place in 0..<64 {
        var digits = (0..<64).map { good[$0 % 16] }
        digits[place] = byte
        let read = try? JSONReader.read([0x22] + digits + [0x22], "id") { reader throws(FormatError) in
          try reader.digest()
        }
        let isUpper = UInt8(ascii: "A")...UInt8(ascii: "F") ~= byte
        if isUpper { digits[place] |= 0x20 }
        #expect(read == SHA256Digest(hex: digits))
      }
    }
  }

  @Test("base64 of every length")
  func base64() {
    for length in 0..<100 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 77 &+ length) }
      var text: [UInt8] = []
      text.appendBase64(bytes)
      #expect(decodeBase64(text) == bytes)
    }
    for broken in ["A", "AA", "AAA", "=AAA", "A===", "AA=A", "AA==AAAA", "AA-_", "AAAA\n"] {
      #expect(decodeBase64(Array(broken.utf8)) == nil)
    }
  }
}

@Suite("Hostile bytes give an error")
struct HostileInputTests {
  typealias Reader = @Sendable ([UInt8]) throws -> Void

  static let documents: [(name: String, bytes: [UInt8], read: Reader)] = {
    var random = SplitMix64(seed: 7)
    let nodes = (0..<6).map { _ in TreeNode.random(using: &random) }
    let blobs = (0..<5).map { index in
      PackedBlob(
        id: SHA256Digest(of: [index]), type: index % 2 == 0 ? .data : .tree, offset: UInt32(index) * 50, length: 50,
        uncompressedLength: index < 3 ? 99 : 0)
    }
    var snapshot = Snapshot(
      time: .init(seconds: 1, nanoseconds: 2, offsetSeconds: 3600), tree: SHA256Digest(of: [1]), paths: ["/a", "b\n"])
    snapshot.tags = ["x"]
    snapshot.summary = Snapshot.Summary()
    let lock = LockFile(
      time: snapshot.time, exclusive: true, hostname: "h", username: "ü", pid: -1, uid: 1, gid: 2)
    let key = KeyFile(
      created: "x", username: "u", hostname: "h", cost: .init(n: 2, r: 1, p: 1), salt: [UInt8](repeating: 3, count: 64),
      data: [1, 2, 3])
    return [
      ("tree", TreeEncoder.encode(nodes), { _ = try decodeTree($0) }),
      ("index", IndexFile.encode([(SHA256Digest(of: [9]), blobs)]), { _ = try IndexFile.decode($0) }),
      ("snapshot", snapshot.encoded(), { _ = try Snapshot(decoding: $0) }),
      ("lock", lock.encoded(), { _ = try LockFile(decoding: $0) }),
      ("key", key.encoded(), { _ = try KeyFile(decoding: $0) }),
      ("config", RepositoryConfig.random().encoded(), { _ = try RepositoryConfig(decoding: $0) }),
      ("master key", MasterKeyFile.encode(SealingKey.random()), { _ = try MasterKeyFile.decode($0) }),
    ]
  }()

  @Test("cut off anywhere", arguments: documents.map(\.name))
  func truncated(name: String) throws {
    let document = try #require(Self.documents.first { $0.name == name })
    try document.read(document.bytes)
    let end = document.bytes.last == 0x0a ? document.bytes.count - 1 : document.bytes.count
    for length in 0..<end {
      #expect(throws: FormatError.self) { try document.read(Array(document.bytes[..<length])) }
    }
  }

  @Test("any bit flipped: an error or another value, never a crash", arguments: documents.map(\.name))
  func flipped(name: String) throws {
    let document = try #require(Self.documents.first { $0.name == name })
    for position in document.bytes.indices {
      var bytes = document.bytes
      for bit in 0..<8 {
        bytes[position] ^= 1 << UInt8(bit)
        do {
          try document.read(bytes)
        } catch {
          #expect(error is FormatError)
        }
        bytes[position] = document.bytes[position]
      }
    }
  }

  @Test(
    "numbers that do not fit, values of the wrong kind, endless nesting",
    arguments: [
      #"{"nodes":[{"name":"a","type":"file","size":18446744073709551616}]}"#,
      #"{"nodes":[{"name":"a","type":"file","size":-1}]}"#,
      #"{"nodes":[{"name":"a","type":"file","size":1.5}]}"#,
      #"{"nodes":[{"name":"a","type":"file","size":1e3}]}"#,
      #"{"nodes":[{"name":"a","type":"file","uid":4294967296}]}"#,
      #"{"nodes":[{"name":"a","type":"file","content":["zz"]}]}"#,
      #"{"nodes":[{"name":"a","type":"file","content":[1]}]}"#,
      #"{"nodes":[{"name":"a","type":"hologram"}]}"#,
      #"{"nodes":[{"name":"a"}]}"#,
      #"{"nodes":{}}"#, #"{"nodes":[]}{"#, #"{"nodes":[],}"#, #"[]"#, "", "null", "{", #"{"nodes":[{"name":"\u12"}]}"#,
      #"{"x":"# + String(repeating: "[", count: 100_000),
      #"{"x":"# + String(repeating: #"{"a":"#, count: 100_000),
    ])
  func nonsense(json: String) {
    #expect(throws: FormatError.self) { try decodeTree(Array(json.utf8)) }
  }

  @Test("packs whose blobs cannot be")
  func impossibleBlobs() throws {
    func entry(_ kind: UInt8, _ length: UInt32, _ plain: UInt32? = nil) -> [UInt8] {
      func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) } }
      return [kind] + bytes(length) + (plain.map(bytes) ?? []) + [UInt8](repeating: 1, count: 32)
    }
    #expect(try PackHeader.decode([]) == [])
    #expect(try PackHeader.decode(entry(0, 32)).count == 1)
    for header in [entry(0, 31), entry(2, 40, 0), entry(0, .max) + entry(0, 40), entry(255, 40)] {
      #expect(throws: FormatError.self) { try PackHeader.decode(header) }
    }
    let id = SHA256Digest(of: [])
    for place in [#""offset":0,"length":31"#, #""offset":4294967295,"length":32"#, #""offset":-1,"length":40"#] {
      let json = #"{"packs":[{"id":"\#(id)","blobs":[{"id":"\#(id)","type":"data",\#(place)}]}]}"#
      #expect(throws: FormatError.self) { try IndexFile.decode(Array(json.utf8)) }
    }
  }
}

extension TreeNode {
  /// A node with random members that restic could have written.
  static func random(using random: inout SplitMix64) -> TreeNode {
    func bytes(_ limit: Int, from alphabet: [UInt8]? = nil) -> [UInt8] {
      (0..<Int.random(in: 0...limit, using: &random)).map { _ in
        alphabet?.randomElement(using: &random) ?? UInt8.random(in: 1...255, using: &random)
      }
    }
    func text() -> String {
      String(decoding: bytes(8, from: Array("aZ09<&>\"\\\n\u{1}/ ".utf8)), as: UTF8.self)
        + (Bool.random(using: &random) ? "é😀\u{2029}" : "")
    }
    func time() -> Time {
      Time(
        seconds: Int64.random(in: -62_167_219_200 + 86_400...253_402_300_799 - 86_400, using: &random),
        nanoseconds: UInt32.random(in: 0..<1_000_000_000, using: &random) / 1000
          * (Bool.random(using: &random) ? 1000 : 1),
        offsetMinutes: Int16.random(in: -720...840, using: &random))
    }
    func digest() -> SHA256Digest { SHA256Digest(of: bytes(9)) }
    let scalars: [UInt8] = Array("ü\u{200b}日\u{10ffff}\"\\<".utf8)
    var node = TreeNode(
      name: bytes(20, from: Bool.random(using: &random) ? scalars : nil),
      kind: Kind.allCases.randomElement(using: &random) ?? .file)
    node.mode = UInt32.random(in: 0...UInt32.max, using: &random)
    (node.modified, node.accessed, node.changed) = (time(), time(), time())
    node.uid = UInt32.random(in: 0...UInt32.max, using: &random)
    (node.user, node.group, node.error) = (text(), text(), text())
    node.inode = UInt64.random(in: 0...UInt64.max, using: &random)
    node.size = UInt64.random(in: 0...3, using: &random)
    node.links = UInt64.random(in: 0...3, using: &random)
    node.device = UInt64.random(in: 0...1, using: &random) * 259
    if node.kind == .symlink { node.linkTarget = bytes(20) }
    node.extendedAttributes = (0..<Int.random(in: 0...2, using: &random)).map { _ in
      ExtendedAttribute(name: text(), value: bytes(50))
    }
    if node.kind == .file { node.content = (0..<Int.random(in: 0...3, using: &random)).map { _ in digest() } }
    if node.kind == .dir { node.subtree = digest() }
    return node
  }
}
