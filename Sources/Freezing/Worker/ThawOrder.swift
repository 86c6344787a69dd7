import CFreeze
import Glibc

/// One thaw, by whichever process. It blocks its thread.
struct ThawOrder {
  let runtime: RuntimeFolder
  let token: String

  /// How long a guard has to answer before it counts as stuck.
  private static let patience: Duration = .seconds(10)

  func perform() throws(FreezeError) -> ThawOutcome? {
    let end = timeSinceBoot() + .seconds(40)
    while timeSinceBoot() < end {
      if let socket = runtime.connect(token) {
        if let outcome = ask(socket) { return outcome }
      }
      if let lock = try runtime.lock(token) {
        defer { withExtendedLifetime(lock) {} }
        guard let record = runtime.record(token) else { return nil }
        if let outcome = record.outcome { return outcome }
        guard let outcome = try runtime.thaw(record) else { throw record.outOfSight }
        return outcome
      }
      // A guard that is just starting, or another process that thaws in a guard's place.
      usleep(5_000)
    }
    throw FreezeError(.system, "The guard of the freeze \(token) neither answers nor ends; its deadline still holds.")
  }

  /// - Returns: nil if the guard is gone, or had to be ended.
  private func ask(_ socket: OwnedFile) -> ThawOutcome? {
    guard let record = runtime.record(token), send(GuardRequest.thaw.rawValue, to: socket.number) else { return nil }
    while true {
      switch receive(from: socket.number, within: Self.patience) {
      case .message(let text):
        guard case .thawed(let reason, let length) = GuardAnswer(text) else { continue }
        return ThawOutcome(token: token, path: record.path, frozenFor: length, endedBy: reason)
      case .end: return nil
      case .timedOut:
        let guardProcess = freeze_shim_peer(socket.number)
        if guardProcess > 0 { kill(guardProcess, SIGKILL) }
        return nil
      }
    }
  }
}
