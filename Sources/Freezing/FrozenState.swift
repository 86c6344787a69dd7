/// A filesystem that is frozen.
public struct FrozenState: Sendable, Equatable {
  /// Under which it was frozen, and is thawed.
  public let token: String
  /// The path that was given.
  public let path: String
  /// The filesystem's device as `MAJOR:MINOR`.
  public let device: String
  /// Its type: `xfs`.
  public let filesystem: String
  /// When writers were stopped, on CLOCK_BOOTTIME.
  public let since: Duration
  /// After this long it thaws by itself, measured from `since`.
  public let deadline: Duration
  /// The process that guards it.
  public let guardProcess: Int32
}

/// What made a filesystem thaw.
public enum ThawReason: String, Sendable, Equatable, CaseIterable {
  /// It was told to, in time.
  case worker
  /// The deadline came first.
  case deadline
  /// The guard was ended, and somebody thawed in its place.
  case guardEnded = "guard"
  /// The process that had frozen it ended (also: the machine was restarted).
  case workerDied = "worker-died"
  /// Somebody else thawed it meanwhile.
  case other
}

/// How a time of being frozen ended.
public struct ThawOutcome: Sendable, Equatable {
  /// Under which it was frozen.
  public let token: String
  /// The path that was given.
  public let path: String
  /// How long writers were stopped.
  public let frozenFor: Duration
  /// What ended it.
  public let endedBy: ThawReason

  /// Whether nothing was written to it from the freeze until it was asked to thaw.
  public var isIntact: Bool { endedBy == .worker }
}
