internal import HTTPClient
internal import Wording

/// What S3 says when it refuses: a status, and in most answers a code and a sentence.
struct S3Failure {
  let status: Int
  /// S3's own code, `NoSuchKey`; empty where the answer has none.
  let code: String
  let message: String
  /// The region that the bucket is in, if the answer tells.
  let region: String?
  let serverDate: String?

  init(_ response: HTTPResponse) {
    var values: [String: String] = [:]
    // An answer that is no XML, as proxies give it, has its status alone.
    try? XMLReader.forEachElement(in: Array(response.body.prefix(1 << 16))) { values[$0] = $1 }
    status = response.status
    code = values["Error/Code"] ?? ""
    message = values["Error/Message"] ?? ""
    region = [response.headers["x-amz-bucket-region"], values["Error/Region"]].lazy.compactMap(\.nonEmpty)
      .first(where: S3Store.isRegion)
    serverDate = response.headers["Date"]
  }

  /// Whether the same request may succeed later.
  var isPassing: Bool {
    HTTPRetryPolicy.retryableStatuses.contains(status)
      || [
        "SlowDown", "InternalError", "RequestTimeout", "OperationAborted", "ConditionalRequestConflict", "Busy",
        "IncompleteBody", "ServerBusy",
      ].contains(code)
  }

  /// Whether the bytes that arrived have not the hash that was announced.
  var isMismatch: Bool { ["XAmzContentSHA256Mismatch", "BadDigest", "InvalidDigest"].contains(code) }

  /// Whether the signature was old when the request arrived: one of the clocks is wrong, or the network took too long.
  var isLate: Bool { ["RequestTimeTooSkewed", "RequestExpired"].contains(code) }

  var isWrongRegion: Bool {
    [301, 307].contains(status)
      || [
        "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException",
      ].contains(code)
  }

  var isExpired: Bool { ["ExpiredToken", "TokenRefreshRequired"].contains(code) }

  /// Whether the credentials may have been replaced by others; to a HEAD no server says why it refuses.
  var mayMeanOldCredentials: Bool {
    ["InvalidAccessKeyId", "InvalidToken"].contains(code) || (code.isEmpty && [400, 401, 403].contains(status))
  }

  /// Whether a header with a checksum is new to the server, as it is to Backblaze's.
  var isUnknownChecksum: Bool {
    guard ["InvalidArgument", "InvalidRequest", "NotImplemented"].contains(code) else { return false }
    let words = message.lowercased()
    return words.contains("x-amz-checksum-") || words.contains("x-amz-sdk-checksum-")
  }

  /// Whether it says that there is no such thing, and not in the words of S3.
  var isWordlessAbsence: Bool { status == 404 && code.isEmpty }

  /// Short words for the log of a retry.
  var summary: String { "the server answered \(status)\(code.isEmpty ? "" : " \(shownCode(code))")" }

  /// The whole failure as an error about `object`.
  func error(_ object: String, _ location: S3Location, _ credentials: AWSCredentials, region used: String) -> StoreError
  {
    switch code {
    case "NoSuchBucket": return StoreError(.notFound, object, "there is no bucket '\(location.bucket)': make it first")
    case "NoSuchKey": return StoreError(.notFound, object, "there is no such object")
    case "InvalidAccessKeyId", "InvalidToken":
      return StoreError(.denied, object, "the server doesn't know the \(credentials)")
    case "SignatureDoesNotMatch":
      return StoreError(
        .denied, object,
        "the secret access key is not that of the access key ID (\(credentials)), or a proxy changes requests")
    case "ExpiredToken", "TokenRefreshRequired":
      return StoreError(.denied, object, "the \(credentials) have expired: get new ones")
    case "RequestTimeTooSkewed", "RequestExpired":
      return StoreError(
        .denied, object,
        "this machine's clock is wrong\(serverDate.map { " (the server's shows \(quotedForMessage($0)))" } ?? ""): set it, for example with NTP"
      )
    case "InvalidBucketName":
      return StoreError(.badLocation, object, "'\(location.bucket)' is no name that a bucket can have")
    case "InvalidObjectState":
      return StoreError(.failed, object, "it is in an archive storage class: restore it from the archive first")
    case "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage":
      return StoreError(.full, object, "the server has no room left for us: raise the quota or make room")
    default: break
    }
    if isMismatch { return StoreError(.corrupt, object, "what arrives at the server is not what its name says") }
    if isWrongRegion {
      let advice = region.map { ", the bucket is in \($0): set the region to that" } ?? ": set the bucket's region"
      return StoreError(.badLocation, object, "the region \(used) is wrong\(advice)")
    }
    switch status {
    case 401, 403:
      return StoreError(
        .denied, object,
        "access denied: the \(credentials) may not do this\(said); check the bucket's policy"
          + " (an object under Object Lock cannot be removed or replaced either)")
    case 404: return StoreError(.notFound, object, "there is no such object")
    case 507: return StoreError(.full, object, "the server has no room left")
    default:
      return StoreError(isPassing ? .unreachable : .failed, object, summary + said)
    }
  }

  private var said: String { message.isEmpty ? "" : " (\(quotedForMessage(message)))" }
}

/// An error code of AWS, fit for a message whatever the server has put in its place.
func shownCode(_ code: String) -> String {
  code.utf8.count <= 80 && code.utf8.allSatisfy(isLetterOrDigit) ? code : quotedForMessage(code)
}
