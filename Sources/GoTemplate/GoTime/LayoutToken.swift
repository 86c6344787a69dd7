/// One element of a time layout: a piece of Go's reference time, Mon Jan 2 15:04:05 MST 2006.
enum LayoutToken: Equatable {
  /// How many digits a number has when printed, and whether it needs them all when read.
  enum Padding: Equatable { case none, zero, space }

  /// Where a zone's offset shows colons, and how far down it goes.
  struct OffsetForm: Equatable {
    var hasMinutes = true
    var hasSeconds = false
    var hasColons = false
    /// Whether no offset is `Z`.
    var showsZ = false
  }

  case literal([UInt8])
  case year
  case shortYear
  case month(Padding)
  case monthName
  case shortMonthName
  case weekdayName
  case shortWeekdayName
  case day(Padding)
  case dayOfYear(Padding)
  case hour
  case hour12(Padding)
  case minute(Padding)
  case second(Padding)
  case dayHalf(isUppercase: Bool)
  case zoneName
  case offset(OffsetForm)
  /// A fraction with its separator; `isTrimmed` is `.999`, which leaves out zeros at its end.
  case fraction(separator: UInt8, digits: Int, isTrimmed: Bool)

  /// The tokens of a layout. What is no piece of the reference time is literal.
  static func tokens(of layout: String) -> [LayoutToken] {
    let bytes = Array(layout.utf8)
    var tokens: [LayoutToken] = []
    var literal: [UInt8] = []
    var position = 0
    while position < bytes.count {
      if let (token, length) = token(at: position, in: bytes) {
        if !literal.isEmpty { tokens.append(.literal(literal)) }
        literal = []
        tokens.append(token)
        position += length
      } else {
        literal.append(bytes[position])
        position += 1
      }
    }
    return literal.isEmpty ? tokens : tokens + [.literal(literal)]
  }

  private static func token(at position: Int, in bytes: [UInt8]) -> (LayoutToken, length: Int)? {
    let rest = bytes[position...]
    if let fraction = fraction(rest) { return fraction }
    for (text, token) in spelled where rest.starts(with: text.utf8) {
      let end = position + text.utf8.count
      // "Janet" is a name, not a month.
      let isShortName = token == .shortMonthName || token == .shortWeekdayName
      if isShortName, end < bytes.count, (0x61...0x7A).contains(bytes[end]) { continue }
      // "_2006" is an underscore and a year.
      if token == .day(.space), rest.dropFirst(2).starts(with: "006".utf8) { continue }
      return (token, text.utf8.count)
    }
    return nil
  }

  /// `.000` or `,999`, which no further digit may follow.
  private static func fraction(_ rest: ArraySlice<UInt8>) -> (LayoutToken, length: Int)? {
    guard let separator = rest.first, separator == UInt8(ascii: ".") || separator == UInt8(ascii: ","),
      let digit = rest.dropFirst().first, digit == UInt8(ascii: "0") || digit == UInt8(ascii: "9")
    else { return nil }
    let count = rest.dropFirst().prefix { $0 == digit }.count
    if let next = rest.dropFirst(1 + count).first, isDigit(next) { return nil }
    return (.fraction(separator: separator, digits: count, isTrimmed: digit == UInt8(ascii: "9")), 1 + count)
  }

  /// The spellings; of those that begin alike the longer is first.
  private static let spelled: [(String, LayoutToken)] = dates + times + offsets(sign: "-") + offsets(sign: "Z")

  private static let dates: [(String, LayoutToken)] = [
    ("January", .monthName), ("Jan", .shortMonthName), ("Monday", .weekdayName), ("Mon", .shortWeekdayName),
    ("MST", .zoneName), ("01", .month(.zero)), ("02", .day(.zero)), ("06", .shortYear), ("002", .dayOfYear(.zero)),
    ("2006", .year), ("2", .day(.none)), ("_2", .day(.space)), ("__2", .dayOfYear(.space)),
  ]

  private static let times: [(String, LayoutToken)] = [
    ("03", .hour12(.zero)), ("04", .minute(.zero)), ("05", .second(.zero)), ("15", .hour), ("1", .month(.none)),
    ("3", .hour12(.none)), ("4", .minute(.none)), ("5", .second(.none)), ("PM", .dayHalf(isUppercase: true)),
    ("pm", .dayHalf(isUppercase: false)),
  ]

  private static func offsets(sign: String) -> [(String, LayoutToken)] {
    let showsZ = sign == "Z"
    return [
      (sign + "070000", .offset(OffsetForm(hasSeconds: true, showsZ: showsZ))),
      (sign + "07:00:00", .offset(OffsetForm(hasSeconds: true, hasColons: true, showsZ: showsZ))),
      (sign + "0700", .offset(OffsetForm(showsZ: showsZ))),
      (sign + "07:00", .offset(OffsetForm(hasColons: true, showsZ: showsZ))),
      (sign + "07", .offset(OffsetForm(hasMinutes: false, showsZ: showsZ))),
    ]
  }
}

func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

let monthNames = [
  "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
  "December",
]

/// From Sunday, which is 0.
let weekdayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
