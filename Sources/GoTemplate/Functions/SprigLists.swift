extension Function {
  /// Lists. Each function that can fail has a twin that begins with "must", which here does the same.
  static let sprigLists: [Function] = building + withMust(picking + changing)

  /// These functions, and each again by the name that begins with "must".
  static func withMust(_ functions: [Function]) -> [Function] {
    functions + functions.map { $0.named("must" + $0.name.prefix(1).uppercased() + $0.name.dropFirst()) }
  }

  private static let building: [Function] = [
    Function("list", rest: .any) { .list($0.values) },
    Function("tuple", rest: .any) { .list($0.values) },
    Function("until", .int) { try numbers(from: 0, to: $0.int(0), by: $0.int(0) < 0 ? -1 : 1, $0) },
    Function("untilStep", .int, .int, .int) { try numbers(from: $0.int(0), to: $0.int(1), by: $0.int(2), $0) },
    Function("seq", rest: .int) { .string(try sequence($0).map { $0.text }.joined(separator: " ")) },
    Function("concat", rest: .any) { arguments in
      var result: [Value] = []
      for list in arguments.values {
        let elements = try elements(of: list, for: "concat")
        try arguments.checkElements(result.count + elements.count)
        result += elements
      }
      return .list(ListValue(result, isNil: result.isEmpty))
    },
  ]

  private static let picking: [Function] = [
    Function("first", .any) { try elements(of: $0[0], for: "first").first ?? .null },
    Function("last", .any) { try elements(of: $0[0], for: "last").last ?? .null },
    Function("rest", .any) { arguments in
      let elements = try elements(of: arguments[0], for: "rest")
      return .list(ListValue(Array(elements.dropFirst()), isNil: elements.isEmpty))
    },
    Function("initial", .any) { arguments in
      let elements = try elements(of: arguments[0], for: "initial")
      return .list(ListValue(Array(elements.dropLast()), isNil: elements.isEmpty))
    },
    Function("slice", .any, rest: .any) { try slice($0) },
    Function("has", .any, .any) { arguments in
      if arguments[1].isNull { return .bool(false) }
      var budget = VisitBudget()
      return .bool(try contains(arguments[0], in: try elements(of: arguments[1], for: "has"), &budget))
    },
  ]

  private static let changing: [Function] =
    [append, append.named("push")] + [
      Function("prepend", .any, .any) { arguments in
        let elements = try elements(of: arguments[0], for: "prepend")
        try arguments.checkElements(elements.count + 1)
        return .list([arguments[1]] + elements)
      },
      Function("reverse", .any) { .list(try elements(of: $0[0], for: "reverse").reversed()) },
      Function("compact", .any) { .list(try elements(of: $0[0], for: "compact").filter(\.isTrue)) },
      Function("uniq", .any) { arguments in
        var budget = VisitBudget()
        var result: [Value] = []
        for element in try elements(of: arguments[0], for: "uniq") where try !contains(element, in: result, &budget) {
          result.append(element)
        }
        return .list(result)
      },
      Function("without", .any, rest: .any) { arguments in
        var budget = VisitBudget()
        let omitted = arguments.from(1)
        return .list(try elements(of: arguments[0], for: "without").filter { try !contains($0, in: omitted, &budget) })
      },
      Function("chunk", .int, .any) { arguments in
        let (size, elements) = (arguments.int(0), try elements(of: arguments[1], for: "chunk"))
        guard size > 0 else { throw FunctionError("'chunk' needs a size of 1 or more; got \(size)") }
        let starts = stride(from: 0, to: elements.count, by: size)
        let chunks = starts.map { Value.list(Array(elements[$0..<min(elements.count - $0, size) + $0])) }
        return .list(ListValue(chunks, of: .list(.any)))
      },
    ]

  private static let append = Function("append", .any, .any) { arguments in
    let elements = try elements(of: arguments[0], for: "append")
    try arguments.checkElements(elements.count + 1)
    return .list(elements + [arguments[1]])
  }
}

private func elements(of value: Value, for function: String) throws -> [Value] {
  if let elements = value.elements { return elements }
  if value.isNull { throw FunctionError("'\(function)' of nothing: the value is missing or null; use default (list)") }
  throw FunctionError("'\(function)' takes a list; got \(value.typeName)")
}

private func contains(_ value: Value, in list: [Value], _ budget: inout VisitBudget) throws -> Bool {
  for element in list where try isDeeplyEqual(element, value, &budget) { return true }
  return false
}

private func slice(_ arguments: Arguments) throws -> Value {
  let elements = try elements(of: arguments[0], for: "slice")
  if elements.isEmpty { return .null }
  let start = arguments.count > 1 ? arguments[1].sprigInteger : 0
  let end = arguments.count > 2 ? arguments[2].sprigInteger : Int64(elements.count)
  guard 0 <= start, start <= end, end <= elements.count else {
    throw FunctionError("there are no elements \(start) to \(end): the list has \(elements.count), counted from 0")
  }
  let part = Array(elements[Int(start)..<Int(end)])
  switch arguments[0] {
  case .bytes(let bytes): return .bytes(Array(bytes[Int(start)..<Int(end)]))
  case .list(let list): return .list(ListValue(part, of: list.element))
  default: return .list(part)
  }
}

/// The numbers from `start` to before `end`; none if the step leads away from it.
private func numbers(from start: Int, to end: Int, by step: Int, _ arguments: Arguments) throws -> Value {
  guard step != 0, end < start ? step < 0 : step > 0 else { return .list(ListValue([], of: .int)) }
  let (distance, overflow) = end.subtractingReportingOverflow(start)
  let count = distance.magnitude / step.magnitude + (distance.magnitude % step.magnitude == 0 ? 0 : 1)
  try arguments.checkElements(overflow ? .max : Int(clamping: count))
  return .list(ListValue(stride(from: start, to: end, by: step).map { .int($0) }, of: .int))
}

/// `seq`'s numbers, which include the end: of one number from 1, of two from the first, of three with the middle as step.
private func sequence(_ arguments: Arguments) throws -> [Value] {
  guard (1...3).contains(arguments.count) else { return [] }
  let start = arguments.count == 1 ? 1 : arguments.int(0)
  let end = arguments.int(arguments.count - 1)
  let direction = end < start ? -1 : 1
  let step = arguments.count == 3 ? arguments.int(1) : direction
  if arguments.count == 3, end < start, step > 0 { return [] }
  let (past, overflow) = end.addingReportingOverflow(direction)
  let numbers = try numbers(from: start, to: overflow ? end : past, by: step, arguments)
  return numbers.elements ?? []
}
