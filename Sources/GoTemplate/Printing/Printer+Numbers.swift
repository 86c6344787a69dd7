internal import Glibc

extension Printer {
  mutating func printInteger(_ magnitude: UInt64, isNegative: Bool, _ verb: Unicode.Scalar, _ value: Value) {
    switch verb {
    case "v", "d": printDigits(magnitude, isNegative, radix: 10, verb)
    case "b": printDigits(magnitude, isNegative, radix: 2, verb)
    case "o", "O": printDigits(magnitude, isNegative, radix: 8, verb)
    case "x", "X": printDigits(magnitude, isNegative, radix: 16, verb)
    case "c": pad(String(Character(scalar(magnitude, isNegative))))
    case "q": pad(quoted(scalar(magnitude, isNegative), asciiOnly: flags.plus))
    case "U": printCodePoint(isNegative ? 0 &- magnitude : magnitude)
    default: badVerb(verb, value)
    }
  }

  private func scalar(_ magnitude: UInt64, _ isNegative: Bool) -> Unicode.Scalar {
    isNegative || magnitude > 0x10FFFF ? "\u{FFFD}" : Unicode.Scalar(UInt32(magnitude)) ?? "\u{FFFD}"
  }

  private mutating func printDigits(_ magnitude: UInt64, _ isNegative: Bool, radix: Int, _ verb: Unicode.Scalar) {
    var least = 0
    if let precision = flags.precision {
      if precision == 0 && magnitude == 0 { return padWithSpaces("") }
      least = precision
    } else if flags.zero && !flags.minus, let width = flags.width {
      least = width - (isNegative || flags.plus || flags.space ? 1 : 0)
    }
    var digits = String(magnitude, radix: radix, uppercase: verb == "X")
    digits = String(repeating: "0", count: max(0, least - digits.utf8.count)) + digits
    if flags.sharp {
      switch radix {
      case 2: digits = "0b" + digits
      case 8: if !digits.hasPrefix("0") { digits = "0" + digits }
      case 16: digits = (verb == "X" ? "0X" : "0x") + digits
      default: break
      }
    }
    if verb == "O" { digits = "0o" + digits }
    let sign = isNegative ? "-" : flags.plus ? "+" : flags.space ? " " : ""
    padWithSpaces(sign + digits)
  }

  private mutating func printCodePoint(_ code: UInt64) {
    var digits = String(code, radix: 16, uppercase: true)
    digits = String(repeating: "0", count: max(0, max(4, flags.precision ?? 4) - digits.utf8.count)) + digits
    var text = "U+" + digits
    if flags.sharp, code <= 0x10FFFF, let scalar = Unicode.Scalar(UInt32(code)), isPrintable(scalar) {
      text += " '\(Character(scalar))'"
    }
    padWithSpaces(text)
  }

  mutating func printFloat(_ float: Double, _ verb: Unicode.Scalar, _ value: Value) {
    guard ["v", "e", "E", "f", "F", "g", "G"].contains(verb) else { return badVerb(verb, value) }
    guard float.isFinite else {
      let sign = float.isNaN ? (flags.plus ? "+" : "") : float < 0 ? "-" : "+"
      let shown = sign + (float.isNaN ? "NaN" : "Inf")
      return padWithSpaces(float < 0 || flags.plus || float.isNaN ? shown : flags.space ? " Inf" : "+Inf")
    }
    let digits = digits(of: float.magnitude, verb)
    let sign = float.sign == .minus ? "-" : flags.plus ? "+" : flags.space ? " " : ""
    if flags.zero, !flags.minus, let width = flags.width, width > sign.utf8.count + digits.utf8.count {
      output += sign + String(repeating: "0", count: width - sign.utf8.count - digits.utf8.count) + digits
    } else {
      pad(sign + digits)
    }
  }

  private func digits(of magnitude: Double, _ verb: Unicode.Scalar) -> String {
    let isGeneral = verb == "v" || verb == "g" || verb == "G"
    if isGeneral && flags.precision == nil && !flags.sharp {
      let text = shortestText(of: magnitude)
      return verb == "G" ? text.uppercased() : text
    }
    let precision = flags.precision ?? 6
    return exactText(of: magnitude, verb: verb == "v" ? "g" : verb, precision: precision, isAlternate: flags.sharp)
  }
}

/// The fewest digits that give this number back, in Go's `%v` form: with an exponent below 1e-4 and from 1e6 on.
func shortestText(of number: Double) -> String {
  guard number.isFinite else { return number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf" }
  let sign = number.sign == .minus ? "-" : ""
  let (digits, exponent) = shortestDigits(of: number.magnitude)
  if exponent < -4 || exponent >= 6 {
    return sign + scientific(digits, exponent)
  }
  return sign + positional(digits, exponent)
}

/// The shortest digits of a positive number without zeros at the end, and the exponent of ten of the first digit.
func shortestDigits(of magnitude: Double) -> (digits: [UInt8], exponent: Int) {
  guard magnitude != 0 else { return ([UInt8(ascii: "0")], 0) }
  var digits: [UInt8] = []
  var point: Int?
  var exponent = 0
  let text = Array(magnitude.description.utf8)
  for (index, byte) in text.enumerated() {
    if byte == UInt8(ascii: ".") {
      point = digits.count
    } else if byte == UInt8(ascii: "e") {
      exponent = Int(String(decoding: text[(index + 1)...], as: UTF8.self)) ?? 0
      break
    } else {
      digits.append(byte)
    }
  }
  exponent += (point ?? digits.count) - 1
  let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
  digits.removeFirst(zeros)
  while digits.last == UInt8(ascii: "0") { digits.removeLast() }
  return (digits, exponent - zeros)
}

/// `1.5e+06`.
func scientific(_ digits: [UInt8], _ exponent: Int, leastExponentDigits: Int = 2) -> String {
  let first = String(decoding: digits.prefix(1), as: UTF8.self)
  let rest = digits.count > 1 ? "." + String(decoding: digits.dropFirst(), as: UTF8.self) : ""
  let power = String(exponent.magnitude)
  let zeros = String(repeating: "0", count: max(0, leastExponentDigits - power.utf8.count))
  return first + rest + (exponent < 0 ? "e-" : "e+") + zeros + power
}

/// `1500000` or `0.0015`.
func positional(_ digits: [UInt8], _ exponent: Int) -> String {
  let text = String(decoding: digits, as: UTF8.self)
  if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + text }
  if digits.count <= exponent + 1 { return text + String(repeating: "0", count: exponent + 1 - digits.count) }
  return String(decoding: digits[...exponent], as: UTF8.self) + "."
    + String(decoding: digits[(exponent + 1)...], as: UTF8.self)
}

/// What C's printf makes of a number, which agrees with Go on exact digits.
func exactText(of number: Double, verb: Unicode.Scalar, precision: Int, isAlternate: Bool = false) -> String {
  let precision = min(precision, 1000)  // doubles have no more digits than that
  let format = "%" + (isAlternate ? "#" : "") + ".*" + String(Character(verb))
  var buffer = [CChar](repeating: 0, count: precision + 400)
  let length = withVaList([Int32(precision), number]) { vsnprintf(&buffer, buffer.count, format, $0) }
  return String(decoding: buffer.prefix(Int(max(0, length))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
