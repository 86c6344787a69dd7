/// Go's `fmt.Sprintf`.
/// - Throws: `FunctionError` if a width or precision is above the limit.
func sprintf(_ format: String, _ values: [Value], limits: TemplateLimits) throws -> String {
  var formatting = Formatting(format: Array(format.utf8), values: values, limits: limits)
  return try formatting.run()
}

/// One run over a format string.
private struct Formatting {
  let format: [UInt8]
  let values: [Value]
  let limits: TemplateLimits
  var printer = Printer()
  /// The next byte of the format.
  var position = 0
  /// The next value.
  var next = 0
  /// Whether an index such as `[2]` was used: then values that are left over are no mistake.
  var isReordered = false
  /// Whether the index of the current verb can be used.
  var isIndexGood = true

  init(format: [UInt8], values: [Value], limits: TemplateLimits) {
    self.format = format
    self.values = values
    self.limits = limits
  }

  mutating func run() throws -> String {
    while position < format.count {
      let percent = format[position...].firstIndex(of: UInt8(ascii: "%")) ?? format.count
      printer.output += String(decoding: format[position..<percent], as: UTF8.self)
      guard percent < format.count else { break }
      position = percent + 1
      try formatOne()
      guard printer.output.utf8.count <= limits.outputBytes else { throw FunctionError(tooLong) }
    }
    if !isReordered && next < values.count { reportExtra() }
    return printer.output
  }

  private var tooLong: String { "the text would be longer than the limit of \(limits.outputBytes) bytes" }

  private mutating func formatOne() throws {
    printer.flags = .init()
    isIndexGood = true
    readFlags()
    var afterIndex = readIndex()
    if take("*") {
      printer.flags.width = intArgument()
      if printer.flags.width == nil { printer.output += "%!(BADWIDTH)" }
      if let width = printer.flags.width, width < 0 {
        printer.flags.width = -width
        printer.flags.minus = true
      }
      afterIndex = false
    } else {
      printer.flags.width = readNumber()
      if afterIndex && printer.flags.width != nil { isIndexGood = false }
    }
    if take(".") {
      if afterIndex { isIndexGood = false }
      afterIndex = readIndex()
      if take("*") {
        let precision = intArgument()
        printer.flags.precision = precision.flatMap { $0 < 0 ? nil : $0 }
        if printer.flags.precision == nil { printer.output += "%!(BADPREC)" }
        afterIndex = false
      } else {
        printer.flags.precision = readNumber() ?? 0
      }
    }
    if !afterIndex { _ = readIndex() }
    guard max(printer.flags.width ?? 0, printer.flags.precision ?? 0) <= limits.outputBytes else {
      throw FunctionError(tooLong)
    }
    guard let verb = readVerb() else {
      printer.output += "%!(NOVERB)"
      return
    }
    if verb == "%" {
      printer.output += "%"
    } else if !isIndexGood {
      printer.output += "%!\(Character(verb))(BADINDEX)"
    } else if next >= values.count {
      printer.output += "%!\(Character(verb))(MISSING)"
    } else {
      if verb == "v" {
        printer.flags.isGoSyntax = printer.flags.sharp
        printer.flags.sharp = false
        printer.flags.showsFieldNames = printer.flags.plus
        printer.flags.plus = false
      }
      printer.print(values[next], verb: verb, depth: 0)
      next += 1
    }
  }

  private mutating func reportExtra() {
    printer.flags = .init()
    printer.output += "%!(EXTRA "
    for (index, value) in values[next...].enumerated() {
      if index > 0 { printer.output += ", " }
      if case .null = value {
        printer.output += "<nil>"
      } else {
        printer.output += value.typeName + "="
        printer.print(value, verb: "v", depth: 0)
      }
    }
    printer.output += ")"
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard position < format.count, format[position] == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  private mutating func readFlags() {
    while position < format.count {
      switch format[position] {
      case UInt8(ascii: "#"): printer.flags.sharp = true
      case UInt8(ascii: "0"): printer.flags.zero = true
      case UInt8(ascii: "+"): printer.flags.plus = true
      case UInt8(ascii: "-"): printer.flags.minus = true
      case UInt8(ascii: " "): printer.flags.space = true
      default: return
      }
      position += 1
    }
  }

  /// A decimal number. Go takes none above a million.
  private mutating func readNumber() -> Int? {
    let start = position
    var number = 0
    while position < format.count, case let digit = Int(format[position]) - 48, (0...9).contains(digit) {
      number = number * 10 + digit
      position += 1
      if number > 1_000_000 { return nil }
    }
    return position > start ? number : nil
  }

  /// An index in brackets, which moves to that value. Whether there was one.
  private mutating func readIndex() -> Bool {
    guard position < format.count, format[position] == UInt8(ascii: "[") else { return false }
    isReordered = true
    guard let end = format[position...].firstIndex(of: UInt8(ascii: "]")) else {
      isIndexGood = false
      position += 1
      return false
    }
    position += 1
    let index = readNumber()
    if let index, position == end, index >= 1, index <= values.count {
      next = index - 1
    } else {
      isIndexGood = false
    }
    position = end + 1
    return true
  }

  /// The next value as a width or precision; nil if it is none.
  private mutating func intArgument() -> Int? {
    guard next < values.count else { return nil }
    defer { next += 1 }
    let number: Int
    switch values[next] {
    case .int(let value): number = value
    case .int64(let value): number = Int(value)
    case .byte(let value): number = Int(value)
    default: return nil
    }
    return (-1_000_000...1_000_000).contains(number) ? number : nil
  }

  private mutating func readVerb() -> Unicode.Scalar? {
    guard position < format.count else { return nil }
    let rest = String(decoding: format[position...].prefix(4), as: UTF8.self)
    guard let verb = rest.unicodeScalars.first else { return nil }
    position += UTF8.width(verb)
    return verb
  }
}
