/// Who we are to AWS, or to a server that speaks its language. Never printed whole.
struct AWSCredentials: Sendable, Equatable, CustomStringConvertible {
  let accessKeyID: String
  let secretAccessKey: String
  var sessionToken: String?
  /// Seconds since 1970 from which on they no longer work; nil if they don't end.
  var expiry: Int64?
  /// Where they come from, in words for error messages.
  let origin: String

  var description: String { "credentials from \(origin)" }
}
