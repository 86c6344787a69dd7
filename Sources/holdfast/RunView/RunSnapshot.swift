internal import JSON
internal import Terminal

/// What has become of a run; the words are the database's.
enum RunState: String, Sendable, CaseIterable {
  case running, cancelling, undoing, succeeded, failed, cancelled

  /// Whether nothing more will happen.
  var isOver: Bool { [.succeeded, .failed, .cancelled].contains(self) }
}

/// What a step does; the words are the database's.
enum StepState: String, Sendable, CaseIterable {
  case blocked, ready, running, waiting, succeeded, failed, skipped, omitted, cancelled, quarantined

  /// Whether the step is over.
  var isOver: Bool { ![.blocked, .ready, .running, .waiting].contains(self) }
  /// Whether it ended badly by itself, and not since others did.
  var isFailure: Bool { self == .failed || self == .quarantined }
  /// Whether something is going on: a worker does it, could take it, or it waits for its time.
  var isLive: Bool { [.ready, .running, .waiting].contains(self) }
}

/// One look at a run.
struct RunSnapshot: Sendable, Equatable {
  var run: RunHeader
  /// The steps that are shown one by one, in the order of the plan.
  var steps: [RunStep]
  /// How many steps stand outside of groups, shown or not; nil if all are shown.
  var outsideSteps: Int?
  /// The items of each outermost group, by its name.
  var items: [String: GroupItems] = [:]
  /// Live runs that steps of this one have started.
  var children: [RunHeader] = []
  /// What steps need, by step: the plan's own edges.
  var needs: [Int64: [Int64]] = [:]
  /// When it was taken.
  var now: Moment
  /// How long the database took for it.
  var cost = Duration.zero
}

/// The items of a group, as far as they can be told without each of their steps.
struct GroupItems: Sendable, Equatable {
  /// How many there are in which state; an item is `blocked` between two of its steps, too.
  var counts: [StepState: Int] = [:]
  var startedAt: Moment?
  var finishedAt: Moment?

  var total: Int { counts.values.reduce(0, +) }
  var open: Int { counts.reduce(0) { $0 + ($1.key.isOver ? 0 : $1.value) } }
}

/// A run as a whole.
struct RunHeader: Sendable, Equatable {
  var id: Int64
  var workflow: String
  var policy: String?
  var queue = "default"
  var state: RunState
  var submittedAt: Moment
  var startedAt: Moment?
  var finishedAt: Moment?
  var deadlineAt: Moment?
  var failure: String?
  var stopReason: String?
  var params: JSONValue?
  var parentRun: Int64?
  var parentStep: Int64?
  var steps = StepCounts()
}

/// How many steps of a run are where.
struct StepCounts: Sendable, Equatable {
  var total = 0
  var succeeded = 0
  var failed = 0
  var skipped = 0
  var omitted = 0
  var cancelled = 0
  var running = 0
  var ready = 0
  var waiting = 0
  var blocked = 0

  /// The steps that are over.
  var over: Int { succeeded + failed + skipped + omitted + cancelled }
}

/// A step of a run.
struct RunStep: Sendable, Equatable {
  var id: Int64
  var name: String
  var uses: String
  var state: StepState
  var attempt: Int?
  var maxAttempts = 1
  var worker: String?
  var since: Moment
  var startedAt: Moment?
  var finishedAt: Moment?
  /// What it waits for, why it is being stopped, or how it failed.
  var reason: String?
  /// Of a ready step: no-worker, limit, paused or queued.
  var waitsFor: String?
  var wakeAt: Moment?
  var signal: String?
  var deadlineAt: Moment?
  var timeLimitAt: Moment?
  /// Of a group's instance: the bindings, name to value.
  var item: JSONValue?
  var isGroup = false
  var isAlways = false
  var labels: [String: String] = [:]
  var limits: [String] = []
  /// How far it is, if it runs and says so.
  var progress: JSONValue?

  /// Its name taken apart.
  var place: StepPlace { StepPlace(name) }
  /// How long its last attempt has taken or took, by the clock `now`.
  func elapsed(at now: Moment) -> Duration? {
    switch state {
    case .running: now - since
    case .succeeded, .failed, .quarantined, .cancelled: startedAt.flatMap { start in finishedAt.map { $0 - start } }
    default: nil
    }
  }
}
