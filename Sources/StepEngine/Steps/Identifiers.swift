/// A run: one execution of a workflow. Its number also says on which day the run was submitted (sql/tables/run.sql).
public struct RunID: Hashable, Sendable, CustomStringConvertible {
  /// The number, as PostgreSQL has it.
  public let value: Int64
  /// From PostgreSQL's number.
  public init(_ value: Int64) { self.value = value }
  /// The number in digits.
  public var description: String { String(value) }
}

/// One node of a run's DAG. The number holds the run's number and the node's ordinal within it.
public struct StepID: Hashable, Sendable, CustomStringConvertible {
  /// The number, as PostgreSQL has it.
  public let value: Int64
  /// From PostgreSQL's number.
  public init(_ value: Int64) { self.value = value }
  /// The number in digits.
  public var description: String { String(value) }

  /// The run that owns this step.
  public var run: RunID { RunID(value >> 20) }
}

/// The fencing token of one lease: every claim gets a higher one, and a write that carries an older one is refused.
public struct Fence: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The number, as PostgreSQL has it.
  public let value: Int64
  /// From PostgreSQL's number.
  public init(_ value: Int64) { self.value = value }
  /// The number in digits.
  public var description: String { String(value) }
  /// Older fences come first.
  public static func < (left: Fence, right: Fence) -> Bool { left.value < right.value }
}
