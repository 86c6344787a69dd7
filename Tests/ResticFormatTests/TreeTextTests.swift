import Cryptography
import Testing

@testable import ResticFormat

@Suite("Trees are restic's, byte for byte")
struct TreeTextTests {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private func tree(_ name: [UInt8]) -> [UInt8] {
    TreeEncoder.encode([TreeNode(name: name, kind: .fifo)])
  }

  @Test("an empty folder has the hash that the format names")
  func emptyTree() throws {
    #expect(text(TreeEncoder.encode([])) == "{\"nodes\":[]}\n")
    #expect(
      SHA256Digest(of: TreeEncoder.encode([])).hex
        == "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8")
    #expect(try decodeTree(TreeEncoder.encode([])) == [])
  }

  /// Names, and how they stand in trees.
  static let names: [(name: [UInt8], quoted: String)] = [
    ([0x62, 0x61, 0x64, 0x20, 0xff, 0x20, 0x6e], #"bad \\xff n"#),
    (Array("html<&>".utf8), #"html\u003c\u0026\u003e"#),
    (Array(#"back\slash"#.utf8), #"back\\\\slash"#),
    (Array(#"quo"te"#.utf8), #"quo\\\"te"#),
    ([7, 8, 12, 10, 13, 9, 11], #"\\a\\b\\f\\n\\r\\t\\v"#),
    ([1, 0x1f, 0x7f], #"\\x01\\x1f\\x7f"#),
    (Array("é日本😀 ~".utf8), "é日本😀 ~"),
    (Array("\u{a0}\u{ad}\u{200b}\u{2028}\u{e000}\u{e0001}".utf8), #"\\u00a0\\u00ad\\u200b\\u2028\\ue000\\U000e0001"#),
    // A cut-off sequence, a surrogate, an overlong slash, beyond Unicode: each byte for itself.
    ([0xe6, 0x97], #"\\xe6\\x97"#),
    ([0xed, 0xa0, 0x80], #"\\xed\\xa0\\x80"#),
    ([0xc0, 0xaf, 0x41], #"\\xc0\\xafA"#),
    ([0xf4, 0x90, 0x80, 0x80], #"\\xf4\\x90\\x80\\x80"#),
    (Array("\u{fffd}".utf8), "\u{fffd}"),
  ]

  @Test("names are quoted twice", arguments: names)
  func quoting(name: [UInt8], quoted: String) throws {
    let tree = tree(name)
    #expect(text(tree).hasPrefix(#"{"nodes":[{"name":"\#(quoted)","type":"fifo","#))
    #expect(try decodeTree(tree).map(\.name) == [name])
  }

  @Test("Go's other ways to quote a name are read, what it could not have written is not")
  func foreignNames() throws {
    func name(_ quoted: String) throws -> [UInt8] {
      try #require(try decodeTree(Array(#"{"nodes":[{"name":"\#(quoted)","type":"fifo"}]}"#.utf8)).first).name
    }
    #expect(try name(#"\\101\\u00e9\\U0001f600\u0041\/"#) == Array("Aé😀A/".utf8))
    #expect(try name(#"\ud83d\ude00\ud83d"#) == Array("😀\u{fffd}".utf8))
    for broken in [
      #"\\"#, #"\\x1"#, #"\\q"#, #"\\ud800"#, #"\\400"#, #"\\18"#, #"\""#, #"\\U00110000"#, #"\\'"#, #"\n"#,
    ] {
      #expect(throws: FormatError.self) { try name(broken) }
    }
  }

  @Test("a node has restic's members in restic's order")
  func wholeNode() throws {
    var node = TreeNode(name: Array("f".utf8), kind: .file)
    node.mode = 0o4755 & 0o777 | 1 << 23
    node.modified = TreeNode.Time(seconds: -157_755_355, nanoseconds: 1)
    node.accessed = TreeNode.Time(seconds: 0, nanoseconds: 120_000_000)
    node.changed = TreeNode.Time(seconds: 1_700_000_000, nanoseconds: 0, offsetMinutes: -150)
    node.user = "root"
    node.inode = .max
    node.deviceID = 5
    node.size = 1
    node.links = 2
    node.extendedAttributes = [.init(name: "user.a<", value: []), .init(name: "user.b", value: [0, 1, 2, 3])]
    node.content = [SHA256Digest(of: [1])]
    node.error = "tab\tü\u{2028}"
    let json = text(TreeEncoder.encode([node]))
    #expect(
      json == #"{"nodes":[{"name":"f","type":"file","mode":8389101,"mtime":"1965-01-01T03:04:05.000000001Z","#
        + #""atime":"1970-01-01T00:00:00.12Z","ctime":"2023-11-14T19:43:20-02:30","uid":0,"gid":0,"user":"root","#
        + #""inode":18446744073709551615,"device_id":5,"size":1,"links":2,"extended_attributes":["#
        + #"{"name":"user.a\u003c","value":""},{"name":"user.b","value":"AAECAw=="}],"#
        + #""content":["4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"],"#
        + #""error":"tab\tü\u2028"}]}"# + "\n")
    #expect(try decodeTree(Array(json.utf8)) == [node])
  }

  @Test("other kinds have their own members")
  func kinds() throws {
    var link = TreeNode(name: Array("l".utf8), kind: .symlink)
    link.linkTarget = Array("to\u{8}".utf8) + [0xff]
    var folder = TreeNode(name: Array("d".utf8), kind: .dir)
    folder.subtree = SHA256Digest(of: [])
    folder.genericAttributes = Array(#"{"windows.x":[1,{"a":"b"}]}"#.utf8)
    var device = TreeNode(name: Array("n".utf8), kind: .chardev)
    device.device = 259
    let json = TreeEncoder.encode([folder, link, device, TreeNode(name: Array("z".utf8), kind: .file)])
    #expect(try decodeTree(json) == [folder, link, device, TreeNode(name: Array("z".utf8), kind: .file)])
    let lines = text(json)
    #expect(lines.contains(#""linktarget":"to\b\ufffd","linktarget_raw":"dG8I/w==","content":null"#))
    #expect(lines.contains(#""generic_attributes":{"windows.x":[1,{"a":"b"}]},"content":null,"subtree":"e3b0"#))
    #expect(lines.contains(#""device":259,"content":null}"#))
    #expect(lines.contains(#""gid":0,"content":[]}]}"#))
  }

  @Test("years that RFC 3339 does not have become the nearest")
  func extremeYears() {
    func year(_ seconds: Int64) -> String {
      Snapshot.Moment(seconds: seconds, nanoseconds: 999_999_999).rfc3339
    }
    #expect(year(.max).hasPrefix("9999-"))
    #expect(year(.min).hasPrefix("0000-"))
    #expect(year(253_402_300_799) == "9999-12-31T23:59:59.999999999Z")
    #expect(year(253_402_300_800) == "9999-01-01T00:00:00.999999999Z")
    #expect(year(-62_167_219_200) == "0000-01-01T00:00:00.999999999Z")
    #expect(year(-62_167_219_201) == "0000-12-31T23:59:59.999999999Z")
  }

  @Test(
    "times that are none are refused",
    arguments: [
      "", "2026-11-28", "2026-11-28T21:08:12", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
      "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
      "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00Zx",
      "2026-01-01 00:00:00Z", "-026-01-01T00:00:00Z",
    ])
  func notTimes(text: String) {
    #expect(Snapshot.Moment(rfc3339: text) == nil)
  }

  @Test("times read from text are the moments they name")
  func times() {
    #expect(Snapshot.Moment(rfc3339: "1969-12-31T23:59:59.5Z") == .init(seconds: -1, nanoseconds: 500_000_000))
    #expect(
      Snapshot.Moment(rfc3339: "2000-02-29T00:00:00.1234567891-11:30")?.rfc3339 == "2000-02-29T00:00:00.123456789-11:30"
    )
    #expect(Snapshot.Moment(rfc3339: "1970-01-01T01:00:00+01:00")?.seconds == 0)
  }
}
