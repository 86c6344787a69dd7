import JSON
import YAML

/// The YAML reader and writer.
enum YAMLTarget: FuzzTarget {
  /// Small, so that bombs are found at once.
  private static let limits = YAMLLimits(bytes: 1 << 20, nodes: 20_000)

  static let corpus = yamlCorpus.map { Array($0.utf8) }
  static let dictionary =
    [
      ": ", ":", "- ", "-", "? ", "\n", "\n  ", "\n    ", " ", "\t", "\r\n", "#", " # c", "'", "''", "\"", "\\",
      "\\u0041", "\\ud83d\\ude00", "\\ud83d", "\\x4", "\\\n",
      "|", "|-\n", "|+\n ", ">", ">2\n", "|9\n", "&a ", "*a", "&b ", "*b", "<<: *a\n", "<<: [*a, *b]\n", "<<", "!!str ",
      "!!int ", "!!float ",
      "!!map ", "!!seq ", "!x ", "!", "!<", "%YAML 1.2\n", "%TAG ! x\n", "---\n", "--- ", "...\n", "{", "}", "[", "]",
      "{}", "[]", "{{ .x }}",
      "{{", "}}", "@", "`", "~", "null", "true", "yes", "0o7", "0x1F", "1e3", "0777", "-0.0", ".inf",
      "9223372036854775808", "1e999", "a", "é",
      "日本", "😀", "\0", "\u{7F}", "\u{85}", "\u{2028}", "\u{FEFF}", "a: 1\n", "- a\n", "=",
    ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xFF, 0xFE]]
  static let nestings = [
    ("[", "]"), ("{a: ", "}"), ("{", "}"), ("- ", ""), ("? ", ""), ("a:\n ", ""), ("[[", "]"), ("\"", "\""),
    ("&a [*a, ", "]"), ("!!str ", ""), ("|\n ", ""),
  ]

  static func feed(_ input: [UInt8]) throws(FuzzFinding) -> FuzzVerdict {
    let text = String(decoding: input, as: UTF8.self)
    let file: YAMLFile
    do throws(YAMLError) {
      file = try YAMLFile(bytes: input, name: "f", limits: limits)
    } catch {
      let isInside = Lines(text).contain(error.mark)
      guard isInside else { throw FuzzFinding("the error lies outside of the file: \(error)") }
      guard !error.message.isEmpty, error.message.utf8.count < 1_000 else {
        throw FuzzFinding("what a message: \(error)")
      }
      return error.message.hasPrefix("this is not YAML") ? .unexplained(error.message) : .rejected
    }
    let lines = Lines(file.text)
    for document in file.documents {
      try check(document, in: lines)
      try checkWriting(document.json)
    }
    return .accepted
  }

  private static func check(_ node: YAMLNode, in lines: Lines) throws(FuzzFinding) {
    guard lines.contain(node.start), lines.contain(node.end), node.start <= node.end else {
      throw FuzzFinding("a node's place is outside of the file: \(node.start) to \(node.end)")
    }
    for element in node.elements ?? [] { try check(element, in: lines) }
    for pair in node.pairs ?? [] {
      try check(pair.key, in: lines)
      try check(pair.value, in: lines)
    }
  }

  private static func checkWriting(_ value: JSONValue) throws(FuzzFinding) {
    let written = YAMLWriter.text(of: value)
    do throws(YAMLError) {
      let read = try YAMLFile(written, name: "written").documents
      guard read.count == 1, read.first?.json == value else {
        throw YAMLError(message: "another value", mark: .init(line: 1, column: 1), file: "")
      }
    } catch {
      throw FuzzFinding(
        "what the writer wrote does not come back (\(error)): \(value.text)\n\(written.debugDescription)")
    }
  }
}

/// How long each line of a text is.
private struct Lines {
  private var lengths: [Int] = [0]

  init(_ text: String) {
    var last: Unicode.Scalar = "\0"
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n" where last == "\r": break
      case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lengths.append(0)
      default: lengths[lengths.count - 1] += 1
      }
      last = scalar
    }
  }

  func contain(_ mark: YAMLMark) -> Bool {
    lengths.indices.contains(mark.line - 1) && (1...(lengths[mark.line - 1] + 1)).contains(mark.column)
  }
}
