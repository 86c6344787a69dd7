import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Frozen filesystems", .serialized)
  struct FreezeTests {
    private let node = "freezing"

    private func plan(_ path: String, rest: Int) -> Plan {
      Plan(
        "ok-freeze",
        [
          [
            "name": "freeze", "uses": "freeze", "with": ["path": path, "deadline": "20s"],
            "undo": ["uses": "thaw", "with": ["path": path]],
          ],
          ["name": "rest", "uses": "sleep", "needs": ["freeze"], "with": ["duration": rest]],
          ["name": "thaw", "uses": "thaw", "needs": ["rest"], "with": ["path": path]],
        ])
    }

    /// Until a file can be written.
    private func writing(_ path: String) async throws -> Duration {
      let start = ContinuousClock.now
      let writer = try BackgroundProgram("/bin/sh", ["-c", "echo text >\"$0\"", path + "/file"])
      #expect(try await writer.end() == 0)
      return .now - start
    }

    private func withFrozen(
      rest: Int, _ body: (Installation, BackgroundProgram, Int, String) async throws -> Void
    ) async throws {
      try await LoopFileSystem.ext4.withOwn(megabytes: 64) { mount in
        let installation = try await Installation(on: .shared)
        let worker = try installation.worker("freezer", lease: 2, ["--label", "node=\(node)"])
        try await eventually("the worker's start") {
          try await installation.number("select count(*) from holdfast.step_kind where uses = 'thaw'") == 1
        }
        let run = try await installation.submit(plan(mount.path, rest: rest))
        try await eventually("the freeze") {
          try await installation.attempts(of: "freeze", in: run) == ["succeeded"]
        }
        try await body(installation, worker, run, mount.path)
        await worker.kill()
        let result = try await runProgram("/sbin/fsfreeze", ["--unfreeze", mount.path])
        #expect(result.exitCode != 0, "it is left frozen")
      }
    }

    private func thaw(_ installation: Installation, _ run: Int) async throws -> String {
      try await installation.sql(
        """
        select (a.outputs ->> 'endedBy') || ' ' || (a.outputs ->> 'intact')
        from holdfast.attempt a join holdfast.step s using (step_id)
        where s.step_id >> 20 = \(run) and s.name = 'thaw' and a.state = 'succeeded'
        """)
    }

    @Test("frozen until the thaw, which says so")
    func whole() async throws {
      try await withFrozen(rest: 3) { installation, _, run, path in
        let doctor = try await installation.run(["doctor"])
        #expect(doctor.output.contains("\(path) is frozen, for at most 20.0 seconds"))
        #expect(try await writing(path) > .milliseconds(100))
        try await installation.runsEnd()
        #expect(try await thaw(installation, run) == "worker true")
        #expect(
          try await installation.sql(
            "select run_id, node, path, milliseconds between 2500 and 9000, ended_by, intact from holdfast.freezes")
            == "\(run)|\(node)|\(path)|t|worker|t")
      }
    }

    @Test("the worker is killed: thawed within a second, and the run knows")
    func killed() async throws {
      try await withFrozen(rest: 4) { installation, worker, run, path in
        await worker.kill()
        #expect(try await writing(path) < .seconds(3))
        let heir = try installation.worker("heir", lease: 2)
        try await installation.runsEnd()
        #expect(try await thaw(installation, run) == "worker-died false")
        #expect(
          try await installation.sql("select ended_by, intact from holdfast.freezes where run_id = \(run)")
            == "worker-died|f")
        await heir.kill()
      }
    }

    @Test("worker and guard are killed in the same instant: another worker of the machine thaws")
    func bothKilled() async throws {
      try await withFrozen(rest: 60) { installation, worker, _, path in
        let other = try installation.worker("other", ["--kinds", "noop"])
        try await eventually("the other worker's start") {
          try await installation.number("select count(*) from holdfast.worker where name = 'other'") == 1
        }
        // It must not see the guard's end, or it would thaw.
        worker.signal(SIGSTOP)
        let killed = try await runProgram(
          "/usr/bin/pkill", ["-KILL", "-P", "\(worker.pid)", "-f", "freeze-guard"])
        #expect(killed.exitCode == 0)
        await worker.kill()
        #expect(try await writing(path) < .seconds(40))
        await other.kill()
      }
    }

    @Test("a run that is cancelled thaws")
    func cancelled() async throws {
      try await withFrozen(rest: 30) { installation, _, run, path in
        #expect(try await installation.run(["cancel", "\(run)"]).exitCode == 0)
        #expect(try await writing(path) < .seconds(20))
        try await installation.runsEnd()
        #expect(try await installation.state(of: run) == "cancelled")
      }
    }
  }
}
