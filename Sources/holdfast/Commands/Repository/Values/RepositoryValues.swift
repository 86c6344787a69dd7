internal import Backup
internal import CommandSyntax
internal import FileSystem
internal import Glibc
internal import ObjectStores
internal import ResticFormat
internal import ResticRepository
internal import Terminal

extension ValueType where Value == Int {
  /// A number of bytes with a unit of 1024: `64K`, `16M`, `2G`; a number alone counts in `unit` bytes.
  static func size(unit: Int = 1) -> Self {
    Self(
      placeholder: "SIZE", expectation: "a size such as 512K, 16M or 2G", parse: { bytes(in: $0, unit: unit) },
      text: byteText)
  }

  /// Bytes per second; a number without a unit is in KiB, as restic has it.
  static var rate: Self {
    Self(
      placeholder: "RATE", expectation: "a rate such as 800 (KiB/s) or 20M",
      parse: { text in bytes(in: text, unit: 1024).flatMap { $0 > 0 ? $0 : nil } }, text: { byteText($0) + "/s" })
  }
}

/// The bytes of a number with an optional unit; `unit` is that of a bare number. Nil for anything else, and for too much.
private func bytes(in text: String, unit: Int) -> Int? {
  var digits = Substring(text)
  for ending in ["iB", "B"] where digits.hasSuffix(ending) && digits.count > ending.count {
    digits.removeLast(ending.count)
    break
  }
  var factor = digits.count < text.count ? 1 : unit
  if let letter = digits.last?.uppercased(), let power = ["K", "M", "G", "T"].firstIndex(of: letter) {
    digits.removeLast()
    factor = 1 << (10 * (power + 1))
  }
  guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(digits) else {
    return nil
  }
  let (product, overflows) = number.multipliedReportingOverflow(by: factor)
  return overflows ? nil : product
}

extension ValueType where Value == Duration {
  /// A length of time in parts: `90s`, `5m`, `1h30m`, `2d`.
  static var length: Self {
    Self(
      placeholder: "DURATION", expectation: "a length of time such as 90s, 5m, 1h30m or 2d", parse: duration(in:),
      text: durationText)
  }
}

private func duration(in text: String) -> Duration? {
  let longest = 1 << 40
  var seconds = 0
  var number: Int?
  for character in text {
    if let digit = character.wholeNumberValue, character.isASCII {
      let (product, overflows) = (number ?? 0).multipliedReportingOverflow(by: 10)
      if overflows || product > longest { return nil }
      number = product + digit
    } else {
      guard let count = number, let unit = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "y": 31_536_000][character],
        count <= (longest - seconds) / unit
      else { return nil }
      seconds += count * unit
      number = nil
    }
  }
  return number == nil && !text.isEmpty ? .seconds(seconds) : nil
}

extension ValueType where Value == CompressionMode {
  /// `off`, `auto`, `max`, or a level of zstd.
  static var compression: Self {
    Self(
      placeholder: "MODE", expectation: "off, auto, max or a level from 1 to 19",
      parse: { text in
        switch text {
        case "off": .off
        case "auto": .auto
        case "max": .max
        default: Int(text).flatMap { (1...19).contains($0) ? .level($0) : nil }
        }
      }, text: { $0 == .auto ? "auto" : $0 == .off ? "off" : "\($0)" })
  }
}

extension ValueType where Value == ThreadPriority.InputOutput {
  /// `idle`, `best-effort`, `best-effort:LEVEL`.
  static var diskPriority: Self {
    Self(
      placeholder: "CLASS", expectation: "idle, best-effort, or best-effort:0 to best-effort:7",
      parse: { text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("idle", 1): return .idle
        case ("best-effort", 1): return .bestEffort(level: 4)
        case ("best-effort", 2): return Int(parts[1]).flatMap { (0...7).contains($0) ? .bestEffort(level: $0) : nil }
        default: return nil
        }
      }, text: { "\($0)" })
  }
}

extension ValueType where Value == Snapshot.Moment {
  /// `2026-11-28 20:15:00` or `2026-11-28` in this machine's zone, or RFC 3339 with a zone.
  static var moment: Self {
    Self(
      placeholder: "TIME", expectation: "a time such as '2026-11-28 20:15:00', or with a zone 2026-11-28T20:15:00Z",
      parse: { Snapshot.Moment(rfc3339: $0) ?? localMoment($0) }, text: { $0.rfc3339 })
  }
}

extension ValueType where Value == S3Options.Retention {
  /// `governance:30d`, `compliance:365d`.
  static var retention: Self {
    Self(
      placeholder: "MODE:DURATION", expectation: "governance or compliance and a length of time: governance:30d",
      parse: { text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let mode = S3Options.Retention.Mode(rawValue: parts[0].uppercased()),
          let length = duration(in: parts[1]), length > .zero
        else { return nil }
        return S3Options.Retention(mode: mode, duration: length)
      }, text: { "\($0.mode.rawValue.lowercased()):\(durationText($0.duration))" })
  }
}

extension ValueType where Value == BackupPart {
  /// `1/4` to `4/4`.
  static var backupPart: Self {
    Self(
      placeholder: "I/N", expectation: "a share of the work such as 1/4, the first of four",
      parse: { text in
        let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let index = numbers[0], let count = numbers[1], (1...1000).contains(count),
          (1...count).contains(index)
        else { return nil }
        return BackupPart(index: index - 1, count: count)
      }, text: { "\($0.index + 1)/\($0.count)" })
  }
}

/// A time without a zone, as the clock on the wall shows it.
private func localMoment(_ text: String) -> Snapshot.Moment? {
  let shape = text.map { $0.isASCII && $0.isNumber ? "0" : $0 }
  let numbers = text.split { !$0.isNumber }.compactMap { Int32($0) }
  guard [Array("0000-00-00 00:00:00"), Array("0000-00-00 00:00"), Array("0000-00-00")].contains(shape) else {
    return nil
  }
  guard numbers[0] >= 1900, (1...12).contains(numbers[1]), (1...31).contains(numbers[2]) else { return nil }
  var time = tm()
  time.tm_year = numbers[0] - 1900
  time.tm_mon = numbers[1] - 1
  time.tm_mday = numbers[2]
  if numbers.count > 4 {
    guard numbers[3] < 24, numbers[4] < 60 else { return nil }
    time.tm_hour = numbers[3]
    time.tm_min = numbers[4]
  }
  if numbers.count > 5 {
    guard numbers[5] < 60 else { return nil }
    time.tm_sec = numbers[5]
  }
  time.tm_isdst = -1
  let seconds = mktime(&time)
  // The thirtieth of February is another day then.
  guard time.tm_mday == numbers[2] else { return nil }
  return Snapshot.Moment(seconds: Int64(seconds), nanoseconds: 0, offsetSeconds: time.tm_gmtoff)
}
