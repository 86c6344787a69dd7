extension Function {
  /// Random texts and numbers, from the system's source. They differ each time, so a template that uses them does, too.
  static let sprigRandom: [Function] = [
    Function("uuidv4") { _ in .string(randomUUID()) },
    Function("randAlpha", .int) { try randomText($0, letters) },
    Function("randNumeric", .int) { try randomText($0, digits) },
    Function("randAlphaNum", .int) { try randomText($0, letters + digits) },
    Function("randAscii", .int) { try randomText($0, Array(0x20...0x7E)) },
    // Base64 of this many bytes.
    Function("randBytes", .int) { arguments in
      let bytes = try random(arguments.int(0), Array(0...255), arguments)
      return .string(BaseEncoding.base64.encode(bytes))
    },
    Function("randInt", .int, .int) { arguments in
      let (low, high) = (arguments.int(0), arguments.int(1))
      guard low < high else {
        throw FunctionError("'randInt' needs a first number below the second; got \(low) and \(high)")
      }
      return .int(Int.random(in: low..<high))
    },
  ]

  private static let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
  private static let digits = Array("0123456789".utf8)

  /// Each character is a call of the system, and no password is as long.
  private static let longestRandom = 1 << 16

  private static func randomText(_ arguments: Arguments, _ alphabet: [UInt8]) throws -> Value {
    .string(String(decoding: try random(arguments.int(0), alphabet, arguments), as: UTF8.self))
  }

  private static func random(_ count: Int, _ alphabet: [UInt8], _ arguments: Arguments) throws -> [UInt8] {
    guard count >= 0 else { throw FunctionError("the length is \(count), but cannot be negative") }
    guard count <= longestRandom else {
      throw FunctionError("the length is \(count), but the limit of random texts is \(longestRandom)")
    }
    try arguments.checkSize(count)
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
  }

  /// A UUID of version 4 in small letters.
  private static func randomUUID() -> String {
    var generator = SystemRandomNumberGenerator()
    var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    let text = bytes.map { hexadecimal(UInt32($0), digits: 2) }
    return [text[0..<4], text[4..<6], text[6..<8], text[8..<10], text[10...]].map { $0.joined() }.joined(separator: "-")
  }
}
