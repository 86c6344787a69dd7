internal import JSON
internal import Maintenance

/// Shows the progress of checks, prunes and repairs.
struct StageBoard {
  private let board = MaintenanceBoard()

  init(_ display: ProgressDisplay) {
    display.show(
      { [board] in Self.state(board.latest) }, status: { [board] pace in Self.status(board.latest, pace) })
  }

  /// Takes news; from any thread.
  func note(_ progress: MaintenanceProgress) { board.note(progress) }

  static func state(_ progress: MaintenanceProgress?) -> WorkState {
    guard let progress else { return .phase("reads the index") }
    var state = WorkState()
    state.items = progress.done
    state.expectedItems = progress.total
    state.bytes = progress.bytes ?? 0
    state.expectedBytes = progress.totalBytes
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

  static func status(_ progress: MaintenanceProgress?, _ pace: WorkPace) -> JSONValue {
    var members = state(progress).status(pace)
    if let progress {
      members["stage"] = .string(progress.stage.rawValue)
      members["done"] = .int(Int64(progress.done))
      members["total"] = progress.total.map { .int(Int64($0)) } ?? .null
    }
    return .object(members)
  }
}
