import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Frozen filesystems", .serialized)
  struct FreezeTests {
    private let node = "freezing"

    /// Frozen until `goOn`, and by far not until the deadline.
    private func plan(_ path: String) -> Plan {
      Plan(
        "ok-freeze",
        [
          [
            "name": "freeze", "uses": "freeze", "with": ["path": path, "deadline": "120s"],
            "undo": ["uses": "thaw", "with": ["path": path]],
          ],
          ["name": "rest", "uses": "approval", "needs": ["freeze"]],
          ["name": "thaw", "uses": "thaw", "needs": ["rest"], "with": ["path": path]],
        ])
    }

    private func goOn(_ installation: Installation, _ run: Int) async throws {
      try await installation.sql("select holdfast.signal(\(run), 'approval/rest')")
    }

    /// Says that it begins, and writes a file.
    private func startWriter(_ path: String) throws -> BackgroundProgram {
      try BackgroundProgram("/bin/sh", ["-c", "echo begins; echo text >\"$0\"", path + "/file"])
    }

    /// Until a file can be written.
    private func writing(_ path: String) async throws -> Duration {
      let start = ContinuousClock.now
      #expect(try await startWriter(path).end() == 0)
      return .now - start
    }

    private func withFrozen(
      _ body: (Installation, BackgroundProgram, Int, String) async throws -> Void
    ) async throws {
      try await LoopFileSystem.ext4.withOwn(megabytes: 64) { mount in
        let installation = try await Installation(on: .shared)
        let worker = try installation.worker("freezer", ["--label", "node=\(node)"])
        try await eventually("the worker's start") {
          try await installation.number("select count(*) from holdfast.step_kind where uses = 'thaw'") == 1
        }
        let run = try await installation.submit(plan(mount.path))
        try await eventually("the freeze") {
          try await installation.attempts(of: "freeze", in: run) == ["succeeded"]
        }
        try await eventually("the rest") { try await installation.number("select count(*) from holdfast.parked") == 1 }
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
      try await withFrozen { installation, _, run, path in
        let doctor = try await installation.run(["doctor"])
        #expect(doctor.output.contains("\(path) is frozen, for at most 120.0 seconds"))
        let writer = try startWriter(path)
        try await eventually("the writer's start") { writer.output == "begins\n" }
        try await Task.sleep(for: .milliseconds(500))
        #expect(!writer.hasEnded, "it is not frozen")
        try await goOn(installation, run)
        #expect(try await writer.end() == 0)
        try await installation.runsEnd()
        #expect(try await thaw(installation, run) == "worker true")
        #expect(
          try await installation.sql(
            "select run_id, node, path, milliseconds between 500 and 120000, ended_by, intact from holdfast.freezes")
            == "\(run)|\(node)|\(path)|t|worker|t")
      }
    }

    @Test("the worker is killed: thawed at once, and the run knows")
    func killed() async throws {
      try await withFrozen { installation, worker, run, path in
        await worker.kill()
        // Usually within a quarter of a second; and nobody else is there to thaw it before the deadline.
        #expect(try await writing(path) < .seconds(30))
        let heir = try installation.worker("heir")
        try await goOn(installation, run)
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
      try await withFrozen { installation, worker, _, path in
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
        #expect(try await writing(path) < .seconds(90))
        await other.kill()
      }
    }

    @Test("a run that is cancelled thaws")
    func cancelled() async throws {
      try await withFrozen { installation, _, run, path in
        #expect(try await installation.run(["cancel", "\(run)"]).exitCode == 0)
        #expect(try await writing(path) < .seconds(60))
        try await installation.runsEnd()
        #expect(try await installation.state(of: run) == "cancelled")
      }
    }
  }
}
