/// One HTTP request.
public struct HTTPRequest: Sendable {
  /// `GET`, `POST`, …: sent as it is written.
  public var method: String
  /// An absolute `http:` or `https:` URL, percent-encoded where needed. Errors show it without password and query.
  public var url: String
  /// Sent as given. After a redirect to another host curl leaves out `Authorization` and `Cookie`, but no others.
  public var headers: HTTPHeaders
  /// What is sent after the headers.
  public var body: HTTPBody

  /// How long connecting (name lookup, TCP, TLS) may take.
  public var connectTimeout: Duration = .seconds(10)
  /// How long everything may take, waiting for a free slot of the client included; nil sets no limit.
  public var timeout: Duration? = .seconds(60)
  /// How long less than a kilobyte per second may come and go, waiting for the answer included, until the request ends as
  /// `HTTPError.Kind.timedOut`; whole seconds, nil sets no limit. Found out some seconds late.
  public var stallLimit: Duration?
  /// Bytes per second that are sent, and received, at most; nil sets no limit.
  public var speedLimit: (send: Int?, receive: Int?) = (nil, nil)
  /// Whether the environment's proxies are left aside, as link-local addresses need it.
  public var bypassesProxies = false
  /// How many redirects are followed, for GET and HEAD without a body only: other methods get the 3xx answer itself,
  /// because repeating them elsewhere may do harm.
  public var redirectLimit = 5
  /// The largest response body that is accepted, in bytes; a larger one is `HTTPError.Kind.tooLarge`.
  public var responseLimit = 16 << 20

  /// A request with the usual limits.
  public init(_ method: String, _ url: String, headers: HTTPHeaders = [:], body: HTTPBody = .none) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
  }
}

/// The body of a request. Only bytes in memory for now.
public struct HTTPBody: Sendable {
  /// Nil means that there is no body, which differs from an empty one.
  let bytes: [UInt8]?

  /// No body.
  public static let none = HTTPBody(bytes: nil)

  /// These bytes.
  public static func bytes(_ bytes: [UInt8]) -> HTTPBody { HTTPBody(bytes: bytes) }

  /// This text in UTF-8.
  public static func text(_ text: String) -> HTTPBody { HTTPBody(bytes: Array(text.utf8)) }
}

extension HTTPRequest {
  /// Refuses what would change the meaning of the bytes on the wire, or reach something other than an HTTP server.
  func validate() throws(HTTPError) {
    guard isToken(method) else {
      throw HTTPError(.badRequest, self, "the method is not a word of letters")
    }
    let lower = url.lowercased()
    guard lower.hasPrefix("http://") || lower.hasPrefix("https://") else {
      throw HTTPError(.badURL, self, "the URL must start with http:// or https://")
    }
    guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
      throw HTTPError(.badURL, self, "the URL holds a blank or control character: percent-encode it")
    }
    for field in headers.fields {
      guard isToken(field.name) else {
        throw HTTPError(.badRequest, self, "a header's name holds a character that is not allowed there")
      }
      guard field.value.utf8.allSatisfy({ ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7f }) else {
        throw HTTPError(.badRequest, self, "the header \(field.name) holds a line break or control character")
      }
      guard !["content-length", "transfer-encoding"].contains(field.name.lowercased()) else {
        throw HTTPError(.badRequest, self, "the header \(field.name) is set by the client: leave it out")
      }
    }
  }
}

/// Whether `text` is a token of RFC 9110: what names of headers and methods are made of.
private func isToken(_ text: String) -> Bool {
  !text.isEmpty
    && text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
      }
    }
}
