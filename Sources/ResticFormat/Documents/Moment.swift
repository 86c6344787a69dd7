internal import Glibc

extension Snapshot.Moment {
  /// The moment that RFC 3339 text names: `2026-11-28T21:08:12.123456789+01:00`; nil for other text.
  public init?(rfc3339 text: String) {
    var text = text
    guard let time = text.withUTF8({ RFC3339Time($0) }) else { return nil }
    self.init(time)
  }

  init(_ time: RFC3339Time) {
    self.init(seconds: time.seconds, nanoseconds: time.nanoseconds, offsetSeconds: time.offsetSeconds)
  }

  var asRFC3339: RFC3339Time {
    RFC3339Time(seconds: seconds, nanoseconds: nanoseconds, offsetSeconds: offsetSeconds)
  }

  /// RFC 3339 as Go writes it: a fraction without trailing zeros, `Z` for UTC.
  public var rfc3339: String {
    var text: [UInt8] = []
    text.appendRFC3339(asRFC3339)
    return String(decoding: text, as: UTF8.self)
  }

  /// What the clock says, in UTC.
  public static var now: Self {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Self(seconds: Int64(time.tv_sec), nanoseconds: UInt32(truncatingIfNeeded: time.tv_nsec))
  }
}

extension [UInt8] {
  /// A member whose value is a time.
  mutating func putMember(_ name: StaticString, _ moment: Snapshot.Moment) {
    put(name)
    append(UInt8(ascii: "\""))
    appendRFC3339(moment.asRFC3339)
    append(UInt8(ascii: "\""))
  }
}
