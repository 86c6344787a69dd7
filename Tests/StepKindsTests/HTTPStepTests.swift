import HTTPTestServer
import JSON
import StepEngine
import Testing

@Suite("http")
struct HTTPStepTests {
  private func step(_ path: String, _ more: [String: JSONValue] = [:]) throws -> StepContext {
    context(.object(["url": .string(try server.get().url(path))].merging(more) { $1 }))
  }

  /// What the server saw, as `name: value` lines in lower case.
  private func headers(_ outputs: JSONValue) -> Set<String> {
    let pairs = outputs["json"]?["headers"]?.array ?? []
    return Set(pairs.compactMap { $0.array.map { ($0[0].string ?? "").lowercased() + ": " + ($0[1].string ?? "") } })
  }

  @Test("a JSON answer becomes json, any other one body")
  func answers() async throws {
    let json = try await outputs("http", step("echo"))
    #expect(json["status"] == 200)
    #expect(json["json"]?["method"] == "GET")
    #expect(json["headers"]?["content-type"] == "application/json")
    let text = try await outputs("http", step("status?code=200&body=hello"))
    #expect(text["body"] == "hello" && text["json"] == nil)
    #expect(try await outputs("http", step("headers"))["headers"]?["set-cookie"] == nil)
  }

  @Test("a body makes it a POST: text as it is, other values as JSON; always with the same idempotency key")
  func bodies() async throws {
    let json = try await outputs("http", step("echo", ["body": ["a": [1]]]))
    #expect(json["json"]?["method"] == "POST" && json["json"]?["body"] == "{\"a\":[1]}")
    #expect(headers(json).isSuperset(of: ["content-type: application/json", "idempotency-key: holdfast-7340035"]))
    let more: [String: JSONValue] = ["body": "x=1", "method": "PUT", "headers": ["Content-Type": "text/x", "X-N": 5]]
    let text = try await outputs("http", step("echo", more))
    #expect(text["json"]?["method"] == "PUT" && text["json"]?["body"] == "x=1")
    #expect(headers(text).isSuperset(of: ["content-type: text/x", "x-n: 5"]))
    #expect(!headers(text).contains { $0.hasPrefix("idempotency-key") })
  }

  @Test(
    "failures are classified by their status",
    arguments: [
      ("code=400", .permanent), ("code=401", .permanent), ("code=404", .permanent), ("code=302", .permanent),
      ("code=408", .retryable), ("code=500", .retryable), ("code=502", .retryable), ("code=503", .retryable),
      ("code=429", .throttled(after: nil)), ("code=429&after=7", .throttled(after: .seconds(7))),
      ("code=503&after=0", .throttled(after: .zero)), ("code=500&after=7", .retryable),
    ] as [(String, StepFailure.Class)])
  func classified(query: String, kind: StepFailure.Class) async throws {
    let error = try await failure("http", step("status?\(query)&token=s3cret"))
    #expect(error.kind == kind)
    #expect(error.message.hasPrefix("http: GET http://127.0.0.1:"))
    #expect(error.message.contains("/status?… answered with status \(query.dropFirst(5).prefix(3))"))
  }

  @Test(
    "expectedStatus says what is fine",
    arguments: [
      (404, 404, true), ("404", 404, true), ("4xx", 404, true), ("4XX", 404, true), ("400-404", 404, true),
      ([200, "4xx"], 404, true), ("2xx", 404, false), ([201], 200, false), ("200-299", 204, true),
    ] as [(JSONValue, Int, Bool)])
  func expected(status: JSONValue, answer: Int, isFine: Bool) async throws {
    let step = try step("status?code=\(answer)", ["expectedStatus": status])
    if isFine {
      #expect(try await outputs("http", step)["status"]?.int == Int64(answer))
    } else {
      #expect(try await failure("http", step).kind == .permanent)
    }
  }

  @Test("no connection, a lost one and a timeout are retryable; a bad URL, header or too much are not")
  func errors() async throws {
    #expect(try await failure("http", context(["url": "http://127.0.0.1:1/"])).kind == .retryable)
    #expect(try await failure("http", step("short")).kind == .retryable)
    #expect(try await failure("http", step("delay?seconds=9", ["timeout": 0.1])).kind == .retryable)
    #expect(try await failure("http", context(["url": "ftp://host"])).kind == .permanent)
    #expect(try await failure("http", step("echo", ["headers": ["X": "a\r\nb: c"]])).kind == .permanent)
    #expect(try await failure("http", step("large?bytes=101", ["outputLimitBytes": 100])).kind == .permanent)
  }

  @Test("a cancelled step stops its request, and is no failure of the step")
  func cancelled() async throws {
    let step = try step("drip")
    let task = Task { try await run("http", step) }
    try await Task.sleep(for: .milliseconds(100))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}
