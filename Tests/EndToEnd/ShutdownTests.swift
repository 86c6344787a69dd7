import Foundation
import Glibc
import TestSupport
import Testing

/// The tests that mostly wait; one after the other, so that their processes have the machine.
@Suite("End to end", .serialized, .timeLimit(.minutes(30)))
struct EndToEnd {}

extension EndToEnd {
  @Suite("Shutdown", .serialized)
  struct ShutdownTests {
    /// Waits until the worker has heard that it is to stop.
    private func untilDraining(_ installation: Installation) async throws {
      try await eventually("a draining worker") {
        try await installation.sql("select state from holdfast.worker") == "draining"
      }
    }

    /// One step that runs, with a second that must not be started.
    private func twoSteps(_ installation: Installation, _ script: String) -> Plan {
      Plan(
        "ok-two",
        [
          ["name": "running", "uses": "exec", "with": installation.effect(script)],
          ["name": "next", "uses": "noop", "needs": ["running"]],
        ])
    }

    @Test(
      "SIGTERM, or SIGHUP from a closed terminal: what runs finishes, nothing new is taken, and the worker leaves in order",
      arguments: [SIGTERM, SIGHUP])
    func drains(_ signal: Int32) async throws {
      let installation = try await Installation(on: .shared)
      let run = try await installation.submit(twoSteps(installation, Installation.gate("end")))
      let worker = try installation.worker("drained", ["--grace", "600"])
      try await eventually("the step's start") { installation.timesRun("running", in: run) == 1 }
      worker.signal(signal)
      try await untilDraining(installation)
      try installation.openGate("end")
      #expect(try await worker.end() == 0)

      #expect(try await installation.attempts(of: "running", in: run) == ["succeeded"])
      #expect(try await installation.number("select count(*) from holdfast.ready") == 1, "the next step was taken")
      #expect(try await installation.number("select count(*) from holdfast.lease") == 0)
      #expect(try await installation.sql("select state from holdfast.worker") == "stopped")
      #expect(try await installation.workersLeft() == "")

      let other = try installation.worker("other")
      try await installation.runsEnd()
      #expect(try await installation.brokenRules() == [])
      other.signal(SIGTERM)
      #expect(try await other.end() == 0)
    }

    @Test(
      "SIGTERM twice, or the grace over: children end, steps go back at once, and no attempt is counted",
      arguments: [true, false])
    func stopsAtOnce(isSecondSignal: Bool) async throws {
      let installation = try await Installation(on: .shared)
      let pids = installation.effects.appendingPathComponent("pids").path
      let script = "[ -e \(pids) ] || { sleep 300 & echo $$ $! > \(pids).new; mv \(pids).new \(pids); wait; }"
      let run = try await installation.submit(twoSteps(installation, script))
      let worker = try installation.worker("stopped", ["--grace", isSecondSignal ? "600" : "1"])
      try await eventually("the step's start") { access(pids, F_OK) == 0 }
      let children = try String(contentsOfFile: pids, encoding: .utf8).split(whereSeparator: \.isWhitespace).compactMap
      { Int32($0) }
      try #require(children.count == 2)

      worker.signal(SIGTERM)
      if isSecondSignal {
        try await untilDraining(installation)
        #expect(!worker.hasEnded)
        worker.signal(SIGTERM)
      }
      #expect(try await worker.end() == 0)
      // They have been killed; on a busy machine they have to get their turn to end, too.
      for child in children { try await eventually("the end of process \(child)") { !isAlive(child) } }
      #expect(try await installation.attempts(of: "running", in: run) == ["returned"])
      #expect(try await installation.sql("select failures, crashes from holdfast.ready") == "0|0")
      #expect(try await installation.workersLeft() == "")

      let other = try installation.worker("other")
      try await installation.runsEnd()
      #expect(try await installation.attempts(of: "running", in: run) == ["returned", "succeeded"])
      #expect(try await installation.brokenRules() == [])
      await other.kill()
    }

    @Test("kill -9: an orphan may finish, but what it did is not recorded for it")
    func orphan() async throws {
      let installation = try await Installation(on: .shared)
      let done = installation.effects.appendingPathComponent("done").path
      let script = #"[ "$HOLDFAST_ATTEMPT" = 1 ] && { sleep 4; echo orphan > "# + done + #"; }; true"#
      let run = try await installation.submit(twoSteps(installation, script))
      let first = try installation.worker("killed", lease: 5)
      try await eventually("the step's start") { installation.timesRun("running", in: run) == 1 }
      await first.kill()
      let second = try installation.worker("heir")
      try await installation.runsEnd()
      try await eventually("the orphan's end") { access(done, F_OK) == 0 }
      #expect(try await installation.attempts(of: "running", in: run) == ["lost", "succeeded"])
      #expect(try await installation.brokenRules() == [])
      await second.kill()
    }

    @Test("a scheduler that is told to stop gives up the lead and ends with exit code 0")
    func scheduler() async throws {
      let installation = try await Installation(on: .shared)
      let scheduler = try installation.start(["scheduler", "--name", "s"])
      try await eventually("the lead") { try await installation.number("select count(*) from holdfast.leader") == 1 }
      scheduler.signal(SIGTERM)
      #expect(try await scheduler.end() == 0)
      #expect(try await installation.number("select count(*) from holdfast.leader") == 0)
    }
  }
}
