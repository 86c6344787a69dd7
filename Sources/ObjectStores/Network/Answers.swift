internal import Concurrency
internal import Cryptography
internal import HTTPClient

/// No object of a repository is larger; a server that sends more is cut off.
let wholeObjectLimit = 1 << 30

/// The hash of much, on a thread that may be busy for long.
func sha256(_ bytes: [UInt8]) async -> SHA256Digest {
  if bytes.count < 64 << 10 { return SHA256Digest(of: bytes) }
  return await BlockingPool.shared.runNonthrowing { SHA256Digest(of: bytes) }
}

/// The hash that older servers want, on a thread that may be busy for long.
func md5(_ bytes: [UInt8]) async -> [UInt8] {
  await BlockingPool.shared.runNonthrowing { weakMD5(of: bytes) }
}

/// What stays wrong however often it is asked for.
func corrupt(_ object: String) -> StoreError {
  StoreError(.corrupt, object, "what the server holds is not what the name says: the object is damaged")
}

/// Judges the answer to a request for a whole object; nil for failures.
/// - Parameter differed: how often bytes came that are not what the name says; begins with 0, and the third time is the last.
func wholeVerdict(
  _ response: HTTPResponse, _ name: ObjectName, _ object: String, differed: inout Int
) async -> RetryingClient.Verdict<[UInt8]>? {
  guard response.status == 200 else { return nil }
  guard let digest = name.digest, await sha256(response.body) != digest else { return .done(response.body) }
  differed += 1
  return differed < 3 ? .again(reason: "what came is not what the name says") : .failed(corrupt(object))
}

/// Judges the answer to a request for a range that is not empty; nil for failures.
func rangeVerdict(
  _ response: HTTPResponse, _ range: Range<Int>, _ tooShort: StoreError
) -> RetryingClient.Verdict<[UInt8]>? {
  switch response.status {
  case 206:
    let (begin, total) = contentRange(response)
    if let begin, begin != range.lowerBound { return .again(reason: "the server sent another part than was asked for") }
    if response.body.count == range.count { return .done(response.body) }
    if let total, total < range.upperBound { return .failed(tooShort) }
    return .again(reason: "the server sent \(response.body.count) bytes instead of \(range.count)")
  case 200:  // it doesn't know ranges
    guard response.body.count >= range.upperBound else { return .failed(tooShort) }
    return .done(Array(response.body[range]))
  case 416: return .failed(tooShort)
  default: return nil
  }
}

/// Judges the answer to a `HEAD` request that succeeded.
func lengthVerdict(_ response: HTTPResponse, _ object: String) -> RetryingClient.Verdict<Int> {
  guard let length = response.headers["Content-Length"].flatMap({ Int($0) }), length >= 0 else {
    return .failed(StoreError(.failed, object, "the server doesn't tell its length"))
  }
  return .done(length)
}

/// `bytes 17-42/5000`: where the part begins, and the object's length.
private func contentRange(_ response: HTTPResponse) -> (begin: Int?, total: Int?) {
  let words = (response.headers["Content-Range"] ?? "").split(whereSeparator: { " -/".contains($0) })
  guard words.count == 4, words[0] == "bytes" else { return (nil, nil) }
  return (Int(words[1]), Int(words[3]))
}
