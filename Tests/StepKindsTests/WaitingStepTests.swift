import JSON
import StepEngine
import Testing

@Suite("sleep, approval, fail")
struct WaitingStepTests {
  @Test("sleep parks once, and is done when woken")
  func sleep() async throws {
    let wait = StepWait(wakeAfter: .seconds(90), reason: "sleeps for 90 s")
    #expect(try await run("sleep", context(["duration": 90])) == .wait(wait))
    // A second attempt before the first wake-up sleeps; one after it does not.
    #expect(try await run("sleep", context(["duration": 90], attempt: 2)) == .wait(wait))
    #expect(try await run("sleep", context(["duration": 90], wakeCount: 1)) == .succeeded(outputs: nil))
    #expect(try await run("sleep", context(["duration": 0])) == .succeeded(outputs: nil))
  }

  @Test("approval parks until its signal comes")
  func approval() async throws {
    let asked = context(["message": "restore production?"])
    let wait = StepWait(signal: "approval/volumes[3].dump", reason: "waits for approval: restore production?")
    #expect(try await run("approval", asked) == .wait(wait))
    #expect(
      try await run("approval", context(.null))
        == .wait(StepWait(signal: "approval/volumes[3].dump", reason: "waits for approval")))
    // Woken for another reason: still not approved.
    #expect(try await run("approval", context(["message": "restore production?"], wakeCount: 1)) == .wait(wait))
  }

  @Test(
    "who approves and why become outputs",
    arguments: [
      (["approvedBy": "ann", "comment": "go", "approved": true], ["approvedBy": "ann", "comment": "go"]),
      (["approvedBy": "ann"], ["approvedBy": "ann", "comment": nil]),
      (nil, ["approvedBy": nil, "comment": nil]),
    ] as [(JSONValue, JSONValue)])
  func approved(payload: JSONValue, expected: JSONValue) async throws {
    #expect(try await outputs("approval", context(.null, wakeCount: 1, signal: payload)) == expected)
  }

  @Test(
    "a refusal, and what is not clearly an approval, fails for good",
    arguments: [
      (["approved": false, "approvedBy": "bob", "comment": "not today"], "approval: refused by bob: not today"),
      (["approved": false], "approval: refused"),
      (["approved": "no"], "approval: the signal's 'approved' must be true or false; nothing was approved"),
      (["approved": nil], "approval: the signal's 'approved' must be true or false; nothing was approved"),
    ] as [(JSONValue, String)])
  func refused(payload: JSONValue, message: String) async throws {
    let error = try await failure("approval", context(.null, wakeCount: 1, signal: payload))
    #expect(error == StepFailure(.permanent, message))
  }

  @Test("fail fails as often as asked, in the way asked")
  func fail() async throws {
    #expect(try await failure("fail", context(.null)) == StepFailure(.retryable, "failed as asked"))
    let permanent: JSONValue = ["class": "permanent", "message": "broken"]
    #expect(try await failure("fail", context(permanent)) == StepFailure(.permanent, "broken"))
    let throttled: JSONValue = ["class": "throttled", "after": 2, "message": "busy"]
    #expect(try await failure("fail", context(throttled)) == StepFailure(.throttled(after: .seconds(2)), "busy"))
    #expect(try await failure("fail", context(["times": 2], attempt: 2)).kind == .retryable)
    #expect(try await run("fail", context(["times": 2], attempt: 3)) == .succeeded(outputs: nil))
  }
}
