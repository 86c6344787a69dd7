import Foundation
import GoTemplate
import JSON

/// The template language: parser, functions and renderer.
enum TemplateTarget: FuzzTarget {
  private static let cases: [JSONValue] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appending(path: "GoTemplateTests/Golden/go-template-cases.json")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    return (try? JSONValue(parsing: text))?.array ?? []
  }()

  /// Everything that the cases name, so that most of them print something.
  private static let data: JSONValue = {
    var members: [String: JSONValue] = [:]
    for each in cases { members.merge(each["data"]?.object ?? [:]) { first, _ in first } }
    return .object(members)
  }()

  private static let options: RenderOptions = {
    var limits = TemplateLimits()
    limits.steps = 20_000
    limits.outputBytes = 1 << 20
    return RenderOptions(limits: limits)
  }()

  static let corpus =
    cases.compactMap { $0["template"]?.string }.map { Array($0.utf8) }
    + ["{{", "}}", "{{ .a", "{{ end }}", "{{ if }}", "{{ \"x }}", "{{ range $i, $e := }}", "{{/* x", ""].map {
      Array($0.utf8)
    }

  static let dictionary =
    [
      "{{", "}}", "{{-", "-}}", "{{- ", " -}}", "{{ end }}", "{{ else }}", "{{ else if true }}", "{{ if .a }}",
      "{{ range .list }}",
      "{{ range $i, $e := .list }}", "{{ with .a }}", "{{ else with .b }}", "{{ define \"t\" }}",
      "{{ template \"t\" . }}", "{{ block \"t\" . }}",
      "{{ break }}", "{{ continue }}", "{{/* c */}}", "{{ template \"config\" . }}", " | ", "(", ")", "$", "$x",
      "$x := ", "$x = ", ", ", ".", ".a", ".list",
      ".name", "\"\"", "\"a\"", "`a`", "'a'", "'\\x00'", "\"\\u00e9\"", "0", "-1", "1", "1e3", "1e308", "0x1F", "0b1",
      "1_000", "9223372036854775807",
      "-9223372036854775808", "1i", "nil", "true", "false", "\n", " ", "%s", "%d", "%v", "%99999999d", "%.99999999f",
      "%[3]*.[2]*[1]f", "(a*)*$", "[[:alpha:]]",
      "(?P<n>a)", "a{1000}", "2006-01-02", "1h30m", "Europe/Berlin", "é", "日本", "😀", "\0",
    ].map { Array($0.utf8) } + FunctionTable.all.names.map { Array(" \($0) ".utf8) } + [[0xFF], [0xC3]]

  static let nestings = [
    ("(", ")"), ("{{ if true }}", "{{ end }}"), ("{{ range .list }}", "{{ end }}"), ("{{ with . }}", "{{ end }}"),
    ("(list ", ")"), ("(not ", ")"), ("(", ")*"),
    ("{{ define \"t\" }}{{ template \"t\" . }}", "{{ end }}"), ("a | ", ""), (".a", ""), ("{{/* ", " */}}"),
    ("\"", "\""),
  ]

  static func feed(_ input: [UInt8]) throws(FuzzFinding) -> FuzzVerdict {
    let text = String(decoding: input, as: UTF8.self)
    let output: String
    do throws(TemplateError) {
      let template = try Template(text)
      output = try template.render(Value(data), options: options)
      if template.isSingleExpression { _ = try template.evaluate(Value(data), options: options).json }
    } catch {
      try check(error, text)
      guard error.message.utf8.count < 2_000 else { return .unexplained("(a message of more than 2,000 bytes)") }
      return error.isParseError ? .rejected : .failed
    }
    guard output.utf8.count <= options.limits.outputBytes else {
      throw FuzzFinding("the output has \(output.utf8.count) bytes, more than its limit")
    }
    return .accepted
  }

  private static func check(_ error: TemplateError, _ text: String) throws(FuzzFinding) {
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard (0...text.utf8.count).contains(error.offset), lines.indices.contains(error.line - 1),
      (1...lines[error.line - 1].count + 1).contains(error.column)
    else { throw FuzzFinding("the error lies outside of the text, at byte \(error.offset): \(error)") }
    guard !error.message.isEmpty else { throw FuzzFinding("an error without a message") }
  }
}
