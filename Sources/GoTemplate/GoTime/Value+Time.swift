extension Value {
  /// The time that an RFC 3339 text stands for, in UTC: what `date` and its kin take. Nil for any other text.
  public static func time(rfc3339 text: String) -> Value? {
    guard let time = try? GoTime(parsing: text, layout: "2006-01-02T15:04:05.999999999Z07:00") else { return nil }
    return .object(time.shown(in: .utc))
  }
}
