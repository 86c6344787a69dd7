import Terminal
import Testing

@Suite("Text on a terminal")
struct TextLayoutTests {
  @Test("text is broken between words, and nothing is lost")
  func wrapping() {
    #expect(wrap("one two three", width: 7) == ["one two", "three"])
    #expect(wrap("unbreakable word", width: 4) == ["unbreakable", "word"])
    #expect(wrap("", width: 10) == [])
    #expect(wrap("-n N; --all; -o X", width: 12, keepsPhrases: true) == ["-n N; --all;", "-o X"])
    #expect(
      twoColumns([("a", "one two"), (String(repeating: "x", count: 30), "three")], width: 100)
        == [
          "  a" + String(repeating: " ", count: 27) + "one two", "  " + String(repeating: "x", count: 30),
          String(repeating: " ", count: 30) + "three",
        ])
  }

  @Test(
    "widths are those of the terminal",
    arguments: [
      ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한", 2), ("🙂", 2), ("👩‍👩‍👧", 2), ("❤️", 2), ("…", 1),
      ("ﬁ", 1),
      ("a\u{200B}b", 2), ("→ ✓", 3),
    ])
  func widths(text: String, width: Int) { #expect(displayWidth(text) == width) }

  @Test("text is shortened to a width, also where characters are wide")
  func shortening() {
    #expect(shortened("abcdef", to: 6) == "abcdef" && shortened("abcdefg", to: 6) == "abcde…")
    #expect(shortened("日本語", to: 5) == "日本…" && shortened("日本語", to: 4) == "日…")
    #expect(shortened("abc", to: 1) == "…" && shortened("abc", to: 0) == "")
    #expect(padded("日", to: 4) == "日  ")
  }

  @Test("text from outside stays on its line and moves no cursor")
  func singleLines() {
    #expect(singleLine("  a\n b\t\tc ") == "a b c")
    #expect(singleLine("\u{1B}[31mred\u{7}") == "\u{FFFD}[31mred\u{FFFD}")
    #expect(singleLine("a\u{2028}b\u{85}c\r\nd") == "a b c d")
  }
}
