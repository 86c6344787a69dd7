import Foundation
import HTTPClient
import HTTPTestServer
import Testing

@Suite("failures")
struct FailureTests {
  @Test(
    "broken answers are errors, never half a body",
    arguments: [
      ("short", HTTPError.Kind.interrupted, true), ("reset", .interrupted, true), ("nothing", .interrupted, true),
      ("garbage", .protocolError, false),
    ])
  func broken(path: String, kind: HTTPError.Kind, retryable: Bool) async throws {
    let error = await failure(of: HTTPRequest("GET", try server.get().url(path)))
    #expect(error?.kind == kind)
    #expect(error?.isRetryable == retryable)
  }

  @Test("no server, no such host")
  func unreachable() async throws {
    #expect(await failure(of: HTTPRequest("GET", "http://127.0.0.1:1/"))?.kind == .connect)
    // Longer than a name server that doesn't answer is asked.
    var unknown = HTTPRequest("GET", "http://no-such-host.invalid/")
    unknown.connectTimeout = .seconds(300)
    unknown.timeout = .seconds(300)
    #expect(await failure(of: unknown)?.kind == .resolve)
  }

  @Test("a proxy whose URL is none is told without its password, and not tried again")
  func badProxy() async throws {
    // Proxies come from the environment, which all tests of a process share.
    await #expect(processExitsWith: .success) {
      for proxy in ["http://user:s3cret#1@proxy:3128", "http://user:s3cret/1@proxy:3128", "gopher://user:s3cret@proxy"]
      {
        setenv("http_proxy", proxy, 1)
        let error = await failure(of: HTTPRequest("GET", "http://no-such-host.invalid/"), HTTPClient())
        #expect(error?.kind == .local && error?.isRetryable == false, "\(String(describing: error))")
        #expect(error?.description.contains("percent-encode") == true)
        #expect(error?.description.contains("s3cret") == false)
      }
    }
  }

  @Test("the total time limit ends a slow answer, and one that drips")
  func timeLimit() async throws {
    for path in ["delay?seconds=30", "drip"] {
      var request = HTTPRequest("GET", try server.get().url(path))
      request.timeout = .milliseconds(200)
      let start = ContinuousClock.now
      let error = await failure(of: request)
      #expect(error?.kind == .timedOut)
      #expect(error?.isRetryable == true)
      #expect(ContinuousClock.now - start < .seconds(25))
    }
  }

  @Test("the stall limit ends an answer that doesn't come, and one that drips, but not one that is only late")
  func stallLimit() async throws {
    for path in ["delay?seconds=30", "drip"] {
      var request = HTTPRequest("GET", try server.get().url(path))
      request.timeout = nil
      request.stallLimit = .seconds(1)
      let start = ContinuousClock.now
      #expect(await failure(of: request)?.kind == .timedOut)
      #expect(ContinuousClock.now - start < .seconds(25))
    }
    var late = HTTPRequest("GET", try server.get().url("delay?seconds=1.5"))
    late.stallLimit = .seconds(20)
    #expect(await failure(of: late) == nil)
  }

  /// Waits until a server that nobody else uses works on a request.
  private func untilBusy(_ own: HTTPTestServer) async throws {
    let observer = HTTPClient()
    for _ in 0..<3000 {
      if try await observer.send(HTTPRequest("GET", own.url("open"))).text != "0" { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("no request came")
  }

  @Test("the time limit counts while a request waits for a slot")
  func timeLimitInQueue() async throws {
    let own = try HTTPTestServer()
    defer { withExtendedLifetime(own) {} }
    let client = HTTPClient(concurrentTransfers: 1)
    let slow = HTTPRequest("GET", own.url("delay?seconds=30"))
    async let _ = client.send(slow)
    try await untilBusy(own)
    var request = HTTPRequest("GET", own.url("echo"))
    request.timeout = .milliseconds(200)
    let start = ContinuousClock.now
    #expect(await failure(of: request, client)?.kind == .timedOut)
    #expect(ContinuousClock.now - start < .seconds(25))
  }

  @Test(
    "a body beyond the limit is refused, with and without an announced length", arguments: ["large?bytes=2000", "drip"])
  func tooLarge(path: String) async throws {
    var request = HTTPRequest("GET", try server.get().url(path))
    request.responseLimit = path == "drip" ? 10 : 1999
    let error = await failure(of: request)
    #expect(error?.kind == .tooLarge)
    #expect(error?.detail.contains("\(request.responseLimit)") == true)
  }

  @Test("a body of exactly the limit is accepted")
  func exactlyTheLimit() async throws {
    var request = HTTPRequest("GET", try server.get().url("large?bytes=2000"))
    request.responseLimit = 2000
    #expect(try await HTTPClient.shared.send(request).body.count == 2000)
  }

  @Test("headers without end are refused")
  func largeHeaders() async throws {
    let error = await failure(of: HTTPRequest("GET", try server.get().url("large-header?count=90")))
    #expect(error != nil)
    #expect([.tooLarge, .interrupted, .protocolError].contains(error?.kind))
  }

  @Test("a cancelled task stops its transfer at once, and the server sees it go")
  func cancelled() async throws {
    let own = try HTTPTestServer()
    let client = HTTPClient()
    let task = Task { await failure(of: HTTPRequest("GET", own.url("drip")), client) }
    func open() async throws -> String { try await HTTPClient().send(HTTPRequest("GET", own.url("open"))).text }
    try await untilBusy(own)
    let start = ContinuousClock.now
    task.cancel()
    #expect(await task.value?.kind == .cancelled)
    #expect(ContinuousClock.now - start < .seconds(25))
    for _ in 0..<1500 {
      if try await open() == "0" { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(try await open() == "0")
    // The client goes on.
    #expect(try await client.send(HTTPRequest("GET", own.url("echo"))).status == 200)
  }

  @Test("a task that is already cancelled sends nothing; one that waits for a slot leaves the queue")
  func cancelledEarly() async throws {
    let client = HTTPClient(concurrentTransfers: 1)
    let base = try HTTPTestServer()
    defer { withExtendedLifetime(base) {} }
    let early = Task {
      try? await Task.sleep(for: .seconds(60))
      return await failure(of: HTTPRequest("GET", base.url("echo")), client)
    }
    early.cancel()
    #expect(await early.value?.kind == .cancelled)

    async let _ = client.send(HTTPRequest("GET", base.url("delay?seconds=30")))
    try await untilBusy(base)
    let queued = Task { await failure(of: HTTPRequest("GET", base.url("echo")), client) }
    try await Task.sleep(for: .milliseconds(50))
    let start = ContinuousClock.now
    queued.cancel()
    #expect(await queued.value?.kind == .cancelled)
    #expect(ContinuousClock.now - start < .seconds(25))
  }

  @Test("many cancellations at random moments leave the client usable")
  func cancelStorm() async throws {
    let client = HTTPClient(concurrentTransfers: 8)
    let base = try server.get()
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<200 {
        group.addTask {
          let task = Task { try? await client.send(HTTPRequest("GET", base.url("delay?seconds=0.01"))) }
          try? await Task.sleep(for: .microseconds(number * 100))
          task.cancel()
          _ = await task.value
        }
      }
    }
    #expect(try await client.send(HTTPRequest("GET", base.url("echo"))).status == 200)
  }
}
