import HTTPClient
import HTTPTestServer
import Testing

@Suite("redirects")
struct RedirectTests {
  @Test("GET follows them, and shows only the last answer")
  func followed() async throws {
    let base = try server.get()
    let request = HTTPRequest("GET", base.url("redirect?to=/redirect?to=/echo"))
    let response = try await HTTPClient.shared.send(request)
    #expect(response.status == 200)
    #expect(response.headers["Location"] == nil)
    #expect(try echo(response).path == "/echo")
  }

  @Test("other methods get the 3xx answer itself", arguments: ["POST", "PUT", "DELETE"], [302, 307])
  func notRepeated(method: String, code: Int) async throws {
    let request = HTTPRequest(method, try server.get().url("redirect?to=/echo&code=\(code)"), body: .text("x"))
    #expect(try await HTTPClient.shared.send(request).status == code)
  }

  @Test("a loop ends at the limit; a limit of 0 gives the answer itself")
  func loop() async throws {
    var request = HTTPRequest("GET", try server.get().url("loop"))
    let error = await failure(of: request)
    #expect(error?.kind == .tooManyRedirects)
    #expect(error?.isRetryable == false)
    request.redirectLimit = 0
    #expect(try await HTTPClient.shared.send(request).status == 302)
  }

  @Test("only to http and https", arguments: ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/"])
  func otherSchemes(target: String) async throws {
    let error = await failure(of: HTTPRequest("GET", try server.get().url("redirect?to=\(target)")))
    #expect(error?.kind == .protocolError)
  }

  @Test("credentials do not go along to another server")
  func credentials() async throws {
    let other = try HTTPTestServer()
    let headers: HTTPHeaders = ["Authorization": "Bearer s3cret", "Cookie": "id=s3cret", "X-Kept": "yes"]
    let base = try server.get()
    let away = HTTPRequest("GET", base.url("redirect?to=\(other.url("echo"))"), headers: headers)
    let seen = try echo(try await HTTPClient.shared.send(away))
    #expect(seen.values("authorization") == [])
    #expect(seen.values("cookie") == [])
    #expect(seen.values("x-kept") == ["yes"])
    let same = HTTPRequest("GET", base.url("redirect?to=/echo"), headers: headers)
    #expect(try echo(try await HTTPClient.shared.send(same)).values("authorization") == ["Bearer s3cret"])
  }
}
