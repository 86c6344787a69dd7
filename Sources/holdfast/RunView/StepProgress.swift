internal import JSON
internal import Terminal

/// How far a running step says that it is.
struct StepProgress: Sendable, Equatable {
  var doneBytes: Int?
  var totalBytes: Int?
  var bytesPerSecond: Int?
  var secondsLeft: Double?
  var files: Int?
  var note: String?

  /// As the step put it; what has another form than is agreed is left out.
  init?(_ json: JSONValue) {
    guard case .object = json else { return nil }
    doneBytes = Self.count(json["done"])
    totalBytes = Self.count(json["total"])
    bytesPerSecond = Self.count(json["rate"])
    secondsLeft = json["etaSeconds"]?.double.flatMap { (0...Self.longestSeconds).contains($0) ? $0 : nil }
    files = Self.count(json["files"])
    note = json["note"]?.string.map(singleLine)
  }

  /// A time that nobody waits for: a hundred days.
  private static let longestSeconds = 8_640_000.0

  private static func count(_ json: JSONValue?) -> Int? {
    json?.double.flatMap { Int(exactly: $0.rounded()) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  /// The part that is done, from 0 to 1, if that can be told.
  var fraction: Double? {
    guard let done = doneBytes, let total = totalBytes, total > 0 else { return nil }
    return min(1, Double(done) / Double(total))
  }

  /// `1.20 GiB of 4.00 GiB, 310 MiB/s, 9s left`
  var text: String {
    var parts: [String] = []
    if let done = doneBytes { parts.append(byteText(done) + (totalBytes.map { " of \(byteText($0))" } ?? "")) }
    if let rate = bytesPerSecond { parts.append("\(byteText(rate))/s") }
    if let left = secondsLeft { parts.append("\(growingText(.seconds(Int64(left.rounded(.up))))) left") }
    if let files { parts.append(countText(files, "file")) }
    if let note, !note.isEmpty { parts.append(note) }
    return parts.joined(separator: ", ")
  }

  /// `████░░░░░░ 30%`
  static func bar(_ fraction: Double, width: Int = 10) -> String {
    let done = Int(Double(width) * fraction)
    let percent = String(Int(fraction * 100))
    return String(repeating: "█", count: done) + String(repeating: "░", count: width - done)
      + String(repeating: " ", count: max(0, 4 - percent.count)) + percent + "%"
  }
}
