internal import JSON
internal import YAML

extension Function {
  /// JSON, and YAML as Helm has it. What cannot be written is empty text, and what cannot be read is nil, unless a "must" is
  /// before it.
  static let sprigJSON: [Function] =
    writing + reading + [
      Function("toYaml", .any) { .string(try yaml($0)) },
      Function("fromYaml", .string) { try parsedYAML($0.string(0)) },
    ]

  private static let writing: [Function] = [
    Function("toJson", .any) { .string((try? json($0)) ?? "") },
    Function("mustToJson", .any) { .string(try json($0)) },
    Function("toPrettyJson", .any) { .string((try? json($0, indent: "  ")) ?? "") },
    Function("mustToPrettyJson", .any) { .string(try json($0, indent: "  ")) },
    Function("toRawJson", .any) { .string(try json($0, escapesHTML: false)) },
    Function("mustToRawJson", .any) { .string(try json($0, escapesHTML: false)) },
  ]

  private static let reading: [Function] = [
    Function("fromJson", .string) { (try? parsedJSON($0.string(0))) ?? .null },
    Function("mustFromJson", .string) { try parsedJSON($0.string(0)) },
  ]

  private static func json(_ arguments: Arguments, escapesHTML: Bool = true, indent: String? = nil) throws -> String {
    try GoJSONWriter.text(
      of: arguments[0], escapesHTML: escapesHTML, indent: indent, sizeLimit: arguments.limits.outputBytes)
  }

  private static func parsedJSON(_ text: String) throws -> Value {
    Value(try JSONValue(parsing: text), numbers: .float64)
  }

  private static func yaml(_ arguments: Arguments) throws -> String {
    // Writing it as JSON first bounds it.
    _ = try json(arguments)
    guard let value = arguments[0].json else { throw FunctionError("the value cannot be written as YAML") }
    let text = YAMLWriter.text(of: value)
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  private static func parsedYAML(_ text: String) throws -> Value {
    let documents = try YAMLFile(text, name: "the text").documents
    guard documents.count < 2 else {
      throw FunctionError("the text has \(documents.count) YAML documents; take one of them")
    }
    return documents.first.map { Value($0.json, numbers: .float64) } ?? .null
  }
}
