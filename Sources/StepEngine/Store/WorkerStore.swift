package import JSON

/// What a worker needs of the engine's store: the SQL protocol (sql/functions), behind one seam.
///
/// One owner, one call at a time. Calls are safe to repeat after an error of unknown outcome: reports are fenced, and
/// `heartbeat` with `reconcile` hands back what was claimed without the worker's knowledge.
package protocol WorkerStore {
  /// Registers the worker; returns the id for all other calls.
  func register(_ profile: WorkerProfile) async throws(StoreError) -> Int32
  /// Reports, renews and claims in one transaction.
  func exchange(_ request: ExchangeRequest) async throws(StoreError) -> ExchangeReply
  /// Renews all leases; returns what has to stop.
  func heartbeat(_ request: HeartbeatRequest) async throws(StoreError) -> HeartbeatReply
  /// What time brings; returns how long until something parked is due.
  func tick() async throws(StoreError) -> Duration
  /// What steps are, by body id.
  func bodies(_ ids: [Int64]) async throws(StoreError) -> [StepBody]
  /// Ends the worker and hands back what it holds; returns how many steps.
  func leave(worker: Int32) async throws(StoreError) -> Int
}

/// Who a worker is and what it can do.
public struct WorkerProfile: Sendable, Equatable {
  /// What the status calls it; need not be unique.
  public var name: String
  /// The node that it runs on.
  public var host: String
  /// Its process there.
  public var processID: Int32
  /// The version of its program.
  public var version: String
  /// How many steps it does at once.
  public var slots: Int
  /// The kinds of step that it offers.
  public var kinds: [String]
  /// What steps can demand with `on`.
  public var labels: [String: String]
  /// The queues that it serves; nil for all.
  public var queues: [String]?
  /// How long its leases outlive its last sign of life; nil for the installation's setting.
  public var lease: Duration?

  /// A profile; only the name, the slots and the kinds matter to the engine in any case.
  public init(
    name: String, host: String = "", processID: Int32 = 0, version: String = "", slots: Int, kinds: [String] = [],
    labels: [String: String] = [:], queues: [String]? = nil, lease: Duration? = nil
  ) {
    self.name = name
    self.host = host
    self.processID = processID
    self.version = version
    self.slots = slots
    self.kinds = kinds
    self.labels = labels
    self.queues = queues
    self.lease = lease
  }
}

/// A step under the lease of this worker.
public struct HeldStep: Sendable, Hashable {
  /// The step.
  public let id: StepID
  /// The token of the lease.
  public let fence: Fence

  /// A step and the token under which it is held.
  public init(id: StepID, fence: Fence) {
    self.id = id
    self.fence = fence
  }
}

/// How a step ended, for the store.
package enum StepResult: Sendable, Equatable {
  /// Outputs as JSON text.
  case succeeded(outputs: String?)
  case skipped
  case failed(StepFailure)
  case wait(StepWait)
  /// Not done, and no fault of the step: its worker shuts down.
  case returned
  /// Stopped because its run is being cancelled.
  case cancelled
}

/// One line of an exchange: a step and how it ended.
package struct StepReport: Sendable, Equatable {
  package let step: HeldStep
  package let result: StepResult

  package init(step: HeldStep, result: StepResult) {
    self.step = step
    self.result = result
  }
}

/// A line that a step printed.
package struct StepLogLine: Sendable, Equatable {
  package let step: HeldStep
  /// From 1 within the attempt.
  package let number: Int32
  package let text: String

  package init(step: HeldStep, number: Int32, text: String) {
    self.step = step
    self.number = number
    self.text = text
  }
}

/// How far a step says that it is.
package struct StepProgressNote: Sendable, Equatable {
  package let step: HeldStep
  /// An object as JSON text.
  package let text: String

  package init(step: HeldStep, text: String) {
    self.step = step
    self.text = text
  }
}

/// See sql/functions/exchange.sql.
package struct ExchangeRequest: Sendable, Equatable {
  package var worker: Int32
  package var reports: [StepReport] = []
  /// Written before the reports, since only a held step may log.
  package var log: [StepLogLine] = []
  /// The latest of each step that has said something.
  package var progress: [StepProgressNote] = []
  package var want = 0
  package var idle = false
  /// Where earlier claims ended, by lane.
  package var marks: [Int32: Int64] = [:]
  package var afterLane: Int32 = 0
  /// So many times as long as usual its answer may take.
  package var patience = 1

  package init(worker: Int32) { self.worker = worker }
}

/// A step that this worker has to do now.
package struct ClaimedStep: Sendable, Equatable {
  package let step: HeldStep
  package let lane: Int32
  package let sequence: Int64
  package let body: Int64
  package let name: String
  /// From 1.
  package let attempt: Int
  package let wakes: Int
  /// What is left of its time, if it has a limit.
  package let timeLimit: Duration?
  /// JSON texts, as the store gave them.
  package let item: String?
  package let context: String?
  package let payload: String?

  package init(
    step: HeldStep, lane: Int32, sequence: Int64, body: Int64, name: String, attempt: Int, wakes: Int = 0,
    timeLimit: Duration? = nil, item: String? = nil, context: String? = nil, payload: String? = nil
  ) {
    self.step = step
    self.lane = lane
    self.sequence = sequence
    self.body = body
    self.name = name
    self.attempt = attempt
    self.wakes = wakes
    self.timeLimit = timeLimit
    self.item = item
    self.context = context
    self.payload = payload
  }
}

/// What an exchange brought.
package struct ExchangeReply: Sendable, Equatable {
  package var claimed: [ClaimedStep] = []
  /// Reports that were refused: another attempt has the step, or it is over.
  package var stale: [HeldStep] = []
  /// The store does not know this worker any more.
  package var isRetired = false

  package init() {}
}

/// See sql/functions/heartbeat.sql.
package struct HeartbeatRequest: Sendable, Equatable {
  package var worker: Int32
  package var held: [HeldStep]
  package var isDraining: Bool
  /// `held` is everything: what else is leased to this worker goes back.
  package var reconcile: Bool

  package init(worker: Int32, held: [HeldStep], isDraining: Bool, reconcile: Bool) {
    self.worker = worker
    self.held = held
    self.isDraining = isDraining
    self.reconcile = reconcile
  }
}

/// What a heartbeat brought.
package struct HeartbeatReply: Sendable, Equatable {
  /// A step to stop.
  package struct Stop: Sendable, Equatable {
    package let step: HeldStep
    /// The lease is gone: nothing may be reported for it.
    package let isStale: Bool
    package let reason: String

    package init(step: HeldStep, isStale: Bool, reason: String) {
      self.step = step
      self.isStale = isStale
      self.reason = reason
    }
  }

  package var stops: [Stop] = []
  /// The store does not know this worker any more.
  package var isRetired = false

  package init() {}
}

/// What a step is, apart from its place in a run; never changes.
package struct StepBody: Sendable, Equatable {
  package let id: Int64
  package let uses: String
  package let with: JSONValue
  package let template: JSONValue?

  package init(id: Int64, uses: String, with: JSONValue, template: JSONValue? = nil) {
    self.id = id
    self.uses = uses
    self.with = with
    self.template = template
  }
}
