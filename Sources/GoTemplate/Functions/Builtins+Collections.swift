extension Function {
  static let builtinCollections: [Function] = [
    Function("len", .any) { .int(try length(of: $0[0])) },
    Function("index", .any, rest: .any) { arguments in
      var item = arguments[0]
      for key in arguments.from(1) { item = try element(of: item, at: key) }
      return item
    },
    Function("slice", .any, rest: .any) { try part(of: $0[0], $0.from(1)) },
  ]
}

private func length(of value: Value) throws -> Int {
  switch value {
  case .string(let text): return text.utf8.count
  case .bytes(let bytes): return bytes.count
  case .list(let list): return list.elements.count
  case .map(let map): return map.entries.count
  case .null: throw FunctionError("there is nothing to measure: the value is missing or null")
  default: throw FunctionError("it takes text, a list or a map; got \(value.typeName)")
  }
}

/// One step of `index`.
private func element(of value: Value, at key: Value) throws -> Value {
  switch value {
  case .map(let map):
    guard case .string(let name) = key else {
      throw FunctionError("a map needs a name in quotes; got \(key.typeName)")
    }
    return map.entries[name] ?? map.element.zero
  case .list(let list): return list.elements[try position(key, below: list.elements.count)]
  case .bytes(let bytes): return .byte(bytes[try position(key, below: bytes.count)])
  case .string(let text):
    let bytes = text.utf8
    return .byte(bytes[bytes.index(bytes.startIndex, offsetBy: try position(key, below: bytes.count))])
  case .null, .nilPointer:
    throw FunctionError("there is nothing to look into: the value before key \(key.text) is missing or null")
  case .structure(let structure):
    throw FunctionError("it cannot look into \(structure.type.name); write its field as .\(key.text)")
  default: throw FunctionError("it takes a list or a map; got \(value.typeName)")
  }
}

private func position(_ key: Value, below count: Int, orEnd: Bool = false) throws -> Int {
  guard let number = key.wholeNumber else {
    throw FunctionError("a position has to be a whole number; got \(key.typeName); turn it into one with int")
  }
  guard number >= 0, number < count + (orEnd ? 1 : 0) else {
    throw FunctionError(
      "there is no position \(number): it has \(count) \(count == 1 ? "element" : "elements"), counted from 0")
  }
  return Int(number)
}

/// Go's `slice`: up to three positions, and only two for text.
private func part(of value: Value, _ keys: [Value]) throws -> Value {
  guard keys.count <= 3 else { throw FunctionError("it takes at most three positions; got \(keys.count)") }
  func range(_ count: Int) throws -> Range<Int> {
    let start = try keys.isEmpty ? 0 : position(keys[0], below: count, orEnd: true)
    let end = try keys.count < 2 ? count : position(keys[1], below: count, orEnd: true)
    let most = try keys.count < 3 ? count : position(keys[2], below: count, orEnd: true)
    guard start <= end, end <= most else {
      throw FunctionError("from \(start) to \(end) of \(most) goes backwards")
    }
    return start..<end
  }
  switch value {
  case .string(let text):
    guard keys.count < 3 else { throw FunctionError("for text it takes at most two positions") }
    return .string(String(decoding: Array(text.utf8)[try range(text.utf8.count)], as: UTF8.self))
  case .bytes(let bytes): return .bytes(Array(bytes[try range(bytes.count)]))
  case .list(let list): return .list(ListValue(Array(list.elements[try range(list.elements.count)]), of: list.element))
  case .null: throw FunctionError("there is nothing to cut: the value is missing or null")
  default: throw FunctionError("it takes text or a list; got \(value.typeName)")
  }
}
