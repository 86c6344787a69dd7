import JSON
import TestSupport
import Testing
import YAML

@Suite struct WritingTests {
  @Test("writes block style with sorted keys and literal blocks") func looks() {
    let value: JSONValue = [
      "name": "backup", "enabled": true, "count": 3, "ratio": 0.5, "none": nil, "empty": [[:], []],
      "steps": [["run": "set -e\nls  -l\n", "needs": ["a", "b"]], "x"],
    ]
    #expect(
      YAMLWriter.text(of: value) == """
        count: 3
        empty:
        - {}
        - []
        enabled: true
        name: backup
        none: null
        ratio: 0.5
        steps:
        - needs:
          - a
          - b
          run: |
            set -e
            ls  -l
        - x

        """)
  }

  @Test(
    "quotes strings that some reader would take for something else",
    arguments: [
      "yes", "No", "ON", "off", "y", "N", "~", "null", "Null", "true", "FALSE", "", "0o7", "0x1F", "0777", "0755", "12",
      "-1", "+1",
      "1.5", ".5", "1e3", "1E+3", "1_000", "0b11", "190:20:30", "12:30:00", "12:30", "2024-01-31",
      "2024-01-31T12:00:00Z",
      "2024-01-31 12:00:00", ".inf", "-.INF", ".NaN", "<<", "=", "- a", "-", "?", ": a", "a: b", "a #b", "#a",
      "{{ .x }}", "[a", "&a",
      "*a", "!a", "%a", "@a", "`a", "|", ">", "'a'", "\"a\"", " a", "a ", "a:", "---", "...", "99999999999999999999",
      "1e999", ", a", "\u{A0}a", "\u{3000}",
    ])
  func quotes(text: String) throws {
    let written = YAMLWriter.text(of: ["k": .string(text)])
    let value = try #require(try YAMLFile(written, name: "t.yaml").documents.first?["k"])
    #expect(value.json == .string(text))
    #expect(value.scalar?.style == .singleQuoted)
  }

  @Test(
    "leaves other strings as they are",
    arguments: [
      "a", "a b", "it's", "a:b", "a#b", "http://x/y", "1Gi", "30s", "5m", "v1.2", "1.2.3-beta", "a,b", "x {{ .y }}",
      "日本", "-a", "10 GiB",
    ])
  func leavesPlain(text: String) throws {
    #expect(YAMLWriter.text(of: ["k": .string(text)]) == "k: \(text)\n")
  }

  @Test(
    "writes numbers so that all readers see numbers",
    arguments: [
      (.double(1), "1.0\n"), (.double(1e20), "1.0e+20\n"), (.double(1.5e-7), "1.5e-07\n"), (.int(-3), "-3\n"),
      (.double(-0.0), "-0.0\n"),
      (.double(.infinity), ".inf\n"),
    ] as [(JSONValue, String)])
  func numbers(value: JSONValue, text: String) { #expect(YAMLWriter.text(of: value) == text) }

  @Test("texts of several lines come back, in a block where it shows them as they are")
  func blocks() throws {
    for (text, style) in [
      ("a\nb", YAMLScalar.Style.literal), ("a\nb\n", .literal), ("a\n\n\n", .literal), ("a\n  b\n", .literal),
      ("# a\nb", .literal),
      ("a \nb", .doubleQuoted), ("\na", .doubleQuoted), (" a\nb", .doubleQuoted), ("a\r\nb", .doubleQuoted),
      ("a\u{2028}\nb", .doubleQuoted),
      ("\n", .doubleQuoted), ("a\n\t", .doubleQuoted), ("---\na", .literal), ("{{ x }}\ny", .literal),
    ] {
      let written = YAMLWriter.text(of: ["k": [.string(text)]])
      let value = try #require(try YAMLFile(written, name: "t.yaml").documents.first?["k"]?.elements?.first)
      #expect(value.json == .string(text))
      #expect(value.scalar?.style == style, "\(text.debugDescription)")
    }
  }

  @Test("random values come back as they were") func roundTrip() throws {
    var random = SplitMix64.announced()
    for _ in 0..<2_000 {
      let value = randomValue(depth: 4, &random)
      let written = YAMLWriter.text(of: value)
      let read = try YAMLFile(written, name: "t.yaml").documents
      #expect(read.count == 1 && read.first?.json == value, "\(value.text) was written as \(written)")
    }
  }

  private func randomValue(depth: Int, _ random: inout SplitMix64) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
    case 0: return [.null, .bool(true), .bool(false)].randomElement(using: &random) ?? .null
    case 1: return .int(Int64(truncatingIfNeeded: random.next() >> UInt64.random(in: 0..<64, using: &random)))
    case 2:
      let value = Double(bitPattern: random.next())
      return .double(value.isFinite ? value : 0.1)
    case 3...5: return .string(randomText(&random))
    case 6:
      return .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in randomValue(depth: depth - 1, &random) })
    default:
      let pairs = (0..<Int.random(in: 0..<4, using: &random)).map { _ in
        (randomText(&random), randomValue(depth: depth - 1, &random))
      }
      return .object(Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
    }
  }

  private func randomText(_ random: inout SplitMix64) -> String {
    let bits = [
      "a", "B", "0", "7", " ", "  ", "\n", "\n\n", "\t", "\r", ":", ": ", " #", "#", "-", "- ", "'", "\"", "\\", "{",
      "}", "[", "]", ",", "&", "*",
      "!", "%", "@", "`", "|", ">", "?", "=", "~", "yes", "null", "é", "日本", "😀", "e\u{301}", "\0", "\u{1B}", "\u{7F}",
      "\u{85}", "\u{A0}",
      "\u{2028}", "\u{FEFF}", "\u{FFFD}", "\u{FFFE}", "\u{E000}", "\u{10FFFF}", "{{ .x }}", "---", "...", "1e3", "_",
      ".", "+",
    ]
    return (0..<Int.random(in: 0..<7, using: &random)).map { _ in bits.randomElement(using: &random) ?? "" }.joined()
  }
}
