import Synchronization

/// A bounded number of connections, lent to one task each. They are opened when needed, and opened again when broken.
public final class PostgresPool: Sendable {
  private typealias Waiter = CheckedContinuation<Result<Grant, PostgresError>, Never>
  private typealias Grant = PoolGrant<Parked>

  /// How connections are opened.
  public let connector: PostgresConnector
  /// How long `withConnection` waits for a connection if it is not told otherwise.
  public let patience: Duration
  private let onFailure: @Sendable (PostgresError, Duration) -> Void
  private let state: Mutex<PoolState<Parked, Waiter>>
  private let lastID = Atomic<UInt64>(0)

  /// A pool of at most `size` connections; opens none yet.
  ///
  /// `onFailure` gets each failure to connect that will be followed by another try.
  public init(
    _ configuration: PostgresConfiguration, size: Int, backoff: Backoff = Backoff(), patience: Duration = .seconds(30),
    onFailure: @escaping @Sendable (_ error: PostgresError, _ retryIn: Duration) -> Void = { _, _ in }
  ) {
    connector = PostgresConnector(configuration, backoff: backoff)
    self.patience = patience
    self.onFailure = onFailure
    state = Mutex(PoolState(size: size))
  }

  /// How many connections are open or being opened.
  public var openCount: Int { state.withLock { $0.open } }
  /// How many tasks wait for one.
  public var waitingCount: Int { state.withLock { $0.waiting } }

  /// Lends a connection to `body`, first come, first served.
  ///
  /// Waits for one until `deadline` (by default for `patience`), opening it with backoff; then throws `.timedOut`, or why
  /// it could not connect. A wrong password, a missing database and the like are thrown at once. Whatever the body throws
  /// is passed on; nothing is ever run twice. A connection that comes back broken, or inside a transaction, is closed.
  public func withConnection<T: Sendable>(
    until deadline: ContinuousClock.Instant? = nil, _ body: @Sendable (PostgresConnection) async throws -> T
  ) async throws -> T {
    let deadline = deadline ?? .now + patience
    let parked = try await take(until: deadline)
    do {
      let value = try await body(parked.connection)
      giveBack(parked)
      return value
    } catch {
      // Another server may take writes by now; this one would go on refusing them.
      let isDemoted = (error as? PostgresError)?.kind == .readOnly
      giveBack(isDemoted ? nil : parked)
      throw error
    }
  }

  /// Closes what is idle, and what is lent when it comes back. Those who wait get `.closed`.
  public func close() {
    let (waiters, _) = state.withLock { $0.close() }
    for waiter in waiters { waiter.resume(returning: .failure(Self.closed)) }
  }

  private func take(until deadline: ContinuousClock.Instant) async throws(PostgresError) -> Parked {
    if case .idle(let parked) = try await acquire(until: deadline), parked.connection.checkIdle() { return parked }
    do throws(PostgresError) {
      let connection = try await connector.connect(
        until: deadline, givesUp: { !$0.isRetryable }, onFailure: onFailure)
      return Parked(connection: connection)
    } catch {
      giveBack(nil)
      throw error
    }
  }

  private func acquire(until deadline: ContinuousClock.Instant) async throws(PostgresError) -> Grant {
    let id = lastID.add(1, ordering: .relaxed).newValue
    var timer: Task<Void, Never>?
    defer { timer?.cancel() }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (waiter: Waiter) in
        let answer = state.withLock { state -> Result<Grant, PostgresError>? in
          // `onCancel` needs the lock, too: either it finds the waiter, or we see the flag.
          if Task.isCancelled { return .failure(Self.cancelled) }
          switch state.request(id, waiter) {
          case .granted(let grant): return .success(grant)
          case .closed: return .failure(Self.closed)
          case .queued: return nil
          }
        }
        guard let answer else {
          timer = Task { [weak self] in
            guard (try? await Task.sleep(until: deadline, clock: .continuous)) != nil else { return }
            self?.end(id, PostgresError(.timedOut, "all connections of the pool are in use", what: "get a connection"))
          }
          return
        }
        waiter.resume(returning: answer)
      }
    } onCancel: {
      end(id, Self.cancelled)
    }
    return try result.get()
  }

  private func giveBack(_ parked: Parked?) {
    let isGood = parked.map { $0.connection.checkIdle() } ?? false
    let (next, _) = state.withLock { $0.release(isGood ? parked : nil) }
    if let (waiter, grant) = next { waiter.resume(returning: .success(grant)) }
  }

  private func end(_ id: UInt64, _ error: PostgresError) {
    state.withLock { $0.abandon(id) }?.resume(returning: .failure(error))
  }

  private static let cancelled = PostgresError(.cancelled, "the task was cancelled", what: "get a connection")
  private static let closed = PostgresError(.closed, "the pool was closed", what: "get a connection")
}

/// A connection between two owners.
///
/// `@unchecked Sendable`: the pool hands it to one task at a time, under its lock, and does not touch it until that task
/// gives it back; a `@Sendable` body cannot keep it, since it is not `Sendable` itself.
private struct Parked: @unchecked Sendable {
  let connection: PostgresConnection
}
