import JSON
import TestSupport
import Testing

@testable import GoTemplate

/// Calls every function with whatever fits its parameters: none may trap, whatever it gives.
@Suite("Functions under any arguments")
struct SprigRobustnessTests {
  @Test("no arguments make a function trap", arguments: FunctionTable.all.names)
  func anyArguments(name: String) throws {
    let function = try #require(FunctionTable.all[name])
    let seed = UInt64.random(in: 0...UInt64.max)
    print("function \(name): seed \(seed)")
    var random = SplitMix64(seed: seed)
    var limits = TemplateLimits()
    limits.outputBytes = 10_000
    for _ in 0..<300 {
      var parameters = function.parameters
      if let rest = function.rest {
        parameters += [Parameter](repeating: rest, count: Int.random(in: 0...3, using: &random))
      }
      let values = parameters.map { value(for: $0, using: &random) }
      if let result = try? function.body(Arguments(values, limits: limits)) { #expect(result.kindName != "") }
    }
  }

  private static let integers = [0, 1, -1, 2, 3, 5, 7, 64, -5, 100, 1000, Int(Int32.max), .max, .min, .max - 1]
  private static let floats = [
    0, -0.0, 1, 0.1, -2.5, 1e-300, 1e300, 1e19, -1e19, .nan, .infinity, -.infinity, 9007199254740992,
  ]
  private static let strings = [
    "", "a", " ", "é日😀", "a b-c_D9", "HTTPServer2xx", "a,b,,c", "/a//../b.c", "..", "=", "YQ==", "MFRA====", "-1h30m",
    "1.2.3-a+b",
    ">=1.2 <2 || ^0.x", "http://u:p%40@[::1]:80/x?y#z", "://", "%", "2006-01-02T15:04:05.999Z07:00 MST Jan _2 002",
    "2024-02-29", "(a|b)*c",
    "[^a-", "(?i)\\pL{2,}", "${1}$x$", "{\"a\":[1,null]}", "a: [1, {b: c}]", "0x1F", "1e999", "-9223372036854775808",
    "Europe/Berlin",
    "\u{0}\n\t\u{7F}\u{2028}", "K\u{301}\u{212A}ſß", "[[:alpha:]]+?", "\\", "99999999999999999999h", "_a__b_",
  ]

  private func value(for parameter: Parameter, using random: inout SplitMix64) -> Value {
    switch parameter {
    case .any: anything(depth: 2, using: &random)
    case .bool: .bool(Bool.random(using: &random))
    case .int: .int(Self.integers.randomElement(using: &random) ?? 0)
    case .int64: .int64(Int64(Self.integers.randomElement(using: &random) ?? 0))
    case .float64: .float(Self.floats.randomElement(using: &random) ?? 0)
    case .string: .string(Self.strings.randomElement(using: &random) ?? "")
    case .list: .list((0..<Int.random(in: 0...3, using: &random)).map { _ in anything(depth: 1, using: &random) })
    case .map: map(depth: 1, using: &random)
    case .object: .object(time(using: &random))
    }
  }

  private func time(using random: inout SplitMix64) -> GoTime {
    GoTime(seconds: Int64(Self.integers.randomElement(using: &random) ?? 0), nanoseconds: 999_999_999)
  }

  private func map(depth: Int, using random: inout SplitMix64) -> Value {
    var entries: [String: Value] = [:]
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let keys = Self.strings + ["path", "host", "query"]
      entries[keys.randomElement(using: &random) ?? ""] = anything(depth: depth - 1, using: &random)
    }
    return .map(entries)
  }

  private func anything(depth: Int, using random: inout SplitMix64) -> Value {
    switch Int.random(in: 0..<(depth > 0 ? 11 : 8), using: &random) {
    case 0: .null
    case 1: value(for: .bool, using: &random)
    case 2: value(for: .int, using: &random)
    case 3: value(for: .int64, using: &random)
    case 4: value(for: .float64, using: &random)
    case 5: .bytes([0, 255, 65])
    case 6, 7: value(for: .string, using: &random)
    case 8: .list((0..<Int.random(in: 0...4, using: &random)).map { _ in anything(depth: depth - 1, using: &random) })
    case 9: map(depth: depth, using: &random)
    default: .object(time(using: &random))
    }
  }
}
