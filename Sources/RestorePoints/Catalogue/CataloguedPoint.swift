public import JSON
public import ResticFormat

/// A restore point with what has become of it.
public struct CataloguedPoint: Sendable, Equatable {
  /// How far a point is.
  public enum State: String, Sendable {
    /// It can be restored from, as far as its volumes' snapshots and exports exist. Goes on to `retiring`.
    case complete
    /// All of it is being released. Goes on to `retired`.
    case retiring
    /// All of it is gone.
    case retired
  }

  /// What has become of a snapshot or an export.
  public enum Part: String, Sendable {
    /// There never was one.
    case none
    /// It can be used.
    case exists
    /// It should be there, but its node did not find it when it last looked. Only of snapshots.
    case missing
    /// It is being released, and may be gone at any moment.
    case retiring
    /// It is gone.
    case released
  }

  /// What was made. Its times are by the clock of the node that made it.
  public var point: RestorePoint
  /// The moment to which it restores, by PostgreSQL's clock: what is newest, and which rule keeps what, is told by this one.
  public var createdAt: Snapshot.Moment
  /// When it may be retired whatever the rules say, by PostgreSQL's clock.
  public var expiresAt: Snapshot.Moment?
  /// How far it is.
  public var state: State
  /// Why it is being retired, or was.
  public var reason: String?
  /// Whether it is kept whatever the rules say.
  public var isPinned: Bool
  /// Whether it was found in a repository: what it says of itself can have been written by everyone who has the password of that.
  public var isImported: Bool
  /// Whether this installation's rules decide about it; not about one that was imported, until a person has said so.
  public var isAdopted: Bool
  /// Live runs that use it.
  public var heldBy: [Int64]
  /// Whether the last restore drill that could be done went well; nil if there was none.
  public var verifiedOK: Bool?
  /// When that was.
  public var verifiedAt: Snapshot.Moment?
  /// How long the restore took then.
  public var recoverySeconds: Double?
  /// Why the last restore drill could not be done; nil if it was. It says nothing of the point.
  public var drillProblem: String?
  /// What has become of each volume's snapshot, by volume.
  public var snapshots: [String: Part]
  /// What has become of each volume's export, by volume.
  public var exports: [String: Part]

  /// A point as it is right after it was recorded.
  public init(_ point: RestorePoint) {
    self.point = point
    createdAt = point.createdAt
    expiresAt = point.expiresAt
    state = .complete
    isPinned = false
    isImported = false
    isAdopted = true
    heldBy = []
    snapshots = Dictionary(
      point.volumes.map { ($0.name, $0.snapshot == nil ? .none : .exists) }, uniquingKeysWith: { $1 })
    exports = Dictionary(point.volumes.map { ($0.name, $0.export == nil ? .none : .exists) }, uniquingKeysWith: { $1 })
  }

  /// From the JSON that the functions of the catalogue return (sql/functions/point_json.sql).
  /// - Throws: `RestorePointError` if it is no restore point, or lacks what the catalogue adds.
  public init(json: JSONValue) throws(RestorePointError) {
    self.init(try RestorePoint(catalogued: json))
    guard let catalogue = json["catalogue"], let state = catalogue["state"]?.string.flatMap(State.init) else {
      throw RestorePointError("restore point \(point.name) comes without its state")
    }
    if let created = try RestorePoint.time(catalogue, "createdAt", of: "restore point \(point.name)") {
      createdAt = created
    }
    expiresAt = try RestorePoint.time(catalogue, "expiresAt", of: "restore point \(point.name)")
    self.state = state
    reason = catalogue["reason"]?.string
    isPinned = catalogue["pinned"]?.bool ?? false
    isImported = catalogue["imported"]?.bool ?? false
    isAdopted = catalogue["adopted"]?.bool ?? true
    heldBy = (catalogue["heldBy"]?.array ?? []).compactMap(\.int)
    verifiedOK = catalogue["verifiedOk"]?.bool
    verifiedAt = try RestorePoint.time(catalogue, "verifiedAt", of: "restore point \(point.name)")
    recoverySeconds = catalogue["recoverySeconds"]?.double
    drillProblem = catalogue["drillProblem"]?.string
    for volume in point.volumes {
      let parts = catalogue["volumes"]?[volume.name]
      guard let snapshot = parts?["snapshot"]?.string.flatMap(Part.init),
        let export = parts?["export"]?.string.flatMap(Part.init)
      else { throw RestorePointError("restore point \(point.name), volume \(volume.name) comes without its state") }
      snapshots[volume.name] = snapshot
      exports[volume.name] = export
    }
  }

  /// Why it stays, if it was imported and nobody has adopted it; as begin_retire in sql/functions says it.
  public var importReason: String? {
    isAdopted ? nil : "imported, and not adopted yet: holdfast import \(point.profile ?? "PROFILE") --adopt"
  }
  /// Whether every volume can be restored from an export.
  public var isExported: Bool { exports.values.allSatisfy { $0 == .exists } }
  /// Whether every volume can be restored from something.
  public var isRestorable: Bool {
    state == .complete
      && point.volumes.allSatisfy { snapshots[$0.name] == .exists || exports[$0.name] == .exists }
  }
}
