internal import FoundationEssentials

extension Function {
  /// Arithmetic. Whole numbers wrap around as in Go.
  static let sprigMath: [Function] = integers + fractions + conversions + rounding

  private static let integers: [Function] = [
    Function("add", rest: .any) { .int64($0.values.reduce(0) { $0 &+ $1.sprigInteger }) },
    Function("add1", .any) { .int64($0[0].sprigInteger &+ 1) },
    Function("sub", .any, .any) { .int64($0[0].sprigInteger &- $0[1].sprigInteger) },
    Function("mul", .any, rest: .any) { .int64($0.values.reduce(1) { $0 &* $1.sprigInteger }) },
    Function("div", .any, .any) { arguments in
      .int64(arguments[0].sprigInteger.dividedReportingOverflow(by: try divisor(arguments[1])).partialValue)
    },
    Function("mod", .any, .any) { arguments in
      .int64(arguments[0].sprigInteger.remainderReportingOverflow(dividingBy: try divisor(arguments[1])).partialValue)
    },
    Function("max", .any, rest: .any) { .int64(largest($0)) },
    Function("biggest", .any, rest: .any) { .int64(largest($0)) },
    Function("min", .any, rest: .any) { .int64($0.values.map(\.sprigInteger).min() ?? 0) },
  ]

  private static let fractions: [Function] = [
    Function("addf", rest: .any) { .float(decimal([.float(0)] + $0.values, { $0 + $1 }, { $0 + $1 })) },
    Function("add1f", .any) { .float(decimal([$0[0], .float(1)], { $0 + $1 }, { $0 + $1 })) },
    Function("subf", .any, rest: .any) { .float(decimal($0.values, { $0 - $1 }, { $0 - $1 })) },
    Function("mulf", .any, rest: .any) { .float(decimal($0.values, { $0 * $1 }, { $0 * $1 })) },
    Function("divf", .any, rest: .any) { arguments in
      for other in arguments.from(1) where other.sprigFloat == 0 { throw FunctionError("cannot divide by zero") }
      return .float(decimal(arguments.values, { $0 / $1 }, { $0 / $1 }))
    },
    Function("maxf", .any, rest: .any) { .float($0.values.map(\.sprigFloat).reduce(-.infinity) { max($0, $1) }) },
    Function("minf", .any, rest: .any) { .float($0.values.map(\.sprigFloat).reduce(.infinity) { min($0, $1) }) },
  ]

  private static let conversions: [Function] = [
    Function("int", .any) { .int(Int($0[0].sprigInteger)) },
    Function("int64", .any) { .int64($0[0].sprigInteger) },
    Function("float64", .any) { .float($0[0].sprigFloat) },
    Function("atoi", .string) { .int(Int($0.string(0)) ?? 0) },
    // Reads octal digits, such as a file mode.
    Function("toDecimal", .any) { .int64(Int64($0[0].text, radix: 8) ?? 0) },
  ]

  private static let rounding: [Function] = [
    Function("floor", .any) { .float($0[0].sprigFloat.rounded(.down)) },
    Function("ceil", .any) { .float($0[0].sprigFloat.rounded(.up)) },
    Function("round", .any, .int, rest: .float64) { arguments in
      let threshold = arguments.count > 2 ? arguments.float(2) : 0.5
      let power = powerOfTen(arguments.int(1))
      let shifted = power * arguments[0].sprigFloat
      // Only a positive rest reaches the threshold, so that -2.1 becomes -3, as in sprig.
      let isUp = shifted - shifted.rounded(.towardZero) >= threshold
      return .float(shifted.rounded(isUp ? .up : .down) / power)
    },
  ]

  private static func largest(_ arguments: Arguments) -> Int64 { arguments.values.map(\.sprigInteger).max() ?? 0 }

  private static func divisor(_ value: Value) throws -> Int64 {
    let divisor = value.sprigInteger
    if divisor == 0 {
      throw FunctionError("cannot divide by zero; \(value.typeName) '\(value.text.prefix(40))' counts as 0")
    }
    return divisor
  }

  private static func powerOfTen(_ exponent: Int) -> Double { Double("1e\(exponent)") ?? 1 }

  /// Computes with decimal digits, so that 0.1 and 0.2 make 0.3; very large and small numbers as floats.
  private static func decimal(
    _ values: [Value], _ exact: (Decimal, Decimal) -> Decimal, _ float: (Double, Double) -> Double
  ) -> Double {
    let floats = values.map(\.sprigFloat)
    guard let first = floats.first else { return 0 }
    let decimals = floats.compactMap { value in
      value == 0 || (1e-9...1e12).contains(value.magnitude) ? Decimal(string: value.description) : nil
    }
    if decimals.count == floats.count,
      let result = Double(decimals.dropFirst().reduce(decimals[0], exact).description), result.isFinite
    {
      return result
    }
    return floats.dropFirst().reduce(first, float)
  }
}
