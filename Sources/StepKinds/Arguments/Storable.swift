package import JSON

/// Text as PostgreSQL can store it: its `text` and `jsonb` know no zero character.
package func storable(_ text: String) -> String {
  guard text.utf8.contains(0) else { return text }
  return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value == 0 ? "\u{fffd}" : $0 }))
}

/// A document with every text and key of it storable.
package func storable(_ value: JSONValue) -> JSONValue {
  switch value {
  case .string(let text): .string(storable(text))
  case .array(let elements): .array(elements.map { storable($0) })
  case .object(let members):
    .object(Dictionary(members.map { (storable($0.key), storable($0.value)) }, uniquingKeysWith: { _, last in last }))
  case .null, .bool, .int, .double: value
  }
}
