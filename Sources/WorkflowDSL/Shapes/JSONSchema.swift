public import JSON

/// The JSON Schema (draft 2020-12) of documents, made from the declarations that check them, so that editors complete and
/// check what `holdfast validate` checks.
public struct JSONSchema {
  private let kinds: StepKindCatalog

  /// A schema in which steps may use these kinds.
  public init(kinds: StepKindCatalog) { self.kinds = kinds }

  /// The schema of one kind of document, or of all.
  public func schema(of kind: DocumentKind?) -> JSONValue {
    var members: [String: JSONValue] = [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": .string(kind.map { "Holdfast \($0.rawValue)" } ?? "Holdfast document"),
      "$defs": .object(namedShapes.mapValues { definition($0) }.merging(kindDefinitions) { $1 }),
    ]
    if let kind {
      guard case .object(let document) = schema(of: .object(documentShape(kind)), isTemplated: false) else {
        return .null
      }
      members.merge(document) { $1 }
    } else {
      members["oneOf"] = .array(
        DocumentKind.allCases.map { schema(of: .object(documentShape($0)), isTemplated: false) })
    }
    return .object(members)
  }

  private func definition(_ shape: Shape) -> JSONValue {
    guard case .object(var members) = schema(of: shape, isTemplated: false) else { return .null }
    // What `with` takes follows from what the step uses.
    members["allOf"] = .array(
      kinds.names.map { name in
        [
          "if": ["properties": ["uses": ["const": .string(name)]], "required": ["uses"]],
          "then": ["properties": ["with": reference("with-\(name)")]],
        ]
      })
    return .object(members)
  }

  private var kindDefinitions: [String: JSONValue] {
    Dictionary(
      kinds.names.compactMap { name in
        kinds[name].map { ("with-\(name)", schema(of: .object($0.shape), isTemplated: true)) }
      }, uniquingKeysWith: { $1 })
  }

  private func reference(_ name: String) -> JSONValue { ["$ref": .string("#/$defs/\(name)")] }

  private func schema(of shape: Shape, isTemplated: Bool) -> JSONValue {
    let schema = plainSchema(of: shape, isTemplated: isTemplated)
    guard isTemplated else { return schema }
    switch shape {
    case .integer, .number, .boolean, .duration, .choice, .name, .list, .oneOrList, .map:
      return ["anyOf": [schema, ["type": "string", "pattern": #"\{\{"#]]]
    default: return schema
    }
  }

  private func plainSchema(of shape: Shape, isTemplated: Bool) -> JSONValue {
    switch shape {
    case .anything: return [:]
    case .text: return ["type": ["string", "number", "boolean"]]
    case .name(.any): return ["type": "string", "minLength": 1]
    case .name(let rule): return ["type": "string", "pattern": .string(rule.pattern)]
    case .choice(let words): return ["enum": .array(words.map { .string($0) })]
    case .integer(let range):
      var members: [String: JSONValue] = ["type": "integer", "minimum": .int(range.lowerBound)]
      if range.upperBound != .max { members["maximum"] = .int(range.upperBound) }
      return .object(members)
    case .number: return ["type": "number"]
    case .boolean: return ["type": "boolean"]
    case .duration:
      return [
        "anyOf": [["type": "string", "pattern": .string(DurationText.pattern)], ["type": "number", "minimum": 0]]
      ]
    case .list(let element): return ["type": "array", "items": schema(of: element, isTemplated: isTemplated)]
    case .oneOrList(let element):
      let one = schema(of: element, isTemplated: isTemplated)
      return ["anyOf": [one, ["type": "array", "items": one]]]
    case .map(let rule, let values):
      return [
        "type": "object", "propertyNames": ["pattern": .string(rule.pattern)],
        "additionalProperties": schema(of: values, isTemplated: isTemplated),
      ]
    case .object(let object): return schema(of: object, isTemplated: isTemplated)
    case .named(let name): return reference(name)
    case .templated(let inner): return schema(of: inner, isTemplated: true)
    case .anyOf(let shapes): return ["anyOf": .array(shapes.map { schema(of: $0, isTemplated: isTemplated) })]
    }
  }

  private func schema(of object: ObjectShape, isTemplated: Bool) -> JSONValue {
    var properties: [String: JSONValue] = [:]
    for field in object.fields {
      guard case .object(var members) = schema(of: field.shape, isTemplated: isTemplated) else { continue }
      members["description"] = .string(field.summary)
      members["default"] = field.fallback
      properties[field.key] = .object(members)
    }
    var members: [String: JSONValue] = [
      "type": "object", "description": .string(object.summary), "properties": .object(properties),
      "additionalProperties": false,
    ]
    let required = object.fields.filter(\.isRequired).map { JSONValue.string($0.key) }
    if !required.isEmpty { members["required"] = .array(required) }
    return .object(members)
  }
}
