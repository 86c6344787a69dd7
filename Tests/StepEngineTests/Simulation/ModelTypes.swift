import StepEngine

/// Virtual time, in microseconds.
typealias Moment = Int

/// What a client submits: the part of sql/functions/submit.sql that decides what happens when.
struct ModelPlan {
  var policy = ""
  var priority = 0
  var timeout: Moment?
  var steps: [ModelSpec]
}

/// One step of a plan; ordinals count from 1.
struct ModelSpec {
  struct Undo {
    var uses: String
    /// No undo if this step has succeeded after the undoable one was begun.
    var unless: Int?
  }

  var uses: String
  var needs: [Int] = []
  var always = false
  var undo: Undo?
  var attempts = 3
  var retryInitial: Moment = 1_000_000
  var retryMax: Moment = 60_000_000
  var timeLimit: Moment?
  var deadline: Moment?
  var limits: [String] = []
}

/// Why a step is over.
enum StepEnd: String { case succeeded, failed, skipped, omitted, cancelled, quarantined }

enum RunState: String { case running, cancelling, undoing, succeeded, failed, cancelled }

/// Ready steps that are alike in everything that decides who may take them and when.
struct ModelLane: Hashable {
  var policy: String
  var uses: String
  var limits: [String]
  var priority: Int
  /// Whether a pause doesn't hold it.
  var always: Bool
}

struct ModelLease {
  let fence: Fence
  let worker: Int32
  let timeLimitAt: Moment?
  var mustStop = false
}

struct ModelStep {
  /// Where a step is; it is never in two places.
  enum Place {
    case blocked
    case ready(sequence: Int64, since: Moment)
    case leased(ModelLease)
    case parked(wakeAt: Moment?, signal: String?)
    case over(StepEnd)
  }

  let id: StepID
  let spec: ModelSpec
  let lane: Int32
  var children: [Int] = []
  var pending: Int
  var hasBadNeed = false
  var place = Place.blocked
  var failures = 0
  var crashes = 0
  var wakes = 0
  /// How often it was asked to come back later.
  var throttles = 0
  var deadlineAt: Moment?
  var payload: String?
  /// The first claim of a step that has an undo.
  var undoFence: Fence?
  var successFence: Fence?
  /// Of an undo step: the ordinal of what it undoes.
  var undoes: Int?

  var ordinal: Int { Int(id.value & 1_048_575) }

  /// It lost its worker twice, so a worker holds no second one of these.
  var isSuspect: Bool { crashes > 1 }
  var isOver: Bool { if case .over = place { true } else { false } }
  var isWaiting: Bool {
    switch place {
    case .ready, .parked: true
    default: false
    }
  }
  /// It waits for a signal, or was woken by one.
  var isSignalled: Bool {
    switch place {
    case .ready: payload != nil
    case .parked(_, let signal): signal != nil
    default: false
    }
  }
  var isReady: Bool { if case .ready = place { true } else { false } }
  var lease: ModelLease? { if case .leased(let lease) = place { lease } else { nil } }
}

struct ModelRun {
  let id: RunID
  let plan: ModelPlan
  var steps: [ModelStep] = []
  /// How many steps the run's end waits for.
  var pending = 0
  var state = RunState.running
  var hasFailed = false
  var stopState: RunState?
  var deadlineAt: Moment?
  var signals: [String: String] = [:]

  var isOver: Bool { state == .succeeded || state == .failed || state == .cancelled }
  var isStopping: Bool { stopState != nil && !isOver }
}

struct ModelWorker {
  enum State { case active, draining, stopped, lost }

  let id: Int32
  let kinds: [String]
  let lease: Moment
  var state = State.active
  var expiresAt: Moment
  var isIdle = false

  var isLive: Bool { state == .active || state == .draining }
}

/// What happened in the store, for whoever checks it.
enum Fact {
  case claimed(HeldStep, worker: Int32)
  case settled(HeldStep, worker: Int32?, outcome: String)
  case refused(HeldStep, worker: Int32)
  case ended(StepID, StepEnd)
  case runEnded(RunID, RunState)
  case workerLost(Int32)
}

extension StepID {
  init(run: RunID, ordinal: Int) { self.init(run.value << 20 | Int64(ordinal)) }
}
