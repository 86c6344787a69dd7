/// What a server answered. Any status counts as an answer: 404 and 500 are no errors of the client.
public struct HTTPResponse: Sendable {
  /// The status code: 200, 404, …
  public let status: Int
  /// The headers of the last answer (not of redirects before it), trailers included.
  public let headers: HTTPHeaders
  /// The body, after chunked decoding. It is whole: a short one is an error.
  public let body: [UInt8]

  /// An answer made of its parts.
  public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The body as UTF-8; broken bytes become U+FFFD.
  public var text: String { String(decoding: body, as: UTF8.self) }
}
