import Glibc
import Synchronization

/// How much a log line matters.
public enum LogLevel: String, Sendable, CaseIterable, Comparable {
  case debug, info, warning, error

  /// Less serious levels come first.
  public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// How a log line is written.
public enum LogFormat: String, Sendable, CaseIterable {
  case logfmt, json
}

/// Writes structured lines to standard error: time, level, message, then fields.
///
/// A value that carries its fields (run, step, worker) with it; `with` makes one that carries more. Secrets never get
/// here: callers pass references, not values.
public struct Logger: Sendable {
  /// Lines below this level are not written.
  public var level: LogLevel
  /// logfmt for people, JSON for collectors.
  public var format: LogFormat
  private var fields: [(key: String, value: String)] = []

  /// A logger without fields.
  public init(level: LogLevel = .info, format: LogFormat = .logfmt) {
    self.level = level
    self.format = format
  }

  /// A logger whose lines carry these fields, too.
  public func with(_ fields: KeyValuePairs<String, String>) -> Logger {
    var copy = self
    copy.fields += fields.map { (key: $0.key, value: $0.value) }
    return copy
  }

  /// For whoever looks for a fault.
  public func debug(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.debug, message, fields)
  }

  /// What happens in the normal course of things.
  public func info(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.info, message, fields)
  }

  /// What went wrong and mends itself.
  public func warning(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.warning, message, fields)
  }

  /// What somebody should look at.
  public func error(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.error, message, fields)
  }

  private func write(_ level: LogLevel, _ message: () -> String, _ extra: KeyValuePairs<String, String>) {
    guard level >= self.level else { return }
    let all =
      [("time", timestamp()), ("level", level.rawValue), ("msg", message())]
      + fields.map { ($0.key, $0.value) } + extra.map { ($0.key, $0.value) }
    let line = format == .json ? jsonLine(all) : logfmtLine(all)
    // One write per line, so that lines of several processes on one terminal do not mix.
    var bytes = Array(line.utf8)
    bytes.append(UInt8(ascii: "\n"))
    _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

/// `key=value` pairs; values that need it are quoted.
func logfmtLine(_ fields: [(String, String)]) -> String {
  fields.map { key, value in
    let special = Set("\"=".utf8)
    let plain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && !special.contains($0) }
    return key + "=" + (plain ? value : quoted(value))
  }.joined(separator: " ")
}

/// One JSON object; a key that appears twice keeps both, as logfmt does.
func jsonLine(_ fields: [(String, String)]) -> String {
  "{" + fields.map { quoted($0) + ":" + quoted($1) }.joined(separator: ",") + "}"
}

private func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case _ where scalar.value < 0x20:
      let hex = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

/// Now as `2026-01-31T12:00:00.123Z`.
private func timestamp() -> String {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  var parts = tm()
  gmtime_r(&now.tv_sec, &parts)
  func pad(_ value: some BinaryInteger, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
  return "\(parts.tm_year + 1900)-\(pad(parts.tm_mon + 1, 2))-\(pad(parts.tm_mday, 2))T"
    + "\(pad(parts.tm_hour, 2)):\(pad(parts.tm_min, 2)):\(pad(parts.tm_sec, 2)).\(pad(now.tv_nsec / 1_000_000, 3))Z"
}
