internal import Cryptography
internal import TimeZones

/// Signs requests as AWS's Signature Version 4 asks for: the secret never leaves this machine.
struct SignatureV4 {
  let credentials: AWSCredentials
  let region: String
  /// `s3`, `sts`.
  let service: String

  /// A request as it goes over the wire.
  struct Request {
    let method: String
    /// Percent-encoded exactly as it is sent.
    let path: String
    /// Names and values, not encoded.
    var query: [(name: String, value: String)] = []
    /// Every header that is to be signed, `host` included.
    let headers: [(name: String, value: String)]
    /// Hexadecimal SHA-256 of the body.
    let payloadHash: String
  }

  /// The value of the `Authorization` header for a request that is sent now.
  /// - Parameter time: seconds since 1970, the same as in the request's `x-amz-date`.
  func authorization(for request: Request, at time: Int64) -> String {
    let scope = "\(amzDate(time).prefix(8))/\(region)/\(service)/aws4_request"
    let canonical = canonicalRequest(request)
    let toSign = ["AWS4-HMAC-SHA256", amzDate(time), scope, SHA256Digest(of: Array(canonical.text.utf8)).hex]
    var key = Array("AWS4\(credentials.secretAccessKey)".utf8)
    for part in scope.split(separator: "/") { key = hmacSHA256(key: key, Array(part.utf8)) }
    let signature = SHA256Digest(hmacSHA256(key: key, Array(toSign.joined(separator: "\n").utf8)))
    return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), SignedHeaders=\(canonical.names), "
      + "Signature=\(signature)"
  }

  private func canonicalRequest(_ request: Request) -> (text: String, names: String) {
    var headers: [String: String] = [:]
    for (name, value) in request.headers {
      let value = value.split(separator: " ").joined(separator: " ")
      headers[name.lowercased()] = headers[name.lowercased()].map { "\($0),\(value)" } ?? value
    }
    let names = headers.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let lines =
      [request.method, request.path, canonicalQuery(request.query)]
      + names.map { "\($0):\(headers[$0] ?? "")" } + ["", names.joined(separator: ";"), request.payloadHash]
    return (lines.joined(separator: "\n"), names.joined(separator: ";"))
  }
}

/// A query in the one order and encoding that is signed; we send it the same way.
func canonicalQuery(_ query: [(name: String, value: String)]) -> String {
  query.map { (percentEncoded($0.name), percentEncoded($0.value)) }
    .sorted { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 < $1.0 }
    .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
}

/// `20150830T123600Z`
func amzDate(_ time: Int64) -> String {
  timestamp(time).filter { $0 != "-" && $0 != ":" }
}

/// `2015-08-30T12:36:00Z`
func timestamp(_ time: Int64) -> String {
  CivilTime(wallSeconds: time).description.replacing(" ", with: "T") + "Z"
}

/// Seconds since 1970 of a time as AWS writes it, in UTC with or without a fraction; nil if it is none.
func parseTimestamp(_ text: String) -> Int64? {
  let numbers = text.split(whereSeparator: { !$0.isASCII || !$0.isNumber }).prefix(6).map {
    $0.count < 5 ? Int($0) : nil
  }
  guard text.hasSuffix("Z"), numbers.count == 6, let year = numbers[0], let month = numbers[1],
    (1...12).contains(month),
    let day = numbers[2], let hour = numbers[3], let minute = numbers[4], let second = numbers[5]
  else { return nil }
  return CivilTime(year, month, day, hour, minute, second).wallSeconds
}

extension SHA256Digest {
  /// A digest from its 32 bytes.
  fileprivate init(_ bytes: [UInt8]) { self = bytes.withUnsafeBytes { SHA256Digest(bytes: $0) } }
}
