import JSON
import Terminal
import Testing

@Suite("Tables and lists")
struct TableTests {
  let columns: [Table.Column] = [
    .init("NAME"), .init("COUNT", isRight: true), .init("WHERE", isExtra: true), .init("NOTE", isFlexible: true),
  ]
  let rows: [[Table.Cell]] = [
    ["日本", "1", "here", "short"],
    [.init("plain", .green), "1000", .init(nil), "a long note that may be cut at its end"],
  ]

  @Test("columns are aligned by what they take on a terminal, and lines end without blanks")
  func aligned() {
    #expect(
      Table(columns, rows: rows).lines(TextStyle()) == [
        "NAME   COUNT  WHERE  NOTE", "日本       1  here   short",
        "plain   1000  -      a long note that may be cut at its end",
      ])
  }

  @Test("a narrow terminal first cuts what may be cut, then leaves extra columns out, then cuts more")
  func narrow() {
    func last(_ width: Int) -> String { Table(columns, rows: rows).lines(TextStyle(columns: width))[2] }
    #expect(last(59) == "plain   1000  -      a long note that may be cut at its end")
    #expect(last(50) == "plain   1000  -      a long note that may be cut …")
    #expect(last(37) == "plain   1000  -      a long note tha…")
    #expect(last(36) == "plain   1000  a long note that may …")
    #expect(last(20) == "plain   1000  a lon…")
    #expect(last(5) == "plain   1000  a lon…", "what can't be cut stays whole")
  }

  @Test("empty cells keep their place, and leave no blanks at the end")
  func empty() {
    let rows: [[Table.Cell]] = [["a", "", "", ""], ["b", "", "", "x"], ["", "1", "", ""]]
    #expect(
      Table(columns, rows: rows).lines(TextStyle()).dropFirst() == [
        "a", "b" + String(repeating: " ", count: 19) + "x", String(repeating: " ", count: 10) + "1",
      ])
  }

  @Test("colours are around the text only, and take no room")
  func coloured() {
    let lines = Table(columns, rows: rows).lines(TextStyle(columns: 120, isColored: true))
    #expect(lines[2] == "\u{1B}[32mplain\u{1B}[0m   1000  -      a long note that may be cut at its end")
    #expect(lines[0].hasPrefix("\u{1B}[1mNAME\u{1B}[0m   \u{1B}[1mCOUNT\u{1B}[0m"))
  }

  static let listing = Listing<(String, Int)>(
    nothing: "no things", columns: [(.init("NAME"), { .init($0.0) }), (.init("N", isRight: true), { "\($0.1)" })],
    name: { $0.0 }, json: { ["name": .string($0.0), "count": .int(Int64($0.1)), "tags": ["a", "b"]] })

  @Test(
    "a list is written in every format",
    arguments: [
      (.table, [("a", 1), ("b", 20)], "NAME   N\na      1\nb     20\n"), (.table, [], "no things\n"),
      (.name, [("a", 1), ("b", 20)], "a\nb\n"), (.name, [], ""), (.json, [], "[]\n"),
      (.json, [("a", 1)], #"[{"count":1,"name":"a","tags":["a","b"]}]"# + "\n"),
    ] as [(OutputFormat, [(String, Int)], String)])
  func formats(format: OutputFormat, rows: [(String, Int)], text: String) {
    #expect(Self.listing.text(rows, as: format, style: TextStyle()) == text)
  }

  @Test("on a terminal JSON is spread over lines, and is the same document")
  func pretty() throws {
    let text = Self.listing.text([("a\"", 1), ("b", 2)], as: .json, style: TextStyle(columns: 80))
    #expect(
      text == """
        [
          {
            "count": 1,
            "name": "a\\"",
            "tags": ["a","b"]
          },
          {
            "count": 2,
            "name": "b",
            "tags": ["a","b"]
          }
        ]

        """)
    let value: JSONValue = ["list": [["x": .null]], "empty": [:], "none": []]
    #expect(try JSONValue(parsing: value.indentedText) == value)
  }

  @Test(
    "lengths of time are short, and exact enough to compare",
    arguments: [
      (0, "0ms", "0s"), (85, "85ms", "0s"), (4230, "4.2s", "4s"), (9999, "9.9s", "9s"), (42_000, "42s", "42s"),
      (72_000, "1m12s", "1m"), (120_000, "2m", "2m"), (11_100_000, "3h5m", "3h"), (3_601_000, "1h", "1h"),
      (187_200_000, "2d4h", "2d"), (-5, "0ms", "0s"),
    ])
  func durations(milliseconds: Int, fine: String, coarse: String) {
    #expect(durationText(.milliseconds(milliseconds)) == fine && coarseText(.milliseconds(milliseconds)) == coarse)
  }

  @Test("instants are written for people and for programs")
  func moments() {
    let moment = Moment(seconds: 1_774_746_000)
    #expect(moment.iso8601 == "2026-03-29T01:00:00Z" && moment.text == "2026-03-29 01:00:00")
    #expect(Moment(microseconds: 1_774_746_000_042_999).iso8601 == "2026-03-29T01:00:00.042Z")
    #expect(Moment(microseconds: -1).iso8601 == "1969-12-31T23:59:59.999Z")
    #expect(moment.ago(from: Moment(seconds: 1_774_746_185)) == "3m ago")
    #expect(moment.ago(from: Moment(seconds: 1_774_745_000)) == "now")
    #expect(moment.ahead(of: Moment(seconds: 1_774_738_800)) == "in 2h")
    #expect(Moment.now > moment)
  }
}
