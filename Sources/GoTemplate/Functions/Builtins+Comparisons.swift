extension Function {
  static let builtinComparisons: [Function] = [
    Function("eq", .any, rest: .any) { arguments in
      guard arguments.count > 1 else { throw FunctionError("it needs at least two values to compare") }
      for other in arguments.from(1) where try isEqual(arguments[0], other) { return .bool(true) }
      return .bool(false)
    },
    Function("ne", .any, .any) { .bool(try !isEqual($0[0], $0[1])) },
    Function("lt", .any, .any) { .bool(try isLess($0[0], $0[1])) },
    Function("le", .any, .any) { .bool(try isLess($0[0], $0[1]) || isEqual($0[0], $0[1])) },
    Function("gt", .any, .any) { .bool(try !isLess($0[0], $0[1]) && !isEqual($0[0], $0[1])) },
    Function("ge", .any, .any) { .bool(try !isLess($0[0], $0[1])) },
  ]
}

/// Go's `eq`. Numbers of different kinds, such as 3 and 3.0, cannot be compared.
private func isEqual(_ left: Value, _ right: Value) throws -> Bool {
  if let left = left.wholeNumber, let right = right.wholeNumber { return left == right }
  switch (left, right) {
  case (.bool(let left), .bool(let right)): return left == right
  case (.float(let left), .float(let right)): return left == right
  case (.string(let left), .string(let right)): return isSameText(left, right)
  case (.null, .null): return true
  case (.null, _): return right.isNilReference
  case (_, .null): return left.isNilReference
  case (.nilPointer(let left), .nilPointer(let right)) where left == right: return true
  case (.nilPointer(let nothing), .structure(let value)), (.structure(let value), .nilPointer(let nothing)):
    if value.isPointer && value.type == nothing { return false }
  case (.object(let left), .object(let right)) where left.typeName == right.typeName: return left.isEqual(to: right)
  case (.structure(let left), .structure(let right)) where left.type == right.type && left.isPointer == right.isPointer:
    for (left, right) in zip(left.fields, right.fields) where try !isEqual(left, right) { return false }
    return true
  default: break
  }
  throw incomparable(left, right)
}

/// Go's `lt`, for numbers of one kind and for strings.
private func isLess(_ left: Value, _ right: Value) throws -> Bool {
  if let left = left.wholeNumber, let right = right.wholeNumber { return left < right }
  switch (left, right) {
  case (.float(let left), .float(let right)): return left < right
  case (.string(let left), .string(let right)): return isInByteOrder(left, right)
  default: throw incomparable(left, right)
  }
}

private func incomparable(_ left: Value, _ right: Value) -> FunctionError {
  var advice = "; compare values of the same type"
  switch (left, right) {
  case (.float, _) where right.wholeNumber != nil, (_, .float) where left.wholeNumber != nil:
    advice = "; write the number as 3.0, or turn the data into a whole number with int"
  case (.string, _), (_, .string): advice = "; turn the other into text with toString"
  default: break
  }
  return FunctionError("cannot compare \(left.typeName) with \(right.typeName)" + advice)
}

extension Value {
  /// The number, if this is one of the integer types, which are comparable with one another.
  var wholeNumber: Int64? {
    switch self {
    case .int(let value): Int64(value)
    case .int64(let value): value
    case .byte(let value): Int64(value)
    default: nil
    }
  }

  /// Whether this is a nil list, map or pointer, which equals nil.
  fileprivate var isNilReference: Bool {
    switch self {
    case .list(let list): list.isNil
    case .map(let map): map.isNil
    case .nilPointer: true
    default: false
    }
  }
}
