import TestSupport
import Testing

extension EndToEnd {
  @Test("a step that kills its worker is quarantined with a reason, and all others go on")
  func poison() async throws {
    let installation = try await Installation(on: .shared)
    let poison = try await installation.submit(
      Plan(
        "bad-poison",
        [
          [
            "name": "killer", "uses": "exec", "with": installation.effect("sleep 0.3; kill -9 $PPID"),
            "undo": ["uses": "noop"],
          ]
        ]))
    var others: [Int] = []
    for number in 0..<10 {
      others.append(
        try await installation.submit(
          Plan(
            "ok-\(number)",
            [
              ["name": "a", "uses": "exec", "with": installation.effect()],
              ["name": "b", "uses": "sleep", "with": ["duration": 0.1], "needs": ["a"]],
            ])))
    }
    var workers = try ["w1", "w2"].map { try installation.worker($0, lease: 10, slots: 2) }
    try await eventually(within: .seconds(120), "the end of all runs") {
      for (index, worker) in workers.enumerated() where worker.hasEnded {
        workers[index] = try installation.worker("w\(index + 1)", lease: 10, slots: 2)
      }
      return try await installation.number("select count(*) from holdfast.run where finished_at is null") == 0
    }
    #expect(try await installation.attempts(of: "killer", in: poison) == ["lost", "lost", "quarantined"])
    #expect(installation.timesRun("killer", in: poison) == 3)
    let failure = try await installation.sql("select failure from holdfast.run where run_id = \(poison)")
    #expect(failure == "step killer: it lost its worker 3 times; look at it, then retry the run")
    for run in others { #expect(try await installation.state(of: run) == "succeeded") }
    let broken = try await installation.brokenRules().filter { !$0.hasPrefix("a failure was counted") }
    #expect(broken == [])
    for worker in workers { await worker.kill() }
  }
}
