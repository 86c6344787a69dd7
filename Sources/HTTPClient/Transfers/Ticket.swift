import Synchronization

/// A request on its way from the caller to the client's thread, which finishes it exactly once.
final class Ticket: Sendable {
  let request: HTTPRequest
  /// When the request has to be over, waiting for a slot included.
  let deadline: ContinuousClock.Instant?
  private let cancelled = Atomic(false)
  private let waiter = Mutex<CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>?>(nil)

  init(_ request: HTTPRequest, deadline: ContinuousClock.Instant?) {
    self.request = request
    self.deadline = deadline
  }

  /// Who gets the result. Called once, before the ticket is handed over.
  func attach(_ continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>) {
    waiter.withLock { $0 = continuation }
  }

  /// Hands over the result.
  func finish(_ result: Result<HTTPResponse, HTTPError>) {
    let waiting = waiter.withLock { slot in
      defer { slot = nil }
      return slot
    }
    waiting?.resume(returning: result)
  }

  /// Whether nobody wants the result any more. May be set before the ticket is handed over.
  var isCancelled: Bool { cancelled.load(ordering: .acquiring) }
  func cancel() { cancelled.store(true, ordering: .releasing) }

  /// Why this ticket has to end now although its transfer goes on; nil when it need not.
  func expiry(now: ContinuousClock.Instant) -> HTTPError? {
    if isCancelled { return HTTPError(.cancelled, request, "cancelled") }
    if let deadline, deadline <= now {
      return HTTPError(.timedOut, request, "timed out while waiting for a free transfer slot of this client")
    }
    return nil
  }
}
