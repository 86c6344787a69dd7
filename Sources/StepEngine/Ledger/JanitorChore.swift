public import Log

/// Something that a janitor does again and again beside releasing what runs left behind.
public protocol JanitorChore: Sendable {
  /// What it does, as a phrase after "could not".
  var purpose: String { get }
  /// The time between two rounds.
  var pause: Duration { get }
  /// One round; safe to do by several janitors at once.
  /// - Parameter node: the node that the janitor can reach; nil if it has no name.
  /// - Throws: Anything; the description is what people read, once as long as it stays the same.
  func run(node: String?, logger: Logger) async throws
}

extension JanitorChore {
  /// Makes rounds, the first at once, until the task is cancelled. What goes wrong is told when it is news.
  func makeRounds(node: String?, logger: Logger) async {
    var told: String?
    while !Task.isCancelled {
      do {
        try await run(node: node, logger: logger)
        told = nil
      } catch {
        let reason = "\(error)"
        if !Task.isCancelled, reason != told { logger.warning("could not \(purpose)", ["error": reason]) }
        told = reason
      }
      try? await Task.sleep(for: pause)
    }
  }
}
