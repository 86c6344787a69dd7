import Foundation
import HTTPClient
import HTTPTestServer
import Testing

let server = Result { try HTTPTestServer() }

/// What `/echo` saw.
struct Echo: Decodable {
  var method: String
  var path: String
  var headers: [[String]]
  var size: Int
  var body: String
  var connection: Int

  func values(_ name: String) -> [String] {
    headers.filter { $0[0].lowercased() == name.lowercased() }.map { $0[1] }
  }
}

func echo(_ response: HTTPResponse) throws -> Echo {
  try JSONDecoder().decode(Echo.self, from: Data(response.body))
}

func failure(of request: HTTPRequest, _ client: HTTPClient = .shared) async -> HTTPError? {
  do throws(HTTPError) {
    _ = try await client.send(request)
    return nil
  } catch {
    return error
  }
}

@Suite("requests")
struct RequestTests {
  @Test("the method, headers and body arrive as given", arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "PURGE"])
  func arrives(method: String) async throws {
    var request = HTTPRequest(method, try server.get().url("echo?a=b%20c"), body: .text("grüße\0"))
    request.headers = ["X-One": "1", "X-Two": "a", "x-two": "b", "X-Empty": "", "Content-Type": "text/plain"]
    let response = try await HTTPClient.shared.send(request)
    #expect(response.status == 200)
    #expect(response.headers["content-TYPE"] == "application/json")
    let seen = try echo(response)
    #expect(seen.method == method)
    #expect(seen.path == "/echo?a=b%20c")
    #expect(seen.values("x-two") == ["a", "b"])
    #expect(seen.values("x-empty") == [""])
    #expect(seen.values("content-type") == ["text/plain"])
    #expect(seen.values("expect") == [])
    #expect(Array(seen.body.unicodeScalars).map { UInt8($0.value) } == Array("grüße\0".utf8))
  }

  @Test("an absent body of POST is sent as an empty one, of GET not at all", arguments: [("POST", ["0"]), ("GET", [])])
  func absentBody(method: String, lengths: [String]) async throws {
    let seen = try echo(try await HTTPClient.shared.send(HTTPRequest(method, try server.get().url("echo"))))
    #expect(seen.values("content-length") == lengths)
    #expect(seen.values("transfer-encoding") == [])
  }

  @Test("a large body goes up and comes down")
  func large() async throws {
    let up = HTTPRequest("PUT", try server.get().url("echo"), body: .bytes([UInt8](repeating: 7, count: 20 << 20)))
    #expect(try echo(try await HTTPClient.shared.send(up)).size == 20 << 20)
    var down = HTTPRequest("GET", try server.get().url("large?bytes=\(20 << 20)"))
    down.responseLimit = 20 << 20
    #expect(try await HTTPClient.shared.send(down).body == [UInt8](repeating: UInt8(ascii: "x"), count: 20 << 20))
  }

  @Test("a HEAD answer has headers and no body, however large the body would be")
  func head() async throws {
    let response = try await HTTPClient.shared.send(HTTPRequest("HEAD", try server.get().url("large?bytes=30000000")))
    #expect(response.headers["Content-Length"] == "30000000")
    #expect(response.body.isEmpty)
  }

  @Test("repeated headers are kept, and blanks around values are not")
  func repeatedHeaders() async throws {
    let response = try await HTTPClient.shared.send(HTTPRequest("GET", try server.get().url("headers")))
    #expect(response.headers.values("SET-COOKIE") == ["a=1", "b=2"])
    #expect(response.headers["x-blank"] == "two words")
    #expect(response.headers["absent"] == nil)
  }

  @Test("a chunked body is put together, and its trailers count as headers")
  func chunked() async throws {
    let response = try await HTTPClient.shared.send(HTTPRequest("GET", try server.get().url("chunked")))
    #expect(response.text == "one two three")
    #expect(response.headers["X-Sum"] == "13")
  }

  @Test("any status is an answer", arguments: [204, 304, 404, 429, 500, 503])
  func statuses(code: Int) async throws {
    let response = try await HTTPClient.shared.send(HTTPRequest("GET", try server.get().url("status?code=\(code)")))
    #expect(response.status == code)
  }

  @Test("connections are reused")
  func keepAlive() async throws {
    let client = HTTPClient()
    var connections: Set<Int> = []
    for _ in 0..<10 {
      let request = HTTPRequest("GET", try server.get().url("echo"))
      connections.insert(try echo(try await client.send(request)).connection)
    }
    #expect(connections.count == 1)
  }

  @Test("no more transfers than the bound run at once, and all get their turn")
  func bounded() async throws {
    let client = HTTPClient(concurrentTransfers: 4)
    let base = try server.get()
    let connections = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<100 {
        group.addTask { try echo(try await client.send(HTTPRequest("POST", base.url("echo")))).connection }
      }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect((1...4).contains(connections.count))
  }

  @Test("a released client ends its thread")
  func released() async throws {
    let base = try server.get()
    func threads() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").filter { task in
        (try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)) == "http\n"
      }.count
    }
    for _ in 0..<40 { _ = try await HTTPClient().send(HTTPRequest("GET", base.url("echo"))) }
    // Tests that run beside this one have clients, too, but not forty.
    for _ in 0..<3000 where try threads() > 20 { try await Task.sleep(for: .milliseconds(20)) }
    #expect(try threads() <= 20)
  }

  @Test("no faster than the request allows", arguments: [true, false])
  func speedLimit(sends: Bool) async throws {
    var request = HTTPRequest(
      sends ? "PUT" : "GET", try server.get().url(sends ? "echo" : "large?bytes=4000000"),
      body: sends ? .bytes([UInt8](repeating: 0, count: 4_000_000)) : .none)
    // Much more than what is sent or received in one go, which libcurl doesn't hold back.
    request.speedLimit = sends ? (2_000_000, nil) : (nil, 2_000_000)
    let start = ContinuousClock.now
    #expect(try await HTTPClient(forLargeBodies: true).send(request).status == 200)
    #expect(ContinuousClock.now - start > .milliseconds(900))
  }
}
