import GoTemplate
import JSON
import StepEngine

/// Evaluates the expressions of one step.
struct StepExpressions {
  /// What they see: `Params`, `Steps`, `Run`, `Step`, and the items of the groups around the step.
  private let data: JSONValue

  init(_ step: StepContext) {
    var members: [String: JSONValue] = step.item?.object ?? [:]
    members["Params"] = step.params
    members["Steps"] = Self.nested(step.inputs)
    members["Run"] = step.run
    members["Step"] = ["name": .string(step.name), "attempt": .int(Int64(step.attempt))]
    data = .object(members)
  }

  /// A step of a group is called GROUP.STEP; expressions go there step by step.
  private static func nested(_ inputs: [String: JSONValue]) -> JSONValue {
    var result: [String: JSONValue] = [:]
    for (name, outputs) in inputs {
      // A hook's step is called onFailure:STEP by the engine, and STEP by the other steps of its hook.
      let own = name.split(separator: ":").last ?? ""
      insert(outputs, at: own.split(separator: ".").map(String.init)[...], into: &result)
    }
    return .object(result)
  }

  private static func insert(_ value: JSONValue, at path: ArraySlice<String>, into members: inout [String: JSONValue]) {
    guard let first = path.first else { return }
    if path.count == 1 {
      members[first] = value
    } else {
      var inner = members[first]?.object ?? [:]
      insert(value, at: path.dropFirst(), into: &inner)
      members[first] = .object(inner)
    }
  }

  /// A value with every expression in it evaluated. A text that is one expression becomes what that gives, of any type.
  /// - Throws: a permanent `StepFailure` that names the place.
  func value(of value: JSONValue, at place: String) throws(StepFailure) -> JSONValue {
    switch value {
    case .string(let text): return try evaluate(text, at: place)
    case .array(let elements):
      var result: [JSONValue] = []
      for (index, element) in elements.enumerated() {
        result.append(try self.value(of: element, at: "\(place)[\(index)]"))
      }
      return .array(result)
    case .object(let members):
      var result: [String: JSONValue] = [:]
      for (key, member) in members { result[key] = try self.value(of: member, at: "\(place).\(key)") }
      return .object(result)
    case .null, .bool, .int, .double: return value
    }
  }

  private func evaluate(_ text: String, at place: String) throws(StepFailure) -> JSONValue {
    guard text.contains("{{") else { return .string(text) }
    let value: Value
    do throws(TemplateError) {
      let options = RenderOptions(missingKey: .error, refusesToPrintNull: true)
      // The data is made anew each time, since functions such as `set` change what they are given.
      value = try Template(text).evaluate(templateData(), options: options)
    } catch {
      throw StepFailure(.permanent, "the expression in '\(place)' can't be evaluated: \(error.message)")
    }
    guard let json = value.json else {
      throw StepFailure(.permanent, "the expression in '\(place)' gives a value that JSON doesn't have")
    }
    return json
  }

  private func templateData() -> Value {
    let value = Value(data)
    guard case .map(let root) = value, case .map(let run)? = root.entries["Run"] else { return value }
    // Times as times, so that `date` takes them.
    for key in ["submittedAt", "slot"] {
      if case .string(let text)? = run.entries[key] { run.entries[key] = .time(rfc3339: text) ?? .string(text) }
    }
    return value
  }
}
