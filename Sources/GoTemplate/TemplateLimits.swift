/// What one rendering may use up. The defaults are far above what real templates need.
public struct TemplateLimits: Sendable, Hashable {
  /// How many actions, loop rounds and function calls may run. Work on large values counts as several.
  public var steps = 1_000_000
  /// How deep templates may call one another.
  public var nesting = 100
  /// How large the output, and any text or list that a function makes, may get; in bytes, or elements.
  public var outputBytes = 16 << 20

  /// The default limits.
  public init() {}
}
