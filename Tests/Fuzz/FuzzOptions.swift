/// What a run of the fuzzer is to do.
struct FuzzOptions: Sendable {
  static let usage = """
    usage: holdfast-fuzz yaml|template|restic [--count N] [--seconds S] [--seed N] [--first N] [--show]

    Feeds a parser with broken inputs and checks what must always hold. Input number N of a seed is always the same.
    --count N    how many inputs (1000000)
    --seconds S  stop after so many seconds
    --seed N     which inputs (by chance, and printed)
    --first N    the number of the first input (0): with --count 1 and --show, the one that a crash named
    --show       print each input
    """

  var target: any FuzzTarget.Type
  var count: UInt64 = 1_000_000
  var seconds: Int?
  var seed = UInt64.random(in: 0..<1_000_000_000)
  var first: UInt64 = 0
  var show = false

  init(_ target: any FuzzTarget.Type) { self.target = target }

  init(_ arguments: ArraySlice<String>) throws(FuzzUsageError) {
    var arguments = arguments
    switch arguments.popFirst() {
    case "yaml": self.init(YAMLTarget.self)
    case "template": self.init(TemplateTarget.self)
    case "restic": self.init(ResticTarget.self)
    default: throw FuzzUsageError(description: Self.usage)
    }
    while let argument = arguments.popFirst() {
      switch argument {
      case "--count": count = try Self.number(&arguments)
      case "--seconds": seconds = Int(try Self.number(&arguments))
      case "--seed": seed = try Self.number(&arguments)
      case "--first": first = try Self.number(&arguments)
      case "--show": show = true
      default: throw FuzzUsageError(description: Self.usage)
      }
    }
  }

  private static func number(_ arguments: inout ArraySlice<String>) throws(FuzzUsageError) -> UInt64 {
    guard let number = arguments.popFirst().flatMap({ UInt64($0) }), number <= UInt64(Int.max / 2) else {
      throw FuzzUsageError(description: usage)
    }
    return number
  }
}

/// A command line that is not understood.
struct FuzzUsageError: Error, CustomStringConvertible {
  var description: String
}
