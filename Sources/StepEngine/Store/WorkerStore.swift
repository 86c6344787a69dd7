public import JSON

/// What a worker needs of the engine's store: the SQL protocol (sql/functions), behind one seam.
///
/// One owner, one call at a time. Calls are safe to repeat after an error of unknown outcome: reports are fenced, and
/// `heartbeat` with `reconcile` hands back what was claimed without the worker's knowledge.
public protocol WorkerStore {
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
  public var name: String
  public var host: String
  public var processID: Int32
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

  public init(
    name: String, host: String = "", processID: Int32 = 0, version: String = "", slots: Int, kinds: [String],
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
  public let id: StepID
  public let fence: Fence

  public init(id: StepID, fence: Fence) {
    self.id = id
    self.fence = fence
  }
}

/// How a step ended, for the store.
public enum StepResult: Sendable, Equatable {
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
public struct StepReport: Sendable, Equatable {
  public let step: HeldStep
  public let result: StepResult

  public init(step: HeldStep, result: StepResult) {
    self.step = step
    self.result = result
  }
}

/// A line that a step printed.
public struct StepLogLine: Sendable, Equatable {
  public let step: HeldStep
  /// From 1 within the attempt.
  public let number: Int32
  public let text: String

  public init(step: HeldStep, number: Int32, text: String) {
    self.step = step
    self.number = number
    self.text = text
  }
}

/// See sql/functions/exchange.sql.
public struct ExchangeRequest: Sendable, Equatable {
  public var worker: Int32
  public var reports: [StepReport] = []
  /// Written before the reports, since only a held step may log.
  public var log: [StepLogLine] = []
  public var want = 0
  public var idle = false
  /// Where earlier claims ended, by lane.
  public var marks: [Int32: Int64] = [:]
  public var afterLane: Int32 = 0

  public init(worker: Int32) { self.worker = worker }
}

/// A step that this worker has to do now.
public struct ClaimedStep: Sendable, Equatable {
  public let step: HeldStep
  public let lane: Int32
  public let sequence: Int64
  public let body: Int64
  public let name: String
  /// From 1.
  public let attempt: Int
  public let wakes: Int
  /// What is left of its time, if it has a limit.
  public let timeLimit: Duration?
  /// JSON texts, as the store gave them.
  public let item: String?
  public let context: String?
  public let payload: String?

  public init(
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
public struct ExchangeReply: Sendable, Equatable {
  public var claimed: [ClaimedStep] = []
  /// Reports that were refused: another attempt has the step, or it is over.
  public var stale: [HeldStep] = []
  /// The store does not know this worker any more.
  public var isRetired = false

  public init() {}
}

/// See sql/functions/heartbeat.sql.
public struct HeartbeatRequest: Sendable, Equatable {
  public var worker: Int32
  public var held: [HeldStep]
  public var isDraining: Bool
  /// `held` is everything: what else is leased to this worker goes back.
  public var reconcile: Bool

  public init(worker: Int32, held: [HeldStep], isDraining: Bool, reconcile: Bool) {
    self.worker = worker
    self.held = held
    self.isDraining = isDraining
    self.reconcile = reconcile
  }
}

/// What a heartbeat brought.
public struct HeartbeatReply: Sendable, Equatable {
  /// A step to stop.
  public struct Stop: Sendable, Equatable {
    public let step: HeldStep
    /// The lease is gone: nothing may be reported for it.
    public let isStale: Bool
    public let reason: String

    public init(step: HeldStep, isStale: Bool, reason: String) {
      self.step = step
      self.isStale = isStale
      self.reason = reason
    }
  }

  public var stops: [Stop] = []
  /// The store does not know this worker any more.
  public var isRetired = false

  public init() {}
}

/// What a step is, apart from its place in a run; never changes.
public struct StepBody: Sendable, Equatable {
  public let id: Int64
  public let uses: String
  public let with: JSONValue

  public init(id: Int64, uses: String, with: JSONValue) {
    self.id = id
    self.uses = uses
    self.with = with
  }
}
