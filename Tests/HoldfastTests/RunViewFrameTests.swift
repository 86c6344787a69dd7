import Terminal
import Testing

@testable import holdfast

/// A terminal as far as a picture needs one.
private struct Screen {
  var rows: [String] = [""]
  var row = 0
  private(set) var written = 0

  mutating func write(_ text: String) {
    written += text.utf8.count
    var rest = Substring(text)
    while let character = rest.popFirst() {
      switch character {
      case "\r\n": newline()
      case "\n": newline()
      case "\r": break
      case "\u{1B}":
        rest.removeFirst()
        let digits = rest.prefix { $0.isNumber }
        rest.removeFirst(digits.count)
        switch rest.removeFirst() {
        case "A": row = max(0, row - (Int(digits) ?? 1))
        case "J": rows = Array(rows.prefix(row)) + [""]
        case "K": break
        default: Issue.record("an escape that this screen does not know")
        }
      default:
        if isFresh { rows[row] = "" }
        isFresh = false
        rows[row].append(character)
      }
    }
  }

  private var isFresh = true

  private mutating func newline() {
    row += 1
    if row == rows.count { rows.append("") }
    isFresh = true
  }
}

@Suite("A live picture")
struct RunViewFrameTests {
  static let size = LiveFrame.Size(columns: 20, rows: 10)

  @Test("any sequence of pictures leaves the last one on the screen")
  func sequences() {
    var frame = LiveFrame()
    var screen = Screen()
    let pictures = [
      ["a", "b", "c"], ["a", "x", "c"], ["a", "x", "c"], ["a", "x", "c", "d", "e"], ["b"], ["b", "y"], [], ["z"],
    ]
    for lines in pictures {
      screen.write(frame.show(lines.map { StyledLine($0) }, TextStyle(), in: Self.size))
      #expect(screen.rows == lines + [""])
    }
    screen.write(frame.clear())
    #expect(screen.rows == [""])
  }

  @Test("only lines that differ are written, and nothing if none does")
  func economy() {
    var frame = LiveFrame()
    let lines = (0..<8).map { StyledLine("line \($0)") }
    _ = frame.show(lines, TextStyle(), in: Self.size)
    #expect(frame.show(lines, TextStyle(), in: Self.size) == "")
    var changed = lines
    changed[6] = StyledLine("other")
    let text = frame.show(changed, TextStyle(), in: Self.size)
    #expect(text == "\u{1B}[2A\rother\u{1B}[K\r\n\r\n")
  }

  @Test("lines are cut to the terminal, and drawn anew when it is another size")
  func sizes() {
    var frame = LiveFrame()
    let line = StyledLine("0123456789012345678901234567890")
    #expect(frame.show([line], TextStyle(), in: Self.size) == "\r012345678901234567…\u{1B}[K\r\n")
    let narrow = frame.show([line], TextStyle(), in: LiveFrame.Size(columns: 10, rows: 10))
    // The line of 19 columns has become two.
    #expect(narrow == "\u{1B}[2A\r\u{1B}[J\r01234567…\u{1B}[K\r\n")
  }

  @Test("cutting a line keeps its emphasis and drops blanks at its end")
  func styled() {
    var line = StyledLine("ab", .red)
    line.append("cdef", .bold)
    line.append("   ")
    #expect(line.text(TextStyle(isColored: true), columns: 4) == "\u{1B}[31mab\u{1B}[0m\u{1B}[1mc…\u{1B}[0m")
    #expect(line.text(TextStyle()) == "abcdef")
  }
}
