extension Function {
  /// Maps. `set`, `unset` and the merging functions change the map that they are given, as in Go.
  static let sprigDicts: [Function] = entries + combining

  private static let entries: [Function] = [
    Function("dict", rest: .any) { arguments in
      var entries: [String: Value] = [:]
      for index in stride(from: 0, to: arguments.count, by: 2) {
        entries[arguments[index].sprigText] = index + 1 < arguments.count ? arguments[index + 1] : .string("")
      }
      return .map(entries)
    },
    Function("get", .map, .string) { $0.map(0).entries[$0.string(1)] ?? .string("") },
    Function("set", .map, .string, .any) { arguments in
      let map = try writable(arguments.map(0))
      try arguments.checkElements(map.entries.count + 1)
      map.entries[arguments.string(1)] = arguments[2]
      return arguments[0]
    },
    Function("unset", .map, .string) { arguments in
      arguments.map(0).entries[arguments.string(1)] = nil
      return arguments[0]
    },
    Function("hasKey", .map, .string) { .bool($0.map(0).entries[$0.string(1)] != nil) },
    Function("pluck", .string, rest: .map) { arguments in
      .list((1..<max(1, arguments.count)).compactMap { arguments.map($0).entries[arguments.string(0)] })
    },
    // Go gives keys and values in any order; sorted ones make every run the same.
    Function("keys", rest: .map) { arguments in
      .strings((0..<arguments.count).flatMap { arguments.map($0).sortedKeys })
    },
    Function("values", .map) { arguments in
      let map = arguments.map(0)
      return .list(map.sortedKeys.map { map.entries[$0] ?? .null })
    },
    Function("pick", .map, rest: .string) { arguments in
      let keys = Set((1..<max(1, arguments.count)).map { arguments.string($0) })
      return .map(arguments.map(0).entries.filter { keys.contains($0.key) })
    },
    Function("omit", .map, rest: .string) { arguments in
      let keys = Set((1..<max(1, arguments.count)).map { arguments.string($0) })
      return .map(arguments.map(0).entries.filter { !keys.contains($0.key) })
    },
    Function("dig", rest: .any) { try dig($0.values) },
  ]

  private static let combining: [Function] = withMust([
    Function("merge", .map, rest: .map) { try merge($0, overwrites: false) },
    Function("mergeOverwrite", .map, rest: .map) { try merge($0, overwrites: true) },
    Function("deepCopy", .any) { arguments in
      var budget = VisitBudget()
      return try copy(arguments[0], &budget, depth: 0)
    },
  ])
}

private func writable(_ map: MapValue) throws -> MapValue {
  if map.isNil { throw FunctionError("the map is nil, so nothing can be added to it; begin with dict") }
  return map
}

/// `dig "a" "b" "default" map`: what lies at `.a.b`.
private func dig(_ values: [Value]) throws -> Value {
  guard values.count >= 3 else { throw FunctionError("'dig' needs at least a key, a default and a map") }
  let fallback = values[values.count - 2]
  var value = values[values.count - 1]
  for key in values.dropLast(2) {
    guard case .string(let key) = key else { throw FunctionError("'dig' takes keys in quotes; got \(key.typeName)") }
    guard case .map(let map) = value, map.element == .any else {
      throw FunctionError("'dig' looks for '\(key)' in a \(value.typeName), which is no map")
    }
    guard let next = map.entries[key] else { return fallback }
    value = next
  }
  return value
}

private func merge(_ arguments: Arguments, overwrites: Bool) throws -> Value {
  var budget = VisitBudget()
  for index in 1..<max(1, arguments.count) {
    try merge(arguments.map(index), into: try writable(arguments.map(0)), overwrites, &budget, depth: 0)
  }
  return arguments[0]
}

/// Adds what `source` has. Maps in both are merged; of anything else `target` keeps what is not empty, or is overwritten.
private func merge(
  _ source: MapValue, into target: MapValue, _ overwrites: Bool, _ budget: inout VisitBudget, depth: Int
) throws {
  if source === target { return }
  for key in source.sortedKeys {
    try budget.visit(depth: depth)
    let new = source.entries[key] ?? .null
    if case .map(let inner) = new, case .map(let old)? = target.entries[key], !old.entries.isEmpty {
      try merge(inner, into: old, overwrites, &budget, depth: depth + 1)
    } else if overwrites || (target.entries[key]?.isTrue != true && !new.isNull) {
      target.entries[key] = new
    }
  }
}

private func copy(_ value: Value, _ budget: inout VisitBudget, depth: Int) throws -> Value {
  try budget.visit(depth: depth)
  switch value {
  case .list(var list):
    list.elements = try list.elements.map { try copy($0, &budget, depth: depth + 1) }
    return .list(list)
  case .map(let map):
    let entries = try map.entries.mapValues { try copy($0, &budget, depth: depth + 1) }
    return .map(MapValue(entries, of: map.element, isNil: map.isNil))
  case .structure(var structure):
    structure.fields = try structure.fields.map { try copy($0, &budget, depth: depth + 1) }
    return .structure(structure)
  default: return value
  }
}
