/// What bounds functions that make something of any size, beside `TemplateLimits`.
enum SprigLimits {
  /// How many elements a list may get.
  static let listElements = 1_000_000
  /// How deep values are copied, merged and compared; a map can be made to hold itself.
  static let nesting = 200
  /// How many values one call copies, merges or compares: nested lists can share what they hold, and so seem endless.
  static let visitedValues = 1_000_000
}

extension Arguments {
  /// Refuses to make a list of this many elements if that is above the limit.
  func checkElements(_ count: Int) throws {
    guard count <= SprigLimits.listElements else {
      throw FunctionError(
        "it would make a list of \(count) elements, and the limit is \(SprigLimits.listElements); ask for less")
    }
  }

  /// The time that a parameter of type `time.Time` got.
  func time(_ index: Int) -> GoTime {
    if case .object(let object) = self[index], let time = object as? GoTime { time } else { .zero }
  }
}

/// Counts what one call visits in nested values.
struct VisitBudget {
  private var left = SprigLimits.visitedValues

  mutating func visit(depth: Int) throws {
    left -= 1
    guard left > 0, depth < SprigLimits.nesting else {
      throw FunctionError(
        "the value is too large: more than \(SprigLimits.visitedValues) values, or \(SprigLimits.nesting) levels deep")
    }
  }
}

extension Value {
  /// The text that sprig's functions take: a string as it is, bytes as the text they spell, else what `%v` prints.
  var sprigText: String {
    if case .bytes(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { text }
  }

  var isNull: Bool { if case .null = self { true } else { false } }

  /// The elements of a list or of bytes; nil for other values.
  var elements: [Value]? {
    switch self {
    case .list(let list): list.elements
    case .bytes(let bytes): bytes.map { .byte($0) }
    default: nil
    }
  }

  /// What sprig's arithmetic makes of a value: floats are cut, strings read as whole numbers, and what is none is 0.
  var sprigInteger: Int64 {
    switch self {
    case .int(let value): Int64(value)
    case .int64(let value): value
    case .byte(let value): Int64(value)
    case .float(let value): Int64(cutting: value)
    case .string(let value): Int64(value) ?? 0
    case .bool(let value): value ? 1 : 0
    case .object(let object): (object as? GoDuration)?.nanoseconds ?? 0
    default: 0
    }
  }

  /// The same with a fraction.
  var sprigFloat: Double {
    switch self {
    case .float(let value): value
    case .string(let value): Double(goText: value) ?? 0
    default: Double(sprigInteger)
    }
  }

  /// The strings of a list, without nils; anything else is a list of one.
  var sprigStrings: [String] {
    if let elements { return elements.filter { !$0.isNull }.map(\.sprigText) }
    return isNull ? [] : [sprigText]
  }
}

extension Int64 {
  /// The whole part; as on Go's usual processors the lowest number if there is no such Int64.
  init(cutting value: Double) { self = Int64(exactly: value.rounded(.towardZero)) ?? .min }
}

extension Double {
  /// The number that Go's `ParseFloat` reads: no blanks, no hexadecimal digits without an exponent.
  init?(goText text: String) {
    let isDecimal = text.utf8.allSatisfy { isDigit($0) || "+-.eE".utf8.contains($0) }
    let isSpecial = ["inf", "infinity", "nan"].contains(
      (text.hasPrefix("+") || text.hasPrefix("-") ? String(text.dropFirst()) : text).lowercased())
    guard isDecimal || isSpecial else { return nil }
    self.init(text)
  }
}

/// Go's `reflect.DeepEqual`: same types, same contents.
func isDeeplyEqual(_ left: Value, _ right: Value, _ budget: inout VisitBudget, depth: Int = 0) throws -> Bool {
  try budget.visit(depth: depth)
  switch (left, right) {
  case (.null, .null): return true
  case (.bool(let left), .bool(let right)): return left == right
  case (.int(let left), .int(let right)): return left == right
  case (.int64(let left), .int64(let right)): return left == right
  case (.byte(let left), .byte(let right)): return left == right
  case (.float(let left), .float(let right)): return left == right
  case (.string(let left), .string(let right)): return isSameText(left, right)
  case (.bytes(let left), .bytes(let right)): return left == right
  case (.nilPointer(let left), .nilPointer(let right)): return left == right
  case (.object(let left), .object(let right)): return left.typeName == right.typeName && left.isEqual(to: right)
  case (.list(let left), .list(let right)):
    guard left.element == right.element, left.isNil == right.isNil, left.elements.count == right.elements.count
    else { return false }
    for (left, right) in zip(left.elements, right.elements) {
      guard try isDeeplyEqual(left, right, &budget, depth: depth + 1) else { return false }
    }
    return true
  case (.map(let left), .map(let right)):
    if left === right { return true }
    guard left.element == right.element, left.isNil == right.isNil, left.entries.count == right.entries.count
    else { return false }
    for (key, value) in left.entries {
      guard let other = right.entries[key], try isDeeplyEqual(value, other, &budget, depth: depth + 1)
      else { return false }
    }
    return true
  case (.structure(let left), .structure(let right)):
    guard left.type == right.type, left.isPointer == right.isPointer else { return false }
    for (left, right) in zip(left.fields, right.fields) {
      guard try isDeeplyEqual(left, right, &budget, depth: depth + 1) else { return false }
    }
    return true
  default: return false
  }
}
