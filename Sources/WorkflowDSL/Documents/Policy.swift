public import JSON

/// What is done, to what, when, and how long the result is kept.
public struct Policy: Sendable {
  /// The name of its document.
  public var name: Located<String>
  /// The workflow that it runs.
  public var workflow: Located<String>
  /// What its runs are told.
  public var parameters: [String: JSONValue]
  /// Where each parameter is given.
  var parameterPlaces: [String: Place]
  /// Applications by name; a name may be a pattern: `shop-*`.
  public var applications: [Located<String>]
  /// Applications that have all of these labels.
  public var applicationLabels: [String: String]
  /// Where it names them.
  var labelsPlace: Place?
  /// Whether it selects applications at all.
  public var hasSelector: Bool
  /// Where exports go.
  public var profile: Located<String>?
  /// Whether it names a schedule; without one it runs only when told to.
  public var hasSchedule: Bool
  /// When it runs, as the engine's schedules have it; nil if it has none, or one that can't be followed.
  public var schedule: JSONValue?
  /// Which restore points are kept: `{"snapshots": rules, "exports": rules}`, each only if there are rules for it.
  public var retention: JSONValue?
  /// Where it says that it takes no application whose snapshots may be torn; nil if it doesn't.
  var strict: Place?
  /// Whether it takes no application whose snapshots may be torn.
  public var isStrict: Bool { strict != nil }
  /// Whether its schedule is followed.
  public var isEnabled: Bool
  /// Higher goes first.
  public var priority: Int64
}
