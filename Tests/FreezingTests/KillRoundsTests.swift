import Freezing
import Glibc
import TestSupport
import Testing

@Suite("Kills at any moment")
struct KillRoundsTests {
  /// Milliseconds from the start of a worker that freezes to the kill; what dies; and in which order.
  private struct Round {
    var delay: Int
    var killsWorker: Bool
    var killsGuard: Bool
  }

  @Test("after a worker, its guard or both are killed, at most a look by the next thaws")
  func rounds() async throws {
    try await withGround { ground in
      var random = SplitMix64(seed: 20_261)
      var guardsKilled = 0
      for number in 0..<40 {
        let choice = Int.random(in: 0..<3, using: &random)
        let round = Round(
          delay: Int.random(in: 0...150, using: &random), killsWorker: choice != 0, killsGuard: choice != 1)
        let worker = try BackgroundProgram(
          helper, ["hold", ground.path, "60", "round-\(number)"], environment: ["HOLDFAST_RUNTIME": ground.runtime])
        try await Task.sleep(for: .milliseconds(round.delay))
        // First, so that it is not seen to end before the guard does.
        if round.killsWorker, round.killsGuard { worker.signal(SIGSTOP) }
        if round.killsGuard, let process = try await guardProcess(of: worker.pid) {
          kill(process, SIGKILL)
          guardsKilled += 1
        }
        if round.killsWorker { worker.signal(SIGKILL) }
        if round.killsGuard, !round.killsWorker {
          // It thaws, or says that it could not freeze; or it was not yet that far, and freezes.
          try await Task.sleep(for: .milliseconds(300))
          _ = try await ground.freezer.thaw("round-\(number)")
          await worker.kill()
        }
        _ = try await worker.end()
        try await eventually(within: .seconds(30), "the guard's end in round \(number): \(round)") {
          try await ground.freezer.held().isEmpty
        }
        try await ground.freezer.thawStale()
        #expect(try await isThawed(ground.path), "left frozen in round \(number): \(round)")
      }
      print("\(guardsKilled) guards killed in 40 rounds")
    }
  }

  /// The guard that a worker has started, if it has.
  private func guardProcess(of worker: Int32) async throws -> Int32? {
    let result = try await runProgram("pgrep", ["-P", "\(worker)", "-f", "freeze-guard"])
    return result.output.split(separator: "\n").first.flatMap { Int32($0) }
  }
}
