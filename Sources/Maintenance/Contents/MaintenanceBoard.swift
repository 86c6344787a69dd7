internal import Synchronization

/// Keeps how far a check, a prune or a repair is; any thread may ask at any time.
public final class MaintenanceBoard: Sendable {
  private let state = Mutex<MaintenanceProgress?>(nil)

  /// Nothing is known yet.
  public init() {}

  /// What is going on; nil before there are numbers.
  public var latest: MaintenanceProgress? { state.withLock { $0 } }

  /// Takes news, from any thread. What another thread has overtaken is none.
  public func note(_ progress: MaintenanceProgress) {
    state.withLock { latest in
      if let latest, latest.stage == progress.stage, latest.bytes ?? 0 > progress.bytes ?? 0 { return }
      latest = progress
    }
  }
}
