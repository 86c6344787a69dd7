import JSON
import Testing
import YAML

@Suite struct ReadingTests {
  struct Good: Sendable, CustomTestStringConvertible {
    var text: String
    var value: JSONValue
    init(_ text: String, _ value: JSONValue) { (self.text, self.value) = (text, value) }
    var testDescription: String { text.debugDescription }
  }

  static let values: [Good] = [
    Good("a: 1", ["a": 1]),
    Good("- 1\n- [2, {b: 3}]", [1, [2, ["b": 3]]]),
    Good("a: b\n  c\n\n  d", ["a": "b c\nd"]),
    Good("a: |\n  one\n    two\n", ["a": "one\n  two\n"]),
    Good("a: |-\n  one\nb: >\n  one\n  two\n", ["a": "one", "b": "one two\n"]),
    Good("a: 'it''s'\nb: \"tab\\t\\u00e9\\x41\"", ["a": "it's", "b": "tab\téA"]),
    Good("# only\na: b # comment\nc: d#no comment", ["a": "b", "c": "d#no comment"]),
    Good("a: b\r\nc: d\r\n", ["a": "b", "c": "d"]),
    Good("\u{FEFF}a: 1\nb: 2", ["a": 1, "b": 2]),
    Good("a: http://x:80/y", ["a": "http://x:80/y"]),
    Good("1: a\ntrue: b\nnull: c\n0777: d", ["1": "a", "true": "b", "null": "c", "0777": "d"]),
    Good("? a\n: b", ["a": "b"]),
    Good("a: x {{ .y }}\nb: '{{ .y }}'", ["a": "x {{ .y }}", "b": "{{ .y }}"]),
    Good("{\n\t\"a\": [1, -2.5e3, null],\n\t\"b\":{\"c\":\"\\/\"}\n}", ["a": [1, -2500.0, nil], "b": ["c": "/"]]),
    Good("%YAML 1.2\n---\na: 1", ["a": 1]),
    Good("日本: 語\n😀: 1", ["日本": "語", "😀": 1]),
  ]

  @Test("reads values", arguments: values) func reads(_ good: Good) throws {
    let file = try YAMLFile(good.text, name: "t.yaml")
    #expect(file.documents.map(\.json) == [good.value])
  }

  static let scalars: [Good] = [
    Good("null", nil), Good("Null", nil), Good("NULL", nil), Good("~", nil), Good("nULL", "nULL"),
    Good("true", true), Good("True", true), Good("FALSE", false), Good("tRUE", "tRUE"),
    Good("yes", "yes"), Good("No", "No"), Good("on", "on"), Good("off", "off"), Good("y", "y"),
    Good("0", 0), Good("-0", 0), Good("12", 12), Good("+12", 12), Good("-12", -12), Good("0o17", 15), Good("0x1F", 31),
    Good("9223372036854775807", .int(.max)), Good("-9223372036854775808", .int(.min)),
    Good("0o", "0o"), Good("0o8", "0o8"), Good("0x", "0x"), Good("-0x1", "-0x1"), Good("0b1", "0b1"),
    Good("1.5", 1.5), Good("1.", 1.0), Good(".5", 0.5), Good("-.5", -0.5), Good("1e3", 1000.0), Good("1.0", .double(1)),
    Good("1E-2", 0.01), Good("00.5", 0.5), Good(".", "."), Good("1e", "1e"), Good("-", "-"), Good("1.2.3", "1.2.3"),
    Good("+", "+"),
    Good("1_000", "1_000"), Good("12:30:00", "12:30:00"), Good("2024-01-31", "2024-01-31"), Good("1Gi", "1Gi"),
    Good(".inf", ".inf"), Good("-.Inf", "-.Inf"), Good(".nan", ".nan"), Good("inf", "inf"), Good("nan", "nan"),
    Good("0x1p3", "0x1p3"), Good("'1'", "1"), Good("\"true\"", "true"), Good("''", ""), Good("٣", "٣"),
    Good("!!str 3", "3"), Good("!!str", ""), Good("!!str 0777", "0777"), Good("!!int '3'", 3),
    Good("!!float 3", .double(3)),
    Good("!!bool 'true'", true), Good("!!null ''", nil),
  ]

  @Test("reads scalars as YAML 1.2 does", arguments: scalars) func resolves(_ good: Good) throws {
    // A lone `-` would begin a list.
    let text = good.text == "-" ? "[a, \(good.text)]" : "[a, \(good.text) ]"
    if good.text == "-" {
      #expect(YAMLScalar(text: "-", style: .plain).resolved == "-")
    } else {
      #expect(try YAMLFile(text, name: "t.yaml").documents.first?.elements?.last?.json == good.value)
    }
  }

  static let shared: [Good] = [
    Good("a: &x [1, 2]\nb: *x", ["a": [1, 2], "b": [1, 2]]),
    Good("a: &x k\n*x : 1", ["a": "k", "k": 1]),
    Good("a: &x 1\nb: &x 2\nc: *x", ["a": 1, "b": 2, "c": 2]),
    Good("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}", ["a": ["p": 1, "q": 2], "b": ["p": 1, "q": 3]]),
    Good("a: &x {p: 1}\nb: {p: 3, <<: *x}", ["a": ["p": 1], "b": ["p": 3]]),
    Good(
      "a: &x {p: 1, q: 2}\nb: &y {q: 3, r: 4}\nc:\n  <<: [*x, *y]\n  r: 5",
      ["a": ["p": 1, "q": 2], "b": ["q": 3, "r": 4], "c": ["p": 1, "q": 2, "r": 5]]),
    Good(
      "a: &x {p: 1}\nb: &y {<<: *x, q: 2}\nc: {<<: *y}",
      ["a": ["p": 1], "b": ["p": 1, "q": 2], "c": ["p": 1, "q": 2]]),
    Good("a: {<<: {p: 1}}", ["a": ["p": 1]]),
    Good("a: {'<<': 1}", ["a": ["<<": 1]]),
  ]

  @Test("resolves aliases and merge keys", arguments: shared) func resolvesAliases(_ good: Good) throws {
    #expect(try YAMLFile(good.text, name: "t.yaml").documents.map(\.json) == [good.value])
  }

  @Test("keeps the order of the file, and puts merged keys where << stands") func order() throws {
    let file = try YAMLFile("x: &x {z: 1, a: 2}\nm:\n  q: 1\n  <<: *x\n  b: 2", name: "t.yaml")
    #expect(file.documents.first?["m"]?.pairs?.map { $0.key.text } == ["q", "z", "a", "b"])
  }

  @Test(
    "leaves empty documents out",
    arguments: [
      ("", 0), ("# nothing", 0), ("---\n---\n", 0), ("---\na: 1\n---\n# c\n---\nb: 2\n...\n", 2), ("null", 1),
    ])
  func emptyDocuments(text: String, count: Int) throws {
    #expect(try YAMLFile(text, name: "t.yaml").documents.count == count)
  }

  @Test("aliases do not reach into another document") func documentsAreApart() {
    #expect(throws: YAMLError.self) { try YAMLFile("a: &x 1\n---\nb: *x", name: "t.yaml") }
  }

  @Test("nodes know their places in characters") func places() throws {
    let file = try YAMLFile("é: 日本\nlist:\n  - 'a'\n  - {k: v}\n", name: "t.yaml")
    let root = try #require(file.documents.first)
    #expect(root.pairs?.first?.value.start == YAMLMark(line: 1, column: 4))
    #expect(root.pairs?.first?.value.end == YAMLMark(line: 1, column: 6))
    #expect(root["list"]?.elements?.first?.start == YAMLMark(line: 3, column: 5))
    #expect(root["list"]?.elements?.last?["k"]?.start == YAMLMark(line: 4, column: 9))
  }

  @Test("reads JSON's escapes of two parts, and places behind them are right") func surrogatePairs() throws {
    let text = #"{"a": "x\ud83d\ude00é\uD83D\uDE00", "b": 1, "c": "\\ud83d\\ude00"}"#
    let root = try #require(try YAMLFile(text, name: "t.json").documents.first)
    #expect(root.json == ["a": "x😀é😀", "b": 1, "c": #"\ud83d\ude00"#])
    #expect(root["b"]?.start == YAMLMark(line: 1, column: 42))
    #expect(root.end == YAMLMark(line: 1, column: text.count + 1))
    let lines = try YAMLFile("[\"\u{85}\\ud83d\\ude00\", 1]", name: "t.json")  // U+0085 ends a line
    #expect(lines.documents.first?.elements?.last?.start == YAMLMark(line: 2, column: 16))
  }

  @Test("nodes keep tags and styles") func tagsAndStyles() throws {
    let file = try YAMLFile("- !!str 3\n- 'a'\n- \"b\"\n- |\n  c\n- >\n  d\n- e\n", name: "t.yaml")
    let elements = try #require(file.documents.first?.elements)
    #expect(elements.map(\.tag) == ["!!str", nil, nil, nil, nil, nil])
    #expect(elements.map { $0.scalar?.style } == [.plain, .singleQuoted, .doubleQuoted, .literal, .folded, .plain])
  }

  @Test("gives lines without their ends") func lines() throws {
    let file = try YAMLFile("a: 1\r\n\nb: 2", name: "t.yaml")
    #expect((0...4).map { file.line($0).map(String.init) } == [nil, "a: 1", "", "b: 2", nil])
  }
}
