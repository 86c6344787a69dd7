internal import GoTemplate
internal import YAML

/// Collects what is wrong with one file. Reading and checking go on after a finding, so that all come at once.
final class Findings {
  let file: String
  private(set) var diagnostics: [Diagnostic] = []
  private var seen: Set<Diagnostic> = []
  private var templates: [String: Result<Template, TemplateError>] = [:]

  private let line: (Int) -> Substring?

  /// - Parameter line: The lines of the file, from 1; they tell how far a block of text is indented.
  init(file: String, line: @escaping (Int) -> Substring? = { _ in nil }) {
    self.file = file
    self.line = line
  }

  /// More of these would help nobody.
  private static let most = 200

  func error(_ message: String, at place: Place) { add(.error, message, at: place) }
  func error(_ message: String, at node: YAMLNode) { add(.error, message, at: Place(of: node)) }
  func warning(_ message: String, at place: Place) { add(.warning, message, at: place) }
  func warning(_ message: String, at node: YAMLNode) { add(.warning, message, at: Place(of: node)) }

  var errorCount: Int { diagnostics.count { $0.severity == .error } }

  private func add(_ severity: Diagnostic.Severity, _ message: String, at place: Place) {
    let diagnostic = Diagnostic(severity, file: file, at: place, message)
    // The same mistake may be met on several paths, such as in a step that two groups of needs lead to.
    guard diagnostics.count < Self.most, seen.insert(diagnostic).inserted else { return }
    diagnostics.append(diagnostic)
  }

  /// The template that a scalar is; nil if it can't be parsed, which is then among the findings.
  func template(of node: YAMLNode, _ text: String) -> Template? {
    let parsed: Result<Template, TemplateError>
    if let known = templates[text] {
      parsed = known
    } else {
      parsed = Result { () throws(TemplateError) in try Template(text) }
      templates[text] = parsed
    }
    switch parsed {
    case .success(let template): return template
    case .failure(let failure):
      error(failure.message, at: place(in: node, text, offset: failure.offset))
      return nil
    }
  }
}

extension Findings {
  /// A place inside of a scalar's text, as close as its style lets one tell: quotes and indentation are not in the text.
  func place(in node: YAMLNode, _ text: String, offset: Int) -> Place {
    guard case .scalar(let scalar) = node.content else { return Place(of: node) }
    let before = text.utf8.prefix(offset)
    let lines = before.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let column = String(decoding: lines.last ?? before, as: UTF8.self).unicodeScalars.count
    switch scalar.style {
    case .literal:
      // The content begins on the line after the bar.
      return Place(line: node.start.line + lines.count, column: indentation(below: node.start.line) + column + 1)
    case .singleQuoted,
      .doubleQuoted where node.start.line == node.end.line:
      return Place(line: node.start.line, column: node.start.column + 1 + column)
    case .plain where node.start.line == node.end.line:
      return Place(line: node.start.line, column: node.start.column + column)
    default: return Place(of: node)
    }
  }

  /// How far the block that begins below a line is indented: as far as its first line with text.
  private func indentation(below number: Int) -> Int {
    var number = number + 1
    while let text = line(number) {
      if let indent = text.firstIndex(where: { $0 != " " }) { return text.distance(from: text.startIndex, to: indent) }
      number += 1
    }
    return 0
  }
}

extension Place {
  /// The first line of a node.
  init(of node: YAMLNode) {
    let isOneLine = node.end.line == node.start.line
    self.init(
      line: node.start.line, column: node.start.column, length: isOneLine ? node.end.column - node.start.column : 1)
  }
}
