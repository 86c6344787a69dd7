internal import JSON
public import Log
public import PostgresClient
import Synchronization

/// Does steps: claims them, runs their kinds, reports what came of them, and keeps its leases alive.
///
/// One connection for all calls, and one to listen on. Loses nothing that it can't lose: if it vanishes, its leases run
/// out and another worker goes on.
public final class Worker: Sendable {
  /// How a worker behaves; the defaults suit most.
  public struct Options: Sendable {
    /// How long it rests when there is nothing to do and no notification comes.
    public var poll: Duration = .seconds(1)
    /// How often it looks after what time brings: due retries, lost workers, deadlines.
    public var tick: Duration = .seconds(1)
    /// Where to listen for notifications; nil: poll only. Must not be a transaction pooler.
    public var listenDatabase: PostgresConfiguration?
    /// How long cancelled steps may take to end before their leases go back regardless.
    public var cancelGrace: Duration = .seconds(8)
    /// Runs after the last step has ended, also of a worker that was cancelled: what its steps shared.
    public var afterLastStep: @Sendable () async -> Void = {}

    /// The defaults.
    public init() {}
  }

  private let database: PostgresConfiguration
  private let profile: WorkerProfile
  private let kinds: [String: any StepKind]
  private let janitor: Janitor?
  private let options: Options
  private let logger: Logger

  private let core: Mutex<WorkerCore>
  private let alarm = Alarm()
  private let tasks = StepTasks()
  private let log = StepLogBuffer()
  private let progress = StepProgressBoard()
  private let bodies = StepBodyCache()
  private let started = ContinuousClock.now

  /// A worker that offers `kinds`; `profile.kinds` is set accordingly. Its janitor, if it has one, releases what ended runs left
  /// on the node that the worker's label `node` names.
  public init(
    database: PostgresConfiguration, profile: WorkerProfile, kinds: [any StepKind], janitor: Janitor? = nil,
    options: Options = Options(), logger: Logger = Logger()
  ) {
    self.database = database
    self.janitor = janitor
    self.kinds = Dictionary(kinds.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    var profile = profile
    profile.kinds = self.kinds.keys.sorted()
    self.profile = profile
    self.options = options
    self.logger = logger.with(["worker": profile.name])
    core = Mutex(
      WorkerCore(
        settings: .init(
          slots: profile.slots, lease: profile.lease ?? .seconds(30), poll: options.poll, tick: options.tick)))
  }

  /// Take no more steps; `run` returns when those that run are done.
  public func drain() {
    core.withLock { $0.drain(at: now) }
    alarm.ring()
  }

  /// Works until it is drained or cancelled; hands back what it holds in either case.
  ///
  /// - Throws: `StoreError` if the database can't be used at all (wrong version, no permission). An unreachable database
  ///   is waited for.
  public func run() async throws {
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await work()) } catch { outcome = .failure(error) }
    // In a task that the cancellation doesn't reach.
    await Task { await options.afterLastStep() }.value
    try outcome.get()
  }

  private func work() async throws {
    // Whether what ended was the conversation.
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await self.converse()
        return true
      }
      group.addTask {
        await self.watch()
        return false
      }
      if let listen = options.listenDatabase {
        let ear = WorkerEar(
          database: listen, logger: logger, worker: { self.core.withLock { $0.worker } },
          called: { toStop in
            self.core.withLock { $0.notified(stop: toStop, at: self.now) }
            self.alarm.ring()
          })
        group.addTask {
          await ear.listen()
          return false
        }
      }
      if let janitor {
        group.addTask {
          await janitor.run(for: self.profile.name, node: self.profile.labels["node"], logger: self.logger)
          return false
        }
      }
      // The conversation ends when the worker is done; the others never end by themselves.
      defer { group.cancelAll() }
      // The janitor and whoever listens may end before; that says nothing.
      while let isConversation = try await group.next(), !isConversation {}
    }
  }

  private var lease: Duration { profile.lease ?? .seconds(30) }

  private var now: Duration { ContinuousClock.now - started }

  private func instant(_ time: Duration) -> ContinuousClock.Instant { started + time }

  // MARK: - The conversation with the store

  /// Makes one call after the other, as the core decides, on one connection after the other.
  private func converse() async throws {
    var store: PostgresWorkerStore?
    do {
      while !Task.isCancelled {
        if store?.isUsable != true { store = try await connect() }
        guard let current = store else { break }
        if try await step(current) { return }
      }
    } catch {
      // What runs must not outlive the worker that no one hears any more.
      await abandon(store)
      throw error
    }
    await abandon(store)
  }

  /// Makes the next call, or waits. Returns true when the worker is done.
  private func step(_ store: PostgresWorkerStore) async throws -> Bool {
    let sentAt = now
    switch core.withLock({ $0.nextAction(at: sentAt) }) {
    case .wait(let until):
      await alarm.wait(until: instant(until))
    case .register:
      do {
        let id = try await store.register(profile)
        core.withLock { $0.registered(as: id, sentAt: sentAt) }
        logger.info("registered", ["id": "\(id)", "slots": "\(profile.slots)"])
      } catch { try await failed(error, "register") }
    case .heartbeat(let request):
      do { try await heartbeat(request, store, sentAt: sentAt) } catch {
        core.withLock { $0.heartbeatFailed(at: now) }
        try await failed(error, "renew leases")
      }
    case .tick:
      do {
        let next = try await store.tick()
        core.withLock { $0.ticked(nextDue: next, at: now) }
      } catch {
        core.withLock { $0.tickFailed(at: now) }
        try await failed(error, "tick")
      }
    case .exchange(var request):
      request.log = log.take()
      request.progress = progress.take(at: .now)
      try await exchange(request, store, sentAt: sentAt)
    case .leave:
      _ = try? await store.leave(worker: core.withLock { $0.worker } ?? 0)
      logger.info("left")
      return true
    }
    return false
  }

  private func heartbeat(
    _ request: HeartbeatRequest, _ store: PostgresWorkerStore, sentAt: Duration
  ) async throws(StoreError) {
    let reply = try await store.heartbeat(request)
    perform(core.withLock { $0.heartbeatReplied(reply, to: request, sentAt: sentAt) })
    if reply.isRetired { logger.warning("the engine took this worker for lost; beginning anew") }
    for stop in reply.stops {
      logger.info("stopping a step", ["run": "\(stop.step.id.run)", "step": "\(stop.step.id)", "reason": stop.reason])
    }
  }

  private func exchange(_ request: ExchangeRequest, _ store: PostgresWorkerStore, sentAt: Duration) async throws {
    core.withLock { $0.exchangeSent(request) }
    var reply: ExchangeReply
    do { reply = try await send(request, store) } catch {
      log.putBack(request.log)
      core.withLock { $0.exchangeFailed(error, at: now) }
      return try await failed(error, "exchange steps")
    }
    for step in reply.stale {
      logger.warning(
        "a report was refused: its lease was lost",
        ["run": "\(step.id.run)", "step": "\(step.id)", "fence": "\(step.fence)"])
    }
    if reply.isRetired { logger.warning("the engine took this worker for lost; beginning anew") }
    // What a step is has to be known before it starts; nearly always it is.
    let missing = bodies.missing(of: reply.claimed.map(\.body))
    var unknown: StoreError?
    if !missing.isEmpty {
      do { bodies.add(try await store.bodies(missing)) } catch { unknown = error }
    }
    let claimed = reply.claimed.count
    if let unknown, unknown.kind != .rejected {
      // No fault of these steps: they go back, and no attempt is counted.
      reply.claimed.removeAll { bodies[$0.body] == nil }
    }
    perform(
      core.withLock { core in
        if reply.claimed.count < claimed { core.claimsDropped(at: now) }
        return core.exchangeReplied(reply, to: request, sentAt: sentAt, at: now)
      })
    if let unknown { try await failed(unknown, "read step bodies") }
  }

  private func send(
    _ request: ExchangeRequest, _ store: PostgresWorkerStore
  ) async throws(StoreError) -> ExchangeReply {
    guard request.patience > 1 else { return try await store.exchange(request) }
    // Ends with this function.
    async let _ = self.keepLeases()
    return try await store.exchange(request)
  }

  /// Renews the leases, on a connection of its own, beside a call that may take longer than they last.
  private func keepLeases() async {
    var store: PostgresWorkerStore?
    while !Task.isCancelled {
      let sentAt = now
      do {
        if store?.isUsable != true { store = try await connect() }
        guard let store, let request = core.withLock({ $0.heartbeatBeside() }) else { return }
        try await heartbeat(request, store, sentAt: sentAt)
        try await Task.sleep(for: lease / 3)
      } catch {
        if Task.isCancelled { return }
        logger.error("could not renew leases", ["error": "\(error)"])
        try? await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  /// An error of the store: unusable ends the worker, everything else is said and waited out.
  private func failed(_ error: StoreError, _ what: String) async throws {
    switch error.kind {
    case .notUsable: throw error
    case .cancelled: return
    default:
      logger.error("could not \(what)", ["error": error.description])
      // A database that answers with errors is not asked again at once.
      try? await Task.sleep(for: .milliseconds(200))
    }
  }

  /// Nil if there is nothing left to say to the store, or the task was cancelled.
  private func connect() async throws -> PostgresWorkerStore? {
    let connection = try await connectToEngine(
      database, backoff: Backoff(first: .milliseconds(100), limit: .seconds(5)), alarm: alarm, logger: logger,
      isDone: { core.withLock { $0.isDrained } })
    guard let connection else { return nil }
    return PostgresWorkerStore(connection, patience: lease * 2 / 3)
  }

  /// Cancelled, or the database can't be used: stop the steps, give them a moment to end, and hand everything back.
  private func abandon(_ store: PostgresWorkerStore?) async {
    perform(core.withLock { $0.cancelAll() })
    // Tasks that were started by now are awaited in a task that the cancellation doesn't reach.
    let ending = Task {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.tasks.waitForAll() }
        group.addTask { try? await Task.sleep(for: self.options.cancelGrace) }
        await group.next()
        group.cancelAll()
      }
    }
    await ending.value
    guard let store, store.isUsable, let worker = core.withLock({ $0.worker }) else { return }
    let returned = await store.handOver(
      worker: worker,
      next: {
        guard var request = core.withLock({ $0.lastExchange() }) else { return nil }
        core.withLock { $0.exchangeSent(request) }
        request.log = log.take()
        return request
      },
      ended: { request, result in
        switch result {
        case .success(let reply):
          _ = core.withLock { $0.exchangeReplied(reply, to: request, sentAt: .zero, at: now) }
        case .failure(let error):
          log.putBack(request.log)
          core.withLock { $0.exchangeFailed(error, at: now) }
        }
      })
    logger.info("left at once", ["returned": returned.map { "\($0)" } ?? "unknown"])
  }

  // MARK: - Steps

  private func perform(_ effects: [WorkerCore.Effect]) {
    for effect in effects {
      switch effect {
      case .cancel(let step): tasks.cancel(step)
      case .start(let claimed):
        let body = bodies[claimed.body]
        tasks.start(claimed.step) {
          let result = await self.execute(claimed, body)
          self.note(claimed, body, result, in: self.logger)
          self.log.forget(claimed.step)
          self.progress.forget(claimed.step)
          if self.core.withLock({ $0.stepFinished(claimed.step, result, at: self.now) }) { self.alarm.ring() }
        }
      }
    }
  }

  private func execute(_ claimed: ClaimedStep, _ body: StepBody?) async -> StepResult {
    guard let body else { return .failed(StepFailure(.retryable, "what it is could not be read from the database")) }
    guard let kind = kinds[body.uses] else {
      return .failed(StepFailure(.permanent, "this worker does not do \(body.uses)"))
    }
    do {
      let (log, progress, step) = (self.log, self.progress, claimed.step)
      let context = try StepContext(
        claimed, body, log: { log.append($0, to: step) }, progress: { progress.note($0, of: step) })
      return try StepResult(await kind.run(context))
    } catch let failure as StepFailure {
      return .failed(failure)
    } catch is CancellationError {
      return .returned
    } catch {
      return .failed(StepFailure(.retryable, "\(error)"))
    }
  }

  // MARK: - Beside the conversation

  /// Enforces time limits and lost leases, whatever the database does.
  private func watch() async {
    while (try? await Task.sleep(for: .milliseconds(250))) != nil {
      perform(core.withLock { $0.due(at: now) })
      if !log.isEmpty || progress.isDue(at: .now) {
        core.withLock { $0.printed() }
        alarm.ring()
      }
    }
  }
}
