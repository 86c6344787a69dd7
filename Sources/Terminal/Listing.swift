package import JSON
internal import YAML

/// A list of things, described once: how people read it and how programs do.
package struct Listing<Row: Sendable>: Sendable {
  /// What the list says when it is empty, without an end: `no runs`.
  package var nothing: String
  /// The columns that people read, and what each shows of a row.
  package var columns: [(column: Table.Column, cell: @Sendable (Row) -> Table.Cell)]
  /// What a script needs to name a row.
  package var name: @Sendable (Row) -> String
  /// Everything about a row, under documented keys.
  package var json: @Sendable (Row) -> JSONValue

  /// A list.
  package init(
    nothing: String, columns: [(column: Table.Column, cell: @Sendable (Row) -> Table.Cell)],
    name: @escaping @Sendable (Row) -> String, json: @escaping @Sendable (Row) -> JSONValue
  ) {
    self.nothing = nothing
    self.columns = columns
    self.name = name
    self.json = json
  }

  /// The list as text that ends with a line's end; nothing at all for no names.
  package func text(_ rows: [Row], as format: OutputFormat, style: TextStyle) -> String {
    switch format {
    case .table:
      if rows.isEmpty { return nothing + "\n" }
      let table = Table(columns.map(\.column), rows: rows.map { row in columns.map { $0.cell(row) } })
      return table.lines(style).map { $0 + "\n" }.joined()
    case .name: return rows.map { name($0) + "\n" }.joined()
    case .json, .yaml: return documentText(.array(rows.map(json)), as: format, style: style)
    }
  }
}

/// One JSON or YAML document as text; JSON is on one line unless people read it.
package func documentText(_ value: JSONValue, as format: OutputFormat, style: TextStyle) -> String {
  if format == .yaml { return YAMLWriter.text(of: value) }
  return style.columns == nil ? value.text + "\n" : value.indentedText + "\n"
}

extension JSONValue {
  /// The document over several lines, with sorted keys; small arrays and objects of plain values stay on theirs.
  package var indentedText: String { indented("") }

  private func indented(_ indent: String) -> String {
    let inner = indent + "  "
    switch self {
    case .array(let elements) where !elements.isEmpty && !isShort:
      return "[\n" + elements.map { inner + $0.indented(inner) }.joined(separator: ",\n") + "\n\(indent)]"
    case .object(let members) where !members.isEmpty && !isShort:
      let lines = members.sorted { $0.key < $1.key }.map { key, value in
        "\(inner)\(JSONValue.string(key).text): \(value.indented(inner))"
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
    default: return text
    }
  }

  /// Whether it is a list of a few plain values.
  private var isShort: Bool {
    guard case .array(let elements) = self, elements.count <= 8 else { return false }
    return elements.allSatisfy { element in
      switch element {
      case .array, .object: false
      case .string(let text): text.utf8.count <= 20
      default: true
      }
    }
  }
}
