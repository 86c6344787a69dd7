import Synchronization

/// The bodies that this worker has met; they never change, so they are read once.
final class StepBodyCache: Sendable {
  /// A worker that meets more forgets them all and begins anew.
  private static let limit = 10_000

  private let bodies = Mutex<[Int64: StepBody]>([:])

  subscript(id: Int64) -> StepBody? { bodies.withLock { $0[id] } }

  /// Which of these are not here, each once.
  func missing(of ids: [Int64]) -> [Int64] {
    bodies.withLock { bodies in
      var missing: Set<Int64> = []
      for id in ids where bodies[id] == nil { missing.insert(id) }
      return Array(missing)
    }
  }

  func add(_ new: [StepBody]) {
    bodies.withLock { bodies in
      if bodies.count + new.count > Self.limit { bodies = [:] }
      for body in new { bodies[body.id] = body }
    }
  }
}
