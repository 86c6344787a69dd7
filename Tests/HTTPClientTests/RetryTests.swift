import HTTPClient
import HTTPTestServer
import Testing

@Suite("retry")
struct RetryTests {
  /// Always draws the highest number: the backoff's limit.
  struct Highest: RandomNumberGenerator {
    var draws = 0  // not empty: the thread sanitizer crashes on `inout` of an empty struct

    mutating func next() -> UInt64 {
      draws += 1
      return .max
    }
  }

  private func wait(_ policy: HTTPRetryPolicy, _ attempt: Int, _ outcome: HTTPRetryPolicy.Outcome) -> Duration? {
    var random = Highest()
    guard case .retry(let wait) = policy.decide(attempt: attempt, outcome: outcome, using: &random) else { return nil }
    return wait
  }

  @Test("the backoff doubles up to its cap, and the last attempt is the last", arguments: 1...7)
  func backoff(attempt: Int) throws {
    let policy = HTTPRetryPolicy(attempts: 7, firstDelay: .seconds(1), longestDelay: .seconds(10))
    let outcome = HTTPRetryPolicy.Outcome.answered(status: 503, retryAfter: nil)
    let expected: [Duration?] = [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(10), .seconds(10), nil]
    let waited = wait(policy, attempt, outcome)
    #expect((waited == nil) == (expected[attempt - 1] == nil))
    if let waited, let limit = expected[attempt - 1] { #expect(waited <= limit && waited > limit * 0.99) }
  }

  @Test("the jitter is spread over the whole backoff")
  func jitter() {
    let policy = HTTPRetryPolicy(firstDelay: .seconds(1))
    let waits = (0..<500).compactMap { _ -> Duration? in
      let decision = policy.decide(attempt: 1, outcome: .answered(status: 500, retryAfter: nil))
      guard case .retry(let wait) = decision else { return nil }
      return wait
    }
    #expect(waits.count == 500)
    #expect(waits.contains { $0 < .milliseconds(100) } && waits.contains { $0 > .milliseconds(900) })
    #expect(waits.allSatisfy { $0 >= .zero && $0 <= .seconds(1) })
  }

  @Test("a huge attempt number does not overflow")
  func overflow() {
    let policy = HTTPRetryPolicy(attempts: .max, longestDelay: .seconds(30))
    #expect(wait(policy, .max - 1, .answered(status: 500, retryAfter: nil)) ?? .seconds(99) <= .seconds(30))
  }

  @Test(
    "final answers are not repeated, passing ones are",
    arguments: [
      (200, false), (301, false), (400, false), (401, false), (404, false), (409, false), (501, false),
      (408, true), (429, true), (500, true), (502, true), (503, true), (504, true),
    ])
  func statuses(status: Int, again: Bool) {
    #expect((wait(HTTPRetryPolicy(), 1, .answered(status: status, retryAfter: nil)) != nil) == again)
  }

  @Test("Retry-After is the least wait, and one beyond reason ends the attempts")
  func retryAfter() throws {
    let policy = HTTPRetryPolicy(firstDelay: .seconds(1))
    let waited = try #require(wait(policy, 1, .answered(status: 429, retryAfter: .seconds(60))))
    #expect(waited >= .seconds(60) && waited <= .seconds(61))
    #expect(wait(policy, 1, .answered(status: 429, retryAfter: .seconds(301))) == nil)
  }

  @Test("errors are repeated if they say so")
  func errors() async throws {
    let refused = try #require(await failure(of: HTTPRequest("GET", "http://127.0.0.1:1/")))
    #expect(wait(HTTPRetryPolicy(), 1, .failed(refused)) != nil)
    let badURL = try #require(await failure(of: HTTPRequest("GET", "nonsense")))
    #expect(wait(HTTPRetryPolicy(), 1, .failed(badURL)) == nil)
  }

  @Test(
    "Retry-After is read in all its forms",
    arguments: [
      ("120", 120), ("0", 0), ("-1", nil), ("1.5", nil), ("", nil), ("soon", nil), ("99999999999999999999", nil),
      ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sunday, 06-Nov-94 08:49:37 GMT", 37), ("Sun Nov  6 08:49:37 1994", 37),
      ("Sun, 06 Nov 1994 08:48:00 GMT", 0), ("Sun, 06 Nov 1994 09:49:37 GMT", 3637),
      ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800 - 784_111_740), ("Tue, 29 Feb 2000 23:59:59 GMT", 167_757_059),
      ("Sun, 06 Nov 1994 24:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil),
      ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
      ("Sun, 32 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49 GMT", nil), ("Sun, 06 Nov 1994 08::37 GMT", nil),
    ] as [(String, Int?)])
  func forms(value: String, seconds: Int?) {
    // 1994-11-06 08:49:00
    #expect(RetryAfter.parse(value, now: 784_111_740) == seconds.map { .seconds($0) })
  }

  @Test("a client which keeps the policy gets its answer from a server that fails twice")
  func together() async throws {
    let request = HTTPRequest("GET", try server.get().url("flaky?key=retry&times=2&code=429&after=0"))
    var attempt = 1
    while true {
      let response = try await HTTPClient.shared.send(request)
      let outcome = HTTPRetryPolicy.Outcome.answered(status: response.status, retryAfter: RetryAfter.of(response))
      let policy = HTTPRetryPolicy(firstDelay: .milliseconds(10))
      guard case .retry(let wait) = policy.decide(attempt: attempt, outcome: outcome) else {
        #expect(response.text == "3")
        return
      }
      try await Task.sleep(for: wait)
      attempt += 1
    }
  }
}
