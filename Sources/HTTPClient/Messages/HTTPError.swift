/// Why there is no answer to a request.
public struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong.
  public enum Kind: Sendable, Equatable {
    /// The URL is not an absolute http(s) URL. Never sent.
    case badURL
    /// The method or a header would break the protocol. Never sent.
    case badRequest
    /// The host (or proxy) has no address.
    case resolve
    /// No connection to the host.
    case connect
    /// The TLS handshake failed: a protocol or cipher mismatch, or a lost connection meanwhile.
    case tls
    /// The server's certificate is not trusted, or is for another host.
    case untrusted
    /// The server wants a client's certificate, or does not accept the one that it was shown.
    case refused
    /// A time limit of the request ended.
    case timedOut
    /// The connection broke before the whole answer came.
    case interrupted
    /// The answer is larger than the request allows.
    case tooLarge
    /// More redirects than the request allows.
    case tooManyRedirects
    /// The other side does not speak HTTP as we know it, or redirected us to something that is not http(s).
    case protocolError
    /// The task was cancelled.
    case cancelled
    /// This process failed: out of memory or threads, a certificate's file cannot be read, or the environment names a proxy that is none.
    case local
  }

  /// What went wrong.
  public let kind: Kind
  /// The request's method.
  public let method: String
  /// The request's URL without user, password, query and fragment.
  public let url: String
  /// The cause in words, without secrets.
  public let detail: String

  init(_ kind: Kind, _ request: HTTPRequest, _ detail: String) {
    self.kind = kind
    self.method = request.method.count > 20 ? "request" : request.method
    self.url = redactedURL(request.url)
    self.detail = detail
  }

  /// Whether the same request may succeed later. It does not say whether the first one took effect: repeat only
  /// what is safe to do twice.
  public var isRetryable: Bool {
    switch kind {
    case .resolve, .connect, .tls, .timedOut, .interrupted: true
    case .badURL, .badRequest, .untrusted, .refused, .tooLarge, .tooManyRedirects, .protocolError, .cancelled, .local:
      false
    }
  }

  /// One sentence.
  public var description: String { "\(method) \(url): \(detail)" }
}

/// `url` as it may be logged: without user and password, query and fragment.
///
/// Works on text that is no URL, too, because errors about such text have to show it.
public func redactedURL(_ url: String) -> String {
  var shown = Substring(url)
  var suffix = ""
  if let end = shown.firstIndex(where: { $0 == "?" || $0 == "#" }) {
    suffix = shown[end] == "?" ? "?…" : ""
    shown = shown[..<end]
  }
  var scheme: Substring = ""
  if let colon = shown.firstIndex(of: ":"), shown[colon...].hasPrefix("://") {
    let start = shown.index(colon, offsetBy: 3)
    scheme = shown[..<start]
    shown = shown[start...]
  }
  let path = shown.firstIndex(of: "/") ?? shown.endIndex
  // The last @: curl splits there, and a password may hold one.
  if let at = shown[..<path].lastIndex(of: "@") {
    return scheme + "…@" + shown[shown.index(after: at)...] + suffix
  }
  // `user:pa/ss@host` and `user:pa?ss@host`: what follows the colon is no port, so it may be a piece of a password.
  let host = shown[..<path]
  if !host.hasSuffix("]"), let colon = host.lastIndex(of: ":"), UInt16(host[host.index(after: colon)...]) == nil {
    return scheme + "…"
  }
  return scheme + shown + suffix
}
