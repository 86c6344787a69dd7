import Foundation
import Freezing
import Glibc
import TestSupport
import Testing

@Suite("Nothing stays frozen", .serialized)
struct DeathTests {
  @Test("the deadline thaws")
  func deadline() async throws {
    try await withGround { ground in
      var outcome: ThawOutcome
      var attempts = 0
      repeat {
        let start = ContinuousClock.now
        try await ground.freeze(deadline: .milliseconds(300))
        try await ground.expectThawed()
        outcome = try await ground.thaw()
        #expect(!outcome.isIntact && outcome.frozenFor >= .milliseconds(300))
        #expect(outcome.frozenFor < ContinuousClock.now - start)
        attempts += 1
        // Where all stood still for a second past the deadline, the guard counted as stuck: that says nothing of it.
      } while outcome.endedBy == .guardEnded && attempts < 5
      #expect(outcome.endedBy == .deadline)
      #expect(await !ground.freezer.isStillFrozen("test"))
    }
  }

  @Test("a killed worker thaws, even if it hangs in a write", arguments: ["hold", "hang"])
  func workerKilled(_ how: String) async throws {
    try await withGround(.xfs) { ground in
      let worker = try await ground.holder(how)
      if how == "hang" { try await Task.sleep(for: .milliseconds(200)) }
      worker.signal(SIGKILL)
      try await ground.expectThawed()
      #expect(try await ground.thaw().endedBy == .workerDied)
      #expect(try await worker.end() == 128 + SIGKILL)
    }
  }

  @Test("a killed guard: the worker thaws at once")
  func guardKilled() async throws {
    try await withGround(.btrfs) { ground in
      let state = try await ground.freeze()
      #expect(kill(state.guardProcess, SIGKILL) == 0)
      try await ground.expectThawed()
      let outcome = try await ground.thaw()
      #expect(outcome.endedBy == .guardEnded && !outcome.isIntact)
    }
  }

  @Test("a guard that is asked to end thaws first")
  func guardTerminated() async throws {
    try await withGround { ground in
      let state = try await ground.freeze()
      #expect(kill(state.guardProcess, SIGTERM) == 0)
      try await ground.expectThawed()
      #expect(try await ground.thaw().endedBy == .guardEnded)
    }
  }

  @Test("a stopped worker: the deadline thaws")
  func workerStopped() async throws {
    try await withGround { ground in
      let worker = try await ground.holder(seconds: 1)
      worker.signal(SIGSTOP)
      try await ground.expectThawed()
      #expect(try await ground.thaw().endedBy == .deadline)
      worker.signal(SIGKILL)
      worker.signal(SIGCONT)
    }
  }

  @Test("a stopped guard: the worker thaws soon after the deadline")
  func guardStopped() async throws {
    try await withGround { ground in
      // Long enough to stop the guard before it thaws.
      let state = try await ground.freeze(deadline: .seconds(15))
      #expect(kill(state.guardProcess, SIGSTOP) == 0)
      try await ground.expectThawed()
      #expect(try await ground.thaw().endedBy == .guardEnded)
      try await eventually("the end of the guard") { kill(state.guardProcess, 0) != 0 }
    }
  }

  @Test("guard and worker both stopped: whoever looks after the deadline thaws, and they do no harm when they go on")
  func bothStopped() async throws {
    try await withGround { ground in
      // Long enough to stop the guard before it thaws.
      let worker = try await ground.holder(seconds: 15)
      let guardProcess = try worker.guardProcess
      kill(guardProcess, SIGSTOP)
      worker.signal(SIGSTOP)
      #expect(try await ground.freezer.thawStale().isEmpty)
      #expect(try await ground.freezer.held().map(\.guardProcess) == [guardProcess])
      var thawed: [ThawOutcome] = []
      try await eventually("a thaw in the guard's place") {
        thawed += try await ground.freezer.thawStale()
        return !thawed.isEmpty
      }
      #expect(thawed.map(\.endedBy) == [.guardEnded])
      try await ground.freeze("next")
      worker.signal(SIGCONT)
      try await eventually("the end of the guard") { kill(guardProcess, 0) != 0 }
      try await Task.sleep(for: .milliseconds(300))
      #expect(await ground.freezer.isStillFrozen("next"))
      #expect(try await ground.thaw("next").isIntact)
      await worker.kill()
    }
  }

  @Test("both killed at once: whoever comes next thaws", arguments: ["thawStale", "thaw", "freeze", "another token"])
  func bothKilled(_ next: String) async throws {
    try await withGround { ground in
      let worker = try await ground.holder()
      try await ground.killBoth(worker)
      #expect(await !ground.freezer.isStillFrozen("test"))
      #expect(try await ground.freezer.abandoned().map(\.path) == [ground.path])
      switch next {
      case "thawStale":
        let outcomes = try await ground.freezer.thawStale()
        #expect(outcomes.map(\.endedBy) == [.guardEnded])
        #expect(try await ground.freezer.thawStale().isEmpty)
      case "thaw": #expect(try await ground.thaw().endedBy == .guardEnded)
      case "freeze":
        try await ground.freeze()
        #expect(try await ground.thaw().isIntact)
      default:
        try await ground.freeze("other")
        #expect(try await ground.thaw("other").isIntact)
      }
      try await ground.expectThawed()
    }
  }

  @Test("what is not mounted where we see it is not taken for thawed")
  func outOfSight() async throws {
    try await withGround { ground in
      let device = try await runProgram("findmnt", ["--noheadings", "--output", "SOURCE", ground.path]).output
        .trimmingCharacters(in: .whitespacesAndNewlines)
      try await ground.killBoth(try await ground.holder())
      // An unmount does not thaw it.
      #expect(try await runProgram("umount", [ground.path]).exitCode == 0)
      let (stale, abandoned) = (try await ground.freezer.thawStale(), try await ground.freezer.abandoned())
      let error = await #expect(throws: FreezeError.self) { try await ground.freezer.thaw("test") }
      let mounted = try await runProgram("mount", [device, ground.path])
      #expect(mounted.exitCode == 0, "\(mounted)")
      #expect(stale.isEmpty && abandoned.map(\.path) == [ground.path])
      #expect(error?.isRetryable == true && error?.description.contains(ground.path) == true)
      #expect(try await ground.freezer.thawStale().map(\.endedBy) == [.guardEnded])
      try await ground.expectThawed()
    }
  }

  @Test("one that can't be thawed does not keep the others frozen")
  func oneOfTwo() async throws {
    try await withGround { ground in
      try await ground.killBoth(try await ground.holder())
      // Comes first, and its lock can't be opened.
      try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(ground.runtime)/freeze/bad.json"))
      let lock = "\(ground.runtime)/freeze/bad.lock"
      try FileManager.default.createDirectory(atPath: lock, withIntermediateDirectories: false)
      await #expect(throws: FreezeError.self) { try await ground.freezer.thawStale() }
      try await ground.expectThawed()
      try FileManager.default.removeItem(atPath: lock)
    }
  }

  @Test("a freeze that another process holds can be thawed, and taken over")
  func otherProcess() async throws {
    try await withGround { ground in
      let worker = try await ground.holder()
      #expect(await ground.freezer.isStillFrozen("test"))
      try await ground.freeze()
      worker.signal(SIGKILL)
      try await Task.sleep(for: .milliseconds(700))
      #expect(await ground.freezer.isStillFrozen("test"))
      #expect(try await ground.thaw().isIntact)
      let second = try await ground.holder(token: "second")
      #expect(try await ground.thaw("second").isIntact)
      #expect(!second.hasEnded)
    }
  }

  @Test("thawed behind our back is noticed")
  func thawedByHand() async throws {
    try await withGround { ground in
      try await ground.freeze()
      try await runProgram("/sbin/fsfreeze", ["--unfreeze", ground.path])
      #expect(await !ground.freezer.isStillFrozen("test"))
      let outcome = try await ground.thaw()
      #expect(outcome.endedBy == .other && !outcome.isIntact)

      try await ground.freeze()
      try await runProgram("/sbin/fsfreeze", ["--unfreeze", ground.path])
      #expect(try await ground.thaw().endedBy == .other)
    }
  }
}
