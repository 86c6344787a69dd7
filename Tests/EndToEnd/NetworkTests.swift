import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite("The network between worker and PostgreSQL", .serialized)
  struct NetworkTests {
    private static let tcp = Task { try await PostgresInstance(tcp: true) }

    /// An installation, a proxy in front of its database, and a worker behind it.
    /// - Parameter lease: short only where it has to run out: a busy machine stands still for seconds.
    private func setUp(
      slots: Int = 8, lease: Int = 30
    ) async throws -> (Installation, TCPProxy, BackgroundProgram) {
      let installation = try await Installation(on: try await Self.tcp.value)
      let proxy = try TCPProxy(to: installation.postgres.port)
      let url = "postgresql://postgres@127.0.0.1:\(proxy.port)/\(installation.database)"
      return (installation, proxy, try installation.worker("remote", lease: lease, slots: slots, url: url))
    }

    /// Chains of small steps, each of which tells how often it ran.
    private func chains(_ installation: Installation, _ count: Int, length: Int = 5) async throws {
      for number in 0..<count {
        let steps: [[String: Any]] = (0..<length).map { index in
          [
            "name": "s\(index)", "uses": "exec", "with": installation.effect("sleep 0.05"), "retry": ["attempts": 1],
            "needs": index == 0 ? [] : ["s\(index - 1)"],
          ]
        }
        _ = try await installation.submit(Plan("ok-chain\(number)", steps))
      }
    }

    private func end(_ installation: Installation, _ proxy: TCPProxy, _ worker: BackgroundProgram) async throws {
      do { try await installation.runsEnd() } catch {
        throw TestSupportError("\(error)\n\(worker.errors.suffix(4000))")
      }
      #expect(try await installation.brokenRules() == [], "\(worker.errors.suffix(4000))")
      #expect(!worker.hasEnded)
      await worker.kill()
      proxy.close()
    }

    @Test("an answer that is lost after the COMMIT: nothing is done twice, nothing is stuck")
    func lostAnswers() async throws {
      let (installation, proxy, worker) = try await setUp()
      try await chains(installation, 12)
      for number in 1...10 {
        proxy.swallowNextAnswer(to: "exchange_")
        try await eventually("answer \(number) to be swallowed") { proxy.swallowed == number }
      }
      try await end(installation, proxy, worker)
      #expect(worker.errors.contains("may have taken effect or not"))
      // What was claimed without the worker's knowledge went back; no step needed its lease to run out.
      let states = try await installation.sql("select distinct state from holdfast.attempt order by 1")
      #expect(!states.contains("lost"), "\(states)")
      let again = try await installation.number(
        "select count(*) from (select step_id from holdfast.attempt where state = 'succeeded' group by 1 having count(*) > 1) t"
      )
      #expect(again == 0)
    }

    @Test("a claim whose step bodies can't be read goes back, and no attempt is counted")
    func lostBodies() async throws {
      let (installation, proxy, worker) = try await setUp()
      proxy.swallowNextAnswer(to: "bodies_")
      let with = installation.effect("true # a body that nobody has read yet")
      let run = try await installation.submit(
        Plan("ok-new", [["name": "a", "uses": "exec", "with": with, "retry": ["attempts": 1]]]))
      try await end(installation, proxy, worker)
      #expect(proxy.swallowed == 1)
      #expect(try await installation.attempts(of: "a", in: run) == ["returned", "succeeded"])
    }

    @Test("connections that are cut at random")
    func cuts() async throws {
      var random = SplitMix64.announced()
      let (installation, proxy, worker) = try await setUp(lease: 10)
      try await chains(installation, 15)
      for _ in 0..<25 {
        try await Task.sleep(for: .milliseconds(Int.random(in: 5...200, using: &random)))
        proxy.cut()
      }
      try await end(installation, proxy, worker)
    }

    @Test("a network that stalls for a moment costs nothing")
    func shortStall() async throws {
      let (installation, proxy, worker) = try await setUp()
      try await chains(installation, 6)
      try await Task.sleep(for: .milliseconds(500))
      proxy.set(.silent)
      try await Task.sleep(for: .seconds(4))
      proxy.set(.pass)
      try await end(installation, proxy, worker)
      #expect(try await installation.number("select count(*) from holdfast.worker") == 1, "it had to begin anew")
    }

    @Test(
      "a network that is silent for 10 s: the worker stops what it holds, another does it, and the first comes back")
    func longStall() async throws {
      let (installation, proxy, worker) = try await setUp(lease: 5)
      let held = try await installation.submit(
        Plan(
          "ok-held",
          [
            [
              "name": "held", "uses": "exec",
              "with": installation.effect(#"[ "$HOLDFAST_ATTEMPT" = 1 ] && sleep 60; true"#),
            ]
          ]))
      try await eventually("the step's start") { installation.timesRun("held", in: held) == 1 }
      proxy.set(.silent)
      let other = try installation.worker("near")
      try await installation.runsEnd()
      try await Task.sleep(for: .seconds(6))
      proxy.set(.pass)
      await other.kill()
      try await chains(installation, 2)
      try await end(installation, proxy, worker)
      #expect(try await installation.attempts(of: "held", in: held) == ["lost", "succeeded"])
    }

    @Test("a report that arrives when another worker holds the step is refused")
    func lateReport() async throws {
      // With one slot, a worker that does a step makes no exchange but the report.
      let (installation, proxy, worker) = try await setUp(slots: 1, lease: 3)
      let with = installation.effect(Installation.gate("$HOLDFAST_ATTEMPT"))
      let run = try await installation.submit(Plan("ok-late", [["name": "held", "uses": "exec", "with": with]]))
      try await eventually("the step's start") { installation.timesRun("held", in: run) == 1 }
      let near = try installation.worker("near")
      try await eventually("the other worker") {
        try await installation.number("select count(*) from holdfast.worker where name = 'near'") == 1
      }
      proxy.holdNextRequest(with: "exchange_")
      try installation.openGate("1")
      try await eventually("the report") { proxy.isHolding }
      // Until the step is done again the first worker can't say that it lives.
      proxy.set(.refuse)
      try await eventually("the second attempt") { installation.timesRun("held", in: run) == 2 }
      proxy.set(.pass)
      proxy.releaseHeld()
      try await eventually("the first worker's new start") {
        try await installation.number("select count(*) from holdfast.worker where name = 'remote'") == 2
      }
      try installation.openGate("2")
      try await end(installation, proxy, worker)
      #expect(try await installation.attempts(of: "held", in: run) == ["lost", "succeeded"])
      let recorded = try await installation.sql(
        "select name from holdfast.attempt join holdfast.worker using (worker_id) where attempt.state = 'succeeded'")
      #expect(recorded == "near")
      await near.kill()
    }

    @Test("connections that die without a word: the worker gives up on them and opens others")
    func halfOpen() async throws {
      let (installation, proxy, worker) = try await setUp(lease: 3)
      try await chains(installation, 4)
      try await Task.sleep(for: .milliseconds(500))
      proxy.set(.silent)
      // What was open stays silent and is cut in the end; new connections go through only from then on.
      try await Task.sleep(for: .seconds(8))
      proxy.set(.refuse)
      try await Task.sleep(for: .seconds(1))
      proxy.set(.pass)
      try await end(installation, proxy, worker)
    }
  }
}
