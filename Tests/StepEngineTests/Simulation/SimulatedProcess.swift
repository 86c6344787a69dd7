@testable import StepEngine

/// A worker process: the real core, and what its shell knows beside it.
final class SimulatedProcess {
  /// A running step.
  struct Task {
    let claimed: ClaimedStep
    /// When its time is up, on the process's clock.
    let limitAt: Duration?
    var result: StepResult
    var isCancelled = false
    /// Only the last planned end counts.
    var plan = 0
    let isDeaf: Bool
  }

  let number: Int
  let lease: Moment
  /// Its clock: runs at `rate` percent, from `offset` on.
  let rate: Int
  let offset: Moment
  var core: WorkerCore
  var tasks: [HeldStep: Task] = [:]

  var isAlive = true
  var hasLeft = false
  var frozenUntil: Moment = 0
  var wasFrozenAt: Moment?
  var isCalling = false
  var turn = 0
  var calls = 0
  /// Its leases last at least a lease length from here, on its own clock; nil before it is registered.
  var renewedAt: Duration?
  /// Steps that were running when it was told, or knew, that their lease is gone.
  var lost: Set<HeldStep> = []
  /// What really came of the steps.
  var results: [HeldStep: StepResult] = [:]
  var hasLateCalls = false
  /// Whether it gets notifications at all.
  var listens = true

  init(number: Int, settings: WorkerCore.Settings, lease: Moment, rate: Int, offset: Moment) {
    self.number = number
    self.lease = lease
    self.rate = rate
    self.offset = offset
    core = WorkerCore(settings: settings)
  }

  var hasTrueClock: Bool { rate == 100 }
  var leaseLength: Duration { .microseconds(lease) }

  func time(at now: Moment) -> Duration { .microseconds(offset + now * rate / 100) }

  /// The first virtual moment at which its clock shows this.
  func moment(of time: Duration) -> Moment { ((time.microseconds + 1 - offset) * 100 + rate - 1) / rate }
}
