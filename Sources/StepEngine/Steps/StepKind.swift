public import JSON

/// What a step's `uses:` names: the code that does one kind of step.
///
/// A kind may be run again for the same step at any time (its worker died, its lease was lost), so its effect must be
/// idempotent by the step's id. It is cancelled when its lease is lost, its time is up or its run is cancelled, and
/// then has to return soon, with nothing left behind that a later attempt can't find.
public protocol StepKind: Sendable {
  /// The name that `uses:` gives.
  var name: String { get }

  /// Does the step once.
  /// - Throws: `StepFailure` for what the step's author should see; any other error counts as retryable.
  func run(_ step: StepContext) async throws -> StepOutcome
}

/// What a kind is told about the step that it does.
public struct StepContext: Sendable {
  /// The step's number.
  public let id: StepID
  /// The step's name within its run, with the item's number for a group's instance: `volumes[3].snapshot`.
  public let name: String
  /// 1 for the first attempt; retries and lost leases count, parking does not.
  public let attempt: Int
  /// How often this step has been parked and woken before: 0 on its first run. Retries do not reset it.
  public let wakeCount: Int
  /// The token of the lease under which this runs.
  public let fence: Fence
  /// The step's arguments, as its workflow gives them.
  public var with: JSONValue
  /// How expressions in `with` are to be evaluated, as the step's plan says; nil if there are none.
  public let template: JSONValue?
  /// The group's bindings (`{"volume": …}`), or nil outside of a group.
  public let item: JSONValue?
  /// The run's parameters.
  public let params: JSONValue
  /// The outputs of the steps that this one refers to, by step name.
  public let inputs: [String: JSONValue]
  /// Facts of the run, if the step asked for them; see sql/functions/step_context.sql.
  public let run: JSONValue
  /// What the signal that woke this step carried; nil when it was not parked for one. An attempt that follows one which
  /// was lost, went back or failed has it again.
  public let signal: JSONValue?
  /// Appends a line to the step's log.
  public var log: @Sendable (String) -> Void
  /// Says how far the step is: `{"done": bytes, "total": bytes, "rate": bytes per second, "etaSeconds": number, "files": number,
  /// "note": text}`, each if known. May be called as often as one likes: the latest is written, about once a second.
  public var progress: @Sendable (JSONValue) -> Void

  /// What the engine knows of a step that it gives to a kind.
  public init(
    id: StepID, name: String, attempt: Int, wakeCount: Int = 0, fence: Fence, with: JSONValue,
    template: JSONValue? = nil, item: JSONValue?, params: JSONValue, inputs: [String: JSONValue],
    run: JSONValue = [:], signal: JSONValue?, log: @escaping @Sendable (String) -> Void,
    progress: @escaping @Sendable (JSONValue) -> Void = { _ in }
  ) {
    self.id = id
    self.name = name
    self.attempt = attempt
    self.wakeCount = wakeCount
    self.fence = fence
    self.with = with
    self.template = template
    self.item = item
    self.params = params
    self.inputs = inputs
    self.run = run
    self.signal = signal
    self.log = log
    self.progress = progress
  }
}

/// How one try of a step ended, if it did not fail.
public enum StepOutcome: Sendable, Equatable {
  /// Done; the outputs, if any, are an object that later steps may refer to.
  case succeeded(outputs: JSONValue?)
  /// There was nothing to do; steps that need this one go on.
  case skipped
  /// Not done yet: park without a slot until the wait is over, then run again. Counts as no attempt.
  case wait(StepWait)
}

/// What a parked step waits for.
public struct StepWait: Sendable, Equatable {
  /// Wake after this long, whatever else happens; nil waits for the signal only.
  public var wakeAfter: Duration?
  /// Wake when this signal arrives; nil waits for the time only.
  public var signal: String?
  /// What people read when they ask why the step waits.
  public var reason: String

  /// A wait for a time, a signal, or whichever comes first.
  public init(wakeAfter: Duration? = nil, signal: String? = nil, reason: String) {
    self.wakeAfter = wakeAfter
    self.signal = signal
    self.reason = reason
  }
}

/// A step's failure, as its kind classifies it.
public struct StepFailure: Error, Equatable, CustomStringConvertible {
  /// Whether trying again can help.
  public enum Class: Sendable, Equatable {
    /// Trying again may help: the step's retry policy decides when.
    case retryable
    /// Trying again cannot help.
    case permanent
    /// The other side is busy and asked to come back after this long (nil: it gave no time).
    case throttled(after: Duration?)
  }

  /// Whether trying again can help.
  public let kind: Class
  /// One sentence: what failed, on what, why, and what to do next. Never a secret.
  public let message: String

  /// A failure with its sentence.
  public init(_ kind: Class, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The sentence.
  public var description: String { message }
}
