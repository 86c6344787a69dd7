import Foundation
import Freezing
import JSON
import StepEngine
import TestSupport
import Testing

@testable import ProtectionSteps

@Suite("freeze and thaw", .serialized)
struct FreezeStepTests {
  private func withSteps(_ body: (String, FreezeStep, ThawStep) async throws -> Void) async throws {
    try await LoopFileSystem.ext4.withOwn(megabytes: 64) { mount in
      let helper = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let freezer = Freezer(
        runtimeFolder: try scratchDirectory("runtime").path,
        guardCommand: [
          URL(fileURLWithPath: helper).deletingLastPathComponent().appendingPathComponent("freezing-helper").path,
          FreezeGuard.command,
        ])
      try await body(mount.path, FreezeStep(freezer: freezer) { [] }, ThawStep(freezer: freezer) { _, _, _ in })
      #expect(try await freezer.held().isEmpty)
      let result = try await runProgram("/sbin/fsfreeze", ["--unfreeze", mount.path])
      #expect(result.exitCode != 0)
    }
  }

  @Test("both may be repeated, and say how long it was")
  func both() async throws {
    try await withSteps { path, freeze, thaw in
      let folder = path + "/folder"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      let frozen = try await outputs(freeze, context(["path": .string(path), "deadline": "60s"]))
      #expect(frozen["filesystem"] == "ext4" && frozen["path"] == .string(path))
      // Again, by another path on it, as by another attempt.
      #expect(try await outputs(freeze, context(["path": .string(folder)], attempt: 2))["device"] == frozen["device"])
      guard case .wait(let wait) = try await freeze.run(context(["path": .string(path)], run: 8)) else {
        Issue.record("another run did not wait")
        return
      }
      #expect(wait.wakeAfter == .seconds(1) && wait.reason.contains("run-7-"))
      let thawed = try await outputs(thaw, context(["path": .string(path)]))
      #expect(thawed["endedBy"] == "worker" && thawed["intact"] == true)
      #expect(thawed["frozenMilliseconds"]?.int ?? -1 >= 0)
      #expect(try await outputs(thaw, context(["path": .string(folder)]))["intact"] == true)
      let never = try await outputs(thaw, context(["path": .string(path)], run: 9))
      #expect(never["endedBy"] == "none" && never["intact"] == false && never["frozenMilliseconds"] == 0)
      #expect(try await outputs(thaw, context(["path": "/no/such/place"]))["endedBy"] == "none")
    }
  }

  @Test("a deadline that passed shows")
  func deadline() async throws {
    try await withSteps { path, freeze, thaw in
      let log = StepLog()
      var thawed = JSONValue.null
      // Where all stood still for a second past the deadline, the guard counted as stuck: once more.
      for _ in 0..<5 where thawed["endedBy"] != "deadline" {
        _ = try await outputs(freeze, context(["path": .string(path), "deadline": 0.2]))
        // Returns once it is thawed.
        #expect(try await runProgram("touch", [path + "/written"]).exitCode == 0)
        thawed = try await outputs(thaw, context(["path": .string(path)], log: log))
        #expect(thawed["intact"] == false)
      }
      #expect(thawed["endedBy"] == "deadline")
      #expect(log.lines.contains { $0.contains("may be torn") })
    }
  }

  @Test("what must not be frozen is a permanent failure")
  func refused() async throws {
    try await withSteps { path, freeze, _ in
      for (protected, with) in [([ProtectedPath(path, "a repository")], JSONValue.null), ([], [.string(path)])] {
        let step = FreezeStep(freezer: freeze.freezer) { protected }
        let error = try await failure(step, context(["path": .string(path), "deadline": "1s", "protect": with]))
        #expect(error.kind == .permanent && error.message.contains("must not be frozen"))
      }
      #expect(try await failure(freeze, context(["path": "/no/such/place"])).kind == .permanent)
      #expect(try await failure(freeze, context(["path": .string(path), "deadline": "11m"])).kind == .permanent)
      #expect(try await failure(freeze, context([:])).kind == .permanent)
    }
  }

  @Test("a step that is cancelled leaves nothing frozen")
  func cancelled() async throws {
    try await withSteps { path, freeze, _ in
      // It hears of it before it freezes, and can't be stopped from there on.
      let step = FreezeStep(freezer: freeze.freezer) {
        try? await Task.sleep(for: .seconds(60))
        return []
      }
      let task = Task { try await step.run(context(["path": .string(path), "deadline": "60s"])) }
      task.cancel()
      await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
  }
}
