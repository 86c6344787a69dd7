internal import CommandSyntax
internal import Glibc
internal import JSON
internal import Terminal
internal import WorkflowDSL

/// Shows what is wrong with documents.
struct DiagnosticReport {
  let diagnostics: [Diagnostic]
  let files: [DocumentFile]

  var errorCount: Int { diagnostics.count { $0.severity == .error } }
  var warningCount: Int { diagnostics.count - errorCount }

  /// For people: each with its line, as a compiler does it.
  func text(_ style: TextStyle) -> String {
    diagnostics.map { diagnostic in
      let file = files.first { $0.name == diagnostic.file }
      let text = diagnostic.text(source: file.map { file in { file.line($0) } })
      let word = diagnostic.severity.rawValue + ":"
      let emphasis: TextStyle.Emphasis = diagnostic.severity == .error ? .red : .yellow
      guard let range = text.firstRange(of: " \(word) ") else { return text + "\n" }
      return style.bold(String(text[..<range.lowerBound])) + " " + style.emphasized(word, emphasis) + " "
        + text[range.upperBound...] + "\n"
    }.joined()
  }

  /// For programs.
  var json: JSONValue {
    .array(
      diagnostics.map { diagnostic in
        [
          "severity": .string(diagnostic.severity.rawValue), "file": .string(diagnostic.file),
          "line": .int(Int64(diagnostic.place.line)), "column": .int(Int64(diagnostic.place.column)),
          "message": .string(diagnostic.message),
        ]
      })
  }

  /// `2 mistakes and 1 warning`.
  var summary: String {
    func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
    let parts = [
      errorCount > 0 ? count(errorCount, "mistake") : nil, warningCount > 0 ? count(warningCount, "warning") : nil,
    ]
    let text = parts.compactMap(\.self).joined(separator: " and ")
    return text.isEmpty ? "no mistakes" : text
  }

  /// Writes it to standard error.
  func write(_ arguments: ParsedArguments) {
    writeText(text(arguments.style(of: STDERR_FILENO)), to: STDERR_FILENO)
  }
}
