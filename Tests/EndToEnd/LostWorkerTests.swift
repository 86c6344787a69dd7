import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Workers that others take for lost", .serialized)
  struct LostWorkerTests {
    @Test("a worker that sleeps through its lease and wakes up is refused, stops its step and begins anew")
    func stopped() async throws {
      let installation = try await Installation(on: .shared)
      // The first attempt waits for the second to be over, and would then write what it did.
      let late = installation.effects.appendingPathComponent("late").path
      let with = installation.effect(
        #"[ "$HOLDFAST_ATTEMPT" = 1 ] && { sleep 300; echo late > "# + late + #"; }; true"#)
      let run = try await installation.submit(Plan("ok-stopped", [["name": "held", "uses": "exec", "with": with]]))
      let sleeper = try installation.worker("sleeper", lease: 5)
      try await eventually("the step's start") { installation.timesRun("held", in: run) == 1 }
      sleeper.signal(SIGSTOP)
      let heir = try installation.worker("heir")
      try await installation.runsEnd()
      #expect(try await installation.attempts(of: "held", in: run) == ["lost", "succeeded"])

      sleeper.signal(SIGCONT)
      try await eventually("the sleeper's new start") {
        try await installation.number(
          "select count(*) from holdfast.worker where name = 'sleeper' and state = 'active'") == 1
      }
      try await eventually("the end of its step") { children(of: sleeper.pid).isEmpty }
      #expect(access(late, F_OK) != 0)
      #expect(try await installation.brokenRules() == [])

      // It is a worker like any other again.
      await heir.kill()
      let again = try await installation.submit(Plan("ok-again", [["name": "a", "uses": "noop"]]))
      try await installation.runsEnd()
      #expect(try await installation.state(of: again) == "succeeded")
      await sleeper.kill()
    }

    @Test("a report that comes after the lease was lost is refused")
    func staleReport() async throws {
      let installation = try await Installation(on: .shared)
      // The first attempt ends well while its worker is stopped; the second is still under way when that one wakes up.
      let with = installation.effect(
        Installation.gate("$HOLDFAST_ATTEMPT") + #"; touch "$EFFECTS/end-$HOLDFAST_ATTEMPT""#)
      let run = try await installation.submit(
        Plan(
          "ok-stale",
          [["name": "held", "uses": "exec", "with": with], ["name": "then", "uses": "noop", "needs": ["held"]]]))
      let sleeper = try installation.worker("sleeper", lease: 5)
      try await eventually("the step's start") { installation.timesRun("held", in: run) == 1 }
      sleeper.signal(SIGSTOP)
      try installation.openGate("1")
      let end = installation.effects.appendingPathComponent("end-1").path
      try await eventually("the end of the first attempt") { access(end, F_OK) == 0 }
      let heir = try installation.worker("heir")
      try await eventually("the second attempt") { installation.timesRun("held", in: run) == 2 }
      sleeper.signal(SIGCONT)
      try await eventually("the sleeper's new start") {
        try await installation.number("select count(*) from holdfast.worker where name = 'sleeper'") == 2
      }
      try installation.openGate("2")
      try await installation.runsEnd()
      #expect(try await installation.attempts(of: "held", in: run) == ["lost", "succeeded"])
      #expect(installation.timesRun("held", in: run) == 2)
      let recorded = try await installation.sql(
        """
        select w.name from holdfast.attempt a join holdfast.worker w using (worker_id) join holdfast.step s using (step_id)
        where s.name = 'held' and a.state = 'succeeded'
        """)
      #expect(recorded == "heir")
      #expect(try await installation.brokenRules() == [])
      await sleeper.kill()
      await heir.kill()
    }

    @Test("a worker's clock that is an hour off does no harm", arguments: ["+3600s", "-3600s"])
    func clock(offset: String) async throws {
      guard access("/usr/bin/faketime", X_OK) == 0 else {
        print("skipped: there is no faketime to set a worker's clock off: apt-get install faketime")
        return
      }
      let installation = try await Installation(on: .shared)
      // The clock that counts from the start of the machine has no hour to be off by.
      let prefix = ["/usr/bin/faketime", "--exclude-monotonic", "-f", offset]
      let odd = try installation.worker("odd", lease: 12, prefix: prefix)
      do { try await stepsUnderOddClock(installation, odd) } catch {
        await killWithChildren(odd)
        throw error
      }
      await killWithChildren(odd)
    }

    private func stepsUnderOddClock(_ installation: Installation, _ odd: BackgroundProgram) async throws {
      var steps: [[String: Any]] = [
        ["name": "long", "uses": "exec", "with": installation.effect("sleep 30")],
        ["name": "clock", "uses": "exec", "with": installation.effect("date +%s")],
      ]
      steps.append(["name": "shaky", "uses": "fail", "with": ["times": 2], "retry": ["initialSeconds": 0.2]])
      steps.append(["name": "wait", "uses": "sleep", "with": ["duration": 1]])
      let run = try await installation.submit(Plan("ok-clock", steps))
      try await eventually("the step's start") { installation.timesRun("long", in: run) == 1 }
      let other = try installation.worker("other", lease: 12)
      try await installation.runsEnd()
      #expect(try await installation.attempts(of: "long", in: run) == ["succeeded"], "its lease was lost")
      #expect(try await installation.brokenRules() == [])
      #expect(try await installation.number("select count(*) from holdfast.worker") == 2)

      // And when it dies, its leases last no longer than others'.
      let second = try await installation.submit(
        Plan(
          "ok-clock",
          [["name": "held", "uses": "exec", "with": installation.effect(#"[ "$HOLDFAST_ATTEMPT" = 2 ] || sleep 20"#)]]))
      try await eventually("the step's start") { installation.timesRun("held", in: second) == 1 }
      let holder = try await installation.sql(
        "select w.name from holdfast.lease join holdfast.worker w using (worker_id)")
      if holder == "odd" { await killWithChildren(odd) } else { await other.kill() }
      try await installation.runsEnd()
      await other.kill()
    }
  }
}

/// Kills a program that another one runs for us.
private func killWithChildren(_ program: BackgroundProgram) async {
  for child in children(of: program.pid) { kill(child, SIGKILL) }
  await program.kill()
}

/// The processes that a process has started and that still run.
private func children(of parent: pid_t) -> [pid_t] {
  let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(parent)/task")) ?? []
  let all = tasks.compactMap { try? String(contentsOfFile: "/proc/\(parent)/task/\($0)/children", encoding: .utf8) }
  return all.joined(separator: " ").split(separator: " ").compactMap { pid_t($0) }
}
