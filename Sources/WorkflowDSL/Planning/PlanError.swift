/// Why there is no plan of a workflow.
public struct PlanError: Error, Sendable, CustomStringConvertible {
  /// Whether the workflow, or one that it needs, doesn't exist.
  public let isMissing: Bool
  /// One sentence.
  public let description: String

  init(isMissing: Bool = false, _ description: String) {
    self.isMissing = isMissing
    self.description = description
  }
}
