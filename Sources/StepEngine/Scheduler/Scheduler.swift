internal import JSON
public import Log
public import PostgresClient
internal import Schedules
import Synchronization

/// Fires the schedules of policies. Any number may run: one leads, and a slot fires once whoever decides it.
public final class Scheduler: Sendable {
  private let database: PostgresConfiguration
  private let name: String
  private let tick: Duration
  private let logger: Logger
  /// Days of history come to their end this often at most; looking costs next to nothing.
  private static let cleanUpInterval = Duration.seconds(600)

  private let isDraining = Mutex(false)
  private let alarm = Alarm()

  /// A scheduler that looks at least every `tick`; if it dies, another one leads after five of these.
  public init(database: PostgresConfiguration, name: String, tick: Duration = .seconds(1), logger: Logger = Logger()) {
    self.database = database
    self.name = name
    self.tick = tick
    self.logger = logger.with(["scheduler": name])
  }

  /// Finish the decision that is under way, give up the lead, and return from `run`.
  public func drain() {
    isDraining.withLock { $0 = true }
    alarm.ring()
  }

  /// Schedules until drained or cancelled.
  /// - Throws: `StoreError` if the database can't be used at all; an unreachable one is waited for.
  public func run() async throws {
    var store: SchedulerStore?
    var wasLeading = false
    var cleanUpAt = ContinuousClock.now
    while !Task.isCancelled, !isDraining.withLock({ $0 }) {
      if store?.isUsable != true { store = try await connect() }
      guard let current = store else { break }
      do {
        let isLeading = try await current.lead(as: name, for: tick * 5)
        if isLeading != wasLeading { logger.info(isLeading ? "leading" : "standing by") }
        wasLeading = isLeading
        if isLeading {
          try await decide(current)
          if .now >= cleanUpAt {
            cleanUpAt = .now + Self.cleanUpInterval
            let days = try await current.dropHistory()
            if days > 0 { logger.info("dropped old history", ["days": "\(days)"]) }
          }
        }
      } catch {
        if error.kind == .notUsable { throw error }
        if error.kind != .cancelled { logger.error("could not schedule", ["error": error.description]) }
      }
      await alarm.wait(until: .now + tick)
    }
    if let store, store.isUsable, wasLeading { await store.yieldLead(as: name) }
  }

  private func connect() async throws -> SchedulerStore? {
    let connection = try await connectToEngine(
      database, backoff: Backoff(limit: .seconds(5)), alarm: alarm, logger: logger,
      isDone: { isDraining.withLock { $0 } })
    guard let connection else { return nil }
    return SchedulerStore(connection)
  }

  /// Decides every policy that is due, one transaction each, until none is.
  private func decide(_ store: SchedulerStore) async throws(StoreError) {
    // Work first what time brings to steps, for installations without a worker that is awake.
    try await store.tick()
    for policy in try await store.duePolicies() {
      let rules: ScheduleRules
      do { rules = try ScheduleRules(json: policy.schedule) } catch {
        logger.error("policy has a bad schedule", ["policy": policy.name, "error": error.description])
        try await note(error.description, of: policy, store)
        continue
      }
      let decision = PolicyDecision(policy, rules)
      do {
        for run in try await store.write(decision) {
          logger.info("fired", ["policy": policy.name, "slot": run.slot, "run": "\(run.run)"])
        }
      } catch {
        guard isOfOnePolicy(error, store) else { throw error }
        logger.error("policy can't be submitted", ["policy": policy.name, "error": error.description])
        // A deadlock or the like says nothing about the policy: it is decided again with the next look.
        if error.kind != .unreachable { try await note(error.description, of: policy, store) }
      }
    }
  }

  /// Notes why a policy can't be scheduled now; it is tried again after a pause.
  private func note(_ problem: String, of policy: DuePolicy, _ store: SchedulerStore) async throws(StoreError) {
    do { try await store.problem(policy.name, problem) } catch {
      // A database that had no room for the run may have none for this, either.
      guard isOfOnePolicy(error, store) else { throw error }
      logger.error("could not note a policy's problem", ["policy": policy.name, "error": error.description])
    }
  }

  /// Whether the other policies can go on after an error of one: whatever it is, if the database still answers.
  private func isOfOnePolicy(_ error: StoreError, _ store: SchedulerStore) -> Bool {
    store.isUsable && !Task.isCancelled && error.kind != .notUsable
  }
}
