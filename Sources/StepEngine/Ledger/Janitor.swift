public import Log
import Synchronization

/// What releases outside objects of one kind: a driver, a cluster. The janitor drives it.
public protocol ResourceReleaser: Sendable {
  /// The kind of object that it releases.
  var kind: String { get }
  /// The driver whose objects these are; nil for all of the kind.
  var driver: String? { get }
  /// Makes sure that the object is gone; an object that is gone already is released. Safe to repeat, also by several at once.
  /// - Throws: Anything; the description is what people read.
  func release(_ entry: ResourceLedger.Entry) async throws
}

extension ResourceReleaser {
  /// Objects of every driver.
  public var driver: String? { nil }
}

/// Releases what no live run owns: of objects with a node in their detail (`detail.node`) those of its own node, of others all.
///
/// Any number of janitors may work side by side. What can't be released is tried again after growing pauses, for ever.
public final class Janitor: Sendable {
  /// How a janitor behaves; the defaults suit most.
  public struct Options: Sendable {
    /// The time between two rounds.
    public var pause: Duration = .seconds(30)
    /// The pause after the first failure about an object; it doubles with each, up to `longestRetry`.
    public var firstRetry: Duration = .seconds(30)
    /// The longest pause between two tries.
    public var longestRetry: Duration = .seconds(3600)
    /// How long one release may take.
    public var releaseLimit: Duration = .seconds(300)

    /// The defaults.
    public init() {}
  }

  /// What became of one round.
  public struct Round: Sendable {
    /// An object that could not be released.
    public struct Failure: Sendable {
      /// The object.
      public let entry: ResourceLedger.Entry
      /// Why not.
      public let reason: String
      /// Whether it is the first time that this is the reason.
      public let isNews: Bool
    }

    /// What was released.
    public fileprivate(set) var released: [ResourceLedger.Entry] = []
    /// What was tried in vain.
    public fileprivate(set) var failed: [Failure] = []
  }

  private struct Stuck: Sendable {
    var reason: String
    var pause: Duration
    var retryAt: ContinuousClock.Instant
  }

  private let ledger: ResourceLedger
  private let releasers: [any ResourceReleaser]
  private let chores: [any JanitorChore]
  private let options: Options
  private let stuck = Mutex<[Int64: Stuck]>([:])

  /// A janitor for the kinds that `releasers` can release. Each of the `chores` is done beside that, on its own.
  public init(
    ledger: ResourceLedger, releasers: [any ResourceReleaser], chores: [any JanitorChore] = [],
    options: Options = Options()
  ) {
    self.ledger = ledger
    self.releasers = releasers
    self.chores = chores
    self.options = options
  }

  /// Makes rounds, the first at once, until it is cancelled.
  /// - Parameters:
  ///   - name: Whose janitor it is, for the event log.
  ///   - node: The node whose objects it can reach; nil: any.
  public func run(for name: String, node: String?, logger: Logger) async {
    await withTaskGroup(of: Void.self) { group in
      if !releasers.isEmpty { group.addTask { await self.makeRounds(for: name, node: node, logger: logger) } }
      for chore in chores { group.addTask { await chore.makeRounds(node: node, logger: logger) } }
    }
  }

  private func makeRounds(for name: String, node: String?, logger: Logger) async {
    while !Task.isCancelled {
      do {
        let round = try await sweep(for: name, node: node)
        for entry in round.released { facts(entry, logger).info("released what a run left behind") }
        for failure in round.failed where failure.isNews {
          facts(failure.entry, logger).warning(
            "could not release what a run left behind; trying again", ["error": failure.reason])
        }
      } catch {
        if error.kind != .cancelled {
          logger.warning("could not look for what runs left behind", ["error": "\(error)"])
        }
      }
      try? await Task.sleep(for: options.pause)
    }
  }

  private func facts(_ entry: ResourceLedger.Entry, _ logger: Logger) -> Logger {
    logger.with(["kind": entry.kind, "driver": entry.driver, "name": entry.name, "run": "\(entry.step.run)"])
  }

  /// One round over all kinds. What failed before is left alone until its pause is over.
  public func sweep(
    for name: String = "janitor", node: String? = nil, at now: ContinuousClock.Instant = .now
  ) async throws(StoreError) -> Round {
    var round = Round()
    var seen: Set<Int64> = []
    for releaser in releasers {
      var last: Int64 = 0
      while true {
        let page = try await ledger.toRelease(kind: releaser.kind, driver: releaser.driver, node: node, after: last)
        for entry in page {
          last = entry.id
          seen.insert(entry.id)
          if Task.isCancelled { throw StoreError(.cancelled, "The janitor was stopped.") }
          if let known = stuck.withLock({ $0[entry.id] }), known.retryAt > now { continue }
          // The run may have been retried meanwhile. A release that does not end in time is given up soon after.
          guard try await ledger.sweep(entry, within: options.releaseLimit + .seconds(30)) else { continue }
          do { try await release(entry, with: releaser) } catch {
            try? await ledger.leave(entry)
            round.failed.append(note(entry, "\(error)", at: now))
            continue
          }
          try await ledger.swept(entry, by: name)
          round.released.append(entry)
        }
        if page.isEmpty { break }
      }
    }
    let (kept, gone) = (seen, Set(round.released.map(\.id)))
    stuck.withLock { $0 = $0.filter { kept.contains($0.key) && !gone.contains($0.key) } }
    return round
  }

  private func note(_ entry: ResourceLedger.Entry, _ reason: String, at now: ContinuousClock.Instant) -> Round.Failure {
    stuck.withLock { stuck in
      let known = stuck[entry.id]
      let pause = known.map { min($0.pause * 2, options.longestRetry) } ?? options.firstRetry
      stuck[entry.id] = Stuck(reason: reason, pause: pause, retryAt: now + pause)
      return Round.Failure(entry: entry, reason: reason, isNews: known?.reason != reason)
    }
  }

  /// A release that hangs must not keep the others from being done.
  private func release(_ entry: ResourceLedger.Entry, with releaser: any ResourceReleaser) async throws {
    let limit = options.releaseLimit
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await releaser.release(entry) }
      group.addTask {
        try await Task.sleep(for: limit)
        throw StoreError(.rejected, "it did not end within \(limit.components.seconds) seconds")
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}
