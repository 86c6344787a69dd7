import Synchronization

/// Hands values from tasks that make them to tasks that use them; who is too fast waits.
///
/// First in, first out. It ends in one of two ways: `finish` lets the consumers take what is left, `fail` ends both sides at
/// once with an error.
public final class BoundedQueue<Element: Sendable>: Sendable {
  private struct Waiting<Value> {
    var ticket: Int
    var continuation: CheckedContinuation<Value, any Error>
  }

  private struct State {
    /// Those before `head` were taken: nil, so that the queue keeps nothing alive.
    var elements: [Element?] = []
    var head = 0
    var pushing: [(waiting: Waiting<Void>, element: Element)] = []
    var popping: [Waiting<Element?>] = []
    var tickets = 0
    var isFinished = false
    var failure: (any Error)?

    var count: Int { elements.count - head }

    mutating func takeFirst() -> Element? {
      guard head < elements.count else { return nil }
      let element = elements[head].take()
      head += 1
      if head == elements.count || head > 64 {
        elements.removeFirst(head)
        head = 0
      }
      return element
    }
  }

  private enum PushOutcome {
    case done
    case handOver(CheckedContinuation<Element?, any Error>)
    case failed(any Error)
    case wait
  }

  private enum PopOutcome {
    case take(Element?, producer: CheckedContinuation<Void, any Error>?)
    case failed(any Error)
    case wait
  }

  private let limit: Int
  private let state = Mutex(State())

  /// A queue that holds at most `limit` values (at least one).
  public init(limit: Int) { self.limit = max(1, limit) }

  /// Adds a value, and waits for room first.
  /// - Throws: what the queue failed with; `CancellationError` if the task is cancelled while it waits.
  public func push(_ element: Element) async throws {
    let ticket = state.withLock { state in
      state.tickets += 1
      return state.tickets
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let next: PushOutcome = state.withLock { state in
          if let failure = state.failure { return .failed(failure) }
          precondition(!state.isFinished, "Nothing can be added to a queue that has finished.")
          if !state.popping.isEmpty { return .handOver(state.popping.removeFirst().continuation) }
          if state.count < limit {
            state.elements.append(element)
            return .done
          }
          // Looked at under the lock: who is cancelled later is found among those who wait.
          if Task.isCancelled { return .failed(CancellationError()) }
          state.pushing.append((Waiting(ticket: ticket, continuation: continuation), element))
          return .wait
        }
        switch next {
        case .done: continuation.resume()
        case .handOver(let consumer):
          consumer.resume(returning: element)
          continuation.resume()
        case .failed(let error): continuation.resume(throwing: error)
        case .wait: break
        }
      }
    } onCancel: {
      let waiting = state.withLock { state in
        state.pushing.firstIndex { $0.waiting.ticket == ticket }.map { state.pushing.remove(at: $0).waiting }
      }
      waiting?.continuation.resume(throwing: CancellationError())
    }
  }

  /// Takes the oldest value, and waits for one first; nil once the queue has finished and is empty.
  /// - Throws: what the queue failed with; `CancellationError` if the task is cancelled while it waits.
  public func pop() async throws -> Element? {
    let ticket = state.withLock { state in
      state.tickets += 1
      return state.tickets
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Element?, any Error>) in
        let next: PopOutcome = state.withLock { state in
          if let failure = state.failure { return .failed(failure) }
          if let element = state.takeFirst() {
            guard !state.pushing.isEmpty else { return .take(element, producer: nil) }
            let (waiting, pushed) = state.pushing.removeFirst()
            state.elements.append(pushed)
            return .take(element, producer: waiting.continuation)
          }
          if state.isFinished { return .take(nil, producer: nil) }
          // Looked at under the lock: who is cancelled later is found among those who wait.
          if Task.isCancelled { return .failed(CancellationError()) }
          state.popping.append(Waiting(ticket: ticket, continuation: continuation))
          return .wait
        }
        switch next {
        case .take(let element, let producer):
          producer?.resume()
          continuation.resume(returning: element)
        case .failed(let error): continuation.resume(throwing: error)
        case .wait: break
        }
      }
    } onCancel: {
      let waiting = state.withLock { state in
        state.popping.firstIndex { $0.ticket == ticket }.map { state.popping.remove(at: $0) }
      }
      waiting?.continuation.resume(throwing: CancellationError())
    }
  }

  /// No more values will come; consumers take what is left, then get nil.
  public func finish() {
    let consumers = state.withLock { state in
      state.isFinished = true
      defer { state.popping = [] }
      return state.popping
    }
    for consumer in consumers { consumer.continuation.resume(returning: nil) }
  }

  /// Ends both sides with `error`; what is still queued is dropped. The first error counts.
  public func fail(_ error: any Error) {
    let (producers, consumers) = state.withLock { state in
      state.failure = state.failure ?? error
      state.elements = []
      state.head = 0
      defer {
        state.pushing = []
        state.popping = []
      }
      return (state.pushing, state.popping)
    }
    for producer in producers { producer.waiting.continuation.resume(throwing: error) }
    for consumer in consumers { consumer.continuation.resume(throwing: error) }
  }
}
