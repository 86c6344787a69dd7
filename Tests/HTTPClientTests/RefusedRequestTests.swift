import HTTPClient
import Testing

@Suite("requests that are never sent")
struct RefusedRequestTests {
  @Test(
    "what would break the protocol is refused",
    arguments: [
      ("GET\r\n", "X-A", "b"), ("", "X-A", "b"), ("G T", "X-A", "b"),
      ("GET", "X-A\r\nEvil", "b"), ("GET", "X:A", "b"), ("GET", "", "b"), ("GET", "Ä", "b"),
      ("GET", "X-A", "b\r\nEvil: 1"), ("GET", "X-A", "b\nEvil: 1"), ("GET", "X-A", "b\u{0}c"), ("GET", "X-A", "b\rc"),
      ("GET", "Content-Length", "5"), ("GET", "transfer-encoding", "chunked"),
    ])
  func injection(method: String, name: String, value: String) async throws {
    let request = HTTPRequest(method, "http://127.0.0.1:1/", headers: HTTPHeaders(dictionaryLiteral: (name, value)))
    let error = await failure(of: request)
    #expect(error?.kind == .badRequest)
    #expect(error?.description.contains("Evil: 1") == false)
  }

  @Test(
    "only absolute http and https URLs",
    arguments: [
      "file:///etc/passwd", "ftp://host/", "host/path", "", "/path", "http:/host", "http://", "http://host:99999/",
      "http://host/a b", "http://host/\r\nEvil", "http://host/\u{7f}", "gopher://host",
    ])
  func urls(url: String) async throws {
    let error = await failure(of: HTTPRequest("GET", url))
    #expect(error?.kind == .badURL)
    #expect(error?.isRetryable == false)
  }

  @Test(
    "errors show no password and no query",
    arguments: [
      ("http://user:pass@127.0.0.1:1/path?token=secret#f", "http://…@127.0.0.1:1/path?…"),
      ("http://user:p@ss@127.0.0.1:1/path", "http://…@127.0.0.1:1/path"),
      ("http://user:pa/ss@127.0.0.1:1/", "http://…"),
      ("http://user:pa?ss@127.0.0.1:1/", "http://…"),
      ("user:pass@host/a", "…@host/a"),
      ("http://127.0.0.1:1#secret", "http://127.0.0.1:1"),
      ("http://[::1]:1/@scope/name", "http://[::1]:1/@scope/name"),
      ("http://[::1]/", "http://[::1]/"),
      ("", ""),
    ])
  func redaction(url: String, shown: String) async throws {
    #expect(redactedURL(url) == shown)
    if let error = await failure(of: HTTPRequest("GET", url)) {
      #expect(error.url == shown)
      for secret in ["pass", "p@ss", "secret", "ss@"] { #expect(!"\(error)".contains(secret)) }
    }
  }
}
