/// A number of bytes as people read it, with three digits: `512 B`, `1.50 KiB`, `12.3 MiB`, `123 GiB`.
package func byteText(_ bytes: Int) -> String {
  if abs(bytes) < 1024 { return "\(bytes) B" }
  var value = Double(bytes)
  var unit = 0
  // 1023.95 would be written as 1024.
  while abs(value) >= 999.5, unit < byteUnits.count {
    value /= 1024
    unit += 1
  }
  let digits = abs(value) < 9.995 ? 2 : abs(value) < 99.95 ? 1 : 0
  return "\(fixedText(value, digits: digits)) \(byteUnits[max(0, unit - 1)])"
}

private let byteUnits = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

/// A number with so many digits after the point.
package func fixedText(_ value: Double, digits: Int) -> String {
  guard digits > 0 else { return "\(Int(exactly: value.rounded()) ?? 0)" }
  let factor = (0..<digits).reduce(1) { factor, _ in factor * 10 }
  guard let scaled = Int(exactly: (abs(value) * Double(factor)).rounded()) else { return "\(value)" }
  let fraction = String(String(factor + scaled % factor).dropFirst())
  return "\(value < 0 ? "-" : "")\(scaled / factor).\(fraction)"
}

/// A whole number with commas between thousands: `1,234,567`.
package func groupedText(_ number: Int) -> String {
  let digits = String(number.magnitude)
  var text = number < 0 ? "-" : ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
    text.append(digit)
  }
  return text
}

/// A number and what it counts: `1 file`, `1,234 files`.
package func countText(_ number: Int, _ singular: String, _ plural: String? = nil) -> String {
  "\(groupedText(number)) \(number == 1 ? singular : plural ?? singular + "s")"
}

/// A length of time as a clock shows it: `0:07`, `12:34`, `1:02:03`.
package func clockText(_ duration: Duration) -> String {
  let seconds = max(0, duration.components.seconds)
  let twoDigits = { (number: Int64) in number < 10 ? "0\(number)" : "\(number)" }
  if seconds < 3600 { return "\(seconds / 60):\(twoDigits(seconds % 60))" }
  return "\(seconds / 3600):\(twoDigits(seconds / 60 % 60)):\(twoDigits(seconds % 60))"
}
