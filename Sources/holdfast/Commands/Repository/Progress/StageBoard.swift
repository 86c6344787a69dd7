internal import JSON
internal import Maintenance
internal import Synchronization

/// Hands the progress of checks, prunes and repairs to the display.
final class StageBoard: Sendable {
  private let latest = Mutex<MaintenanceProgress?>(nil)

  init(_ display: ProgressDisplay) {
    display.show(
      { [self] in Self.state(latest.withLock { $0 }) },
      status: { [self] elapsed in Self.status(latest.withLock { $0 }, elapsed) })
  }

  /// Takes news; from any thread.
  func note(_ progress: MaintenanceProgress) { latest.withLock { $0 = progress } }

  private static func state(_ progress: MaintenanceProgress?) -> WorkState {
    guard let progress else { return .phase("reads the index") }
    var state = WorkState()
    state.items = progress.done
    state.expectedItems = progress.total
    (state.noun, state.title) = words(progress.stage)
    return state
  }

  private static func words(_ stage: MaintenanceProgress.Stage) -> (noun: String, title: String) {
    switch stage {
    case .index: ("index file", "reads the index")
    case .trees: ("folder", "reads folders")
    case .packs: ("pack", "verifies packs")
    case .copying: ("pack", "copies what is in use")
    case .removing: ("file", "removes files")
    }
  }

  private static func status(_ progress: MaintenanceProgress?, _ elapsed: Duration) -> JSONValue {
    var members: [String: JSONValue] = [
      "message_type": "status", "seconds_elapsed": .int(elapsed.components.seconds),
    ]
    if let progress {
      members["stage"] = .string(progress.stage.rawValue)
      members["done"] = .int(Int64(progress.done))
      members["total"] = progress.total.map { .int(Int64($0)) } ?? .null
    }
    return .object(members)
  }
}
