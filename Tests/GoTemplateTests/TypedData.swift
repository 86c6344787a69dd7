import Foundation
import GoTemplate
import JSON

/// Data with the Go types that are given by dotted path, `.` for the whole.
func typedData(_ json: JSONValue, _ types: [String: String]) -> Value { typed(json, at: "", types) }

private func typed(_ json: JSONValue, at path: String, _ types: [String: String]) -> Value {
  func inner(_ key: String) -> String { path.isEmpty ? key : path + "." + key }
  switch types[path.isEmpty ? "." : path] {
  case "struct": return structure(json, at: path, types, isPointer: false)
  case "*struct": return structure(json, at: path, types, isPointer: true)
  case "*struct{Name,Namespace,Pods}":
    return .nilPointer(StructType("Deployment", ["Name", "Namespace", "Pods"].map { .init($0, .any) }))
  case "int64": return .int64(Int64(json.double ?? 0))
  case "[]string", "[][]string": return stringLists(json)
  case "map[string]string", "map[string]map[string]string":
    return stringMaps(json, of: types[path] == "map[string]string" ? .string : .map(.string))
  case "map[string]bytes":
    let entries = (json.object ?? [:]).mapValues { Value.bytes(Array(Data(base64Encoded: $0.string ?? "") ?? Data())) }
    return .map(MapValue(entries, of: .list(.byte)))
  case let type? where type == "map[string]struct" || type == "map[string]*struct":
    let entries = Dictionary(
      uniqueKeysWithValues: (json.object ?? [:]).map { key, value in
        (key, structure(value, at: inner(key), types, isPointer: type.contains("*")))
      })
    return .map(MapValue(entries, of: entries.values.first?.type ?? .any))
  default:
    guard case .object(let members) = json else { return Value(json, numbers: .float64) }
    return .map(
      Dictionary(uniqueKeysWithValues: members.map { key, value in (key, typed(value, at: inner(key), types)) }))
  }
}

private func structure(_ json: JSONValue, at path: String, _ types: [String: String], isPointer: Bool) -> Value {
  let members = (json.object ?? [:]).map { key, value in
    (key, typed(value, at: path.isEmpty ? key : path + "." + key, types))
  }.sorted { $0.0 < $1.0 }
  let type = StructType("struct {…}", members.map { .init($0.0, $0.1.type ?? .any) })
  return .structure(StructValue(type, Dictionary(uniqueKeysWithValues: members), isPointer: isPointer))
}

private func stringLists(_ json: JSONValue) -> Value {
  guard let elements = json.array else { return .string(json.string ?? "") }
  let values = elements.map(stringLists)
  return .list(ListValue(values, of: values.first?.type ?? .string))
}

private func stringMaps(_ json: JSONValue, of element: GoType) -> Value {
  guard let members = json.object else {
    return json == .null ? .map(MapValue(of: element, isNil: true)) : .string(json.string ?? "")
  }
  return .map(MapValue(members.mapValues { stringMaps($0, of: .string) }, of: element))
}
