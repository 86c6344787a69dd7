internal import Freezing

/// Looks at the filesystems of this machine that are frozen. Only who may freeze sees any.
struct FreezeChecks {
  let freezer = Freezer()

  func findings() async -> [Finding] {
    do throws(FreezeError) {
      let held = try await freezer.held().map { state in
        Finding.ok("freeze", "\(state.path) is frozen, for at most \(state.deadline) (\(state.token))")
      }
      let abandoned = try await freezer.abandoned().map { state in
        Finding.problem(
          "freeze", "\(state.path) was left frozen: its guard and its worker are gone (\(state.token))",
          "start a worker on this machine, or run 'fsfreeze --unfreeze \(state.path)'")
      }
      return held + abandoned
    } catch {
      // The runtime folder belongs to another user: not ours to look at.
      return []
    }
  }
}
