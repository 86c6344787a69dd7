public import JSON
public import ResticFormat
internal import TimeZones

/// What a run has left of an application, to restore it from: the value that PostgreSQL catalogues and that is sealed in the
/// repository. It says what was made, and never changes; what is still there says `CataloguedPoint`.
public struct RestorePoint: Sendable, Equatable {
  /// What the data of a point is like.
  public enum Consistency: String, Sendable, CaseIterable {
    /// The application was brought to rest for it.
    case application
    /// As after a power cut: all of one moment.
    case crash
    /// Read while it changed.
    case none
  }

  /// A volume of a point.
  public struct Volume: Sendable, Equatable {
    /// Its name in the application.
    public var name: String
    /// The driver that made the snapshot; empty if none was needed.
    public var driver: String
    /// The node that it was on.
    public var node: String?
    /// The volume as its driver takes it; an object.
    public var source: JSONValue
    /// The snapshot that outlives the run, if there is one.
    public var snapshot: String?
    /// The snapshot in the profile's repository, 64 hexadecimal digits; nil if it was not exported.
    public var export: String?
    /// Its size in bytes.
    public var bytes: Int64
    /// What the export added to the repository, in bytes.
    public var addedBytes: Int64
    /// Files in it.
    public var files: Int64

    /// A volume with a snapshot, an export or both.
    public init(
      name: String, driver: String, node: String? = nil, source: JSONValue = [:], snapshot: String? = nil,
      export: String? = nil, bytes: Int64 = 0, addedBytes: Int64 = 0, files: Int64 = 0
    ) {
      self.name = name
      self.driver = driver
      self.node = node
      self.source = source
      self.snapshot = snapshot
      self.export = export
      self.bytes = bytes
      self.addedBytes = addedBytes
      self.files = files
    }
  }

  /// Its name, unique everywhere.
  public var name: String
  /// The application that it is of.
  public var application: String
  /// The policy whose run made it; nil for one that was made on demand.
  public var policy: String?
  /// The profile whose repository has its exports.
  public var profile: String?
  /// The run that made it.
  public var run: Int64?
  /// The moment to which it restores.
  public var createdAt: Snapshot.Moment
  /// What its data is like.
  public var consistency: Consistency
  /// What hooks left with it, key to value.
  public var artifacts: [String: JSONValue]
  /// When it may be retired whatever the rules say; before that, it is kept whatever they say.
  public var expiresAt: Snapshot.Moment?
  /// Until then its exports can't be deleted (Object Lock).
  public var lockUntil: Snapshot.Moment?
  /// Its volumes.
  public var volumes: [Volume]

  /// A point with its volumes.
  public init(
    name: String, application: String, policy: String? = nil, profile: String? = nil, run: Int64? = nil,
    createdAt: Snapshot.Moment, consistency: Consistency, artifacts: [String: JSONValue] = [:],
    expiresAt: Snapshot.Moment? = nil, lockUntil: Snapshot.Moment? = nil, volumes: [Volume]
  ) {
    self.name = name
    self.application = application
    self.policy = policy
    self.profile = profile
    self.run = run
    self.createdAt = createdAt
    self.consistency = consistency
    self.artifacts = artifacts
    self.expiresAt = expiresAt
    self.lockUntil = lockUntil
    self.volumes = volumes
  }

  /// The name of the point that a run makes of an application: `shop-20261128-142233-17`, with the time in UTC and the run's
  /// number of that day. It follows from these alone, so a repeated step gives the same.
  public static func name(application: String, createdAt: Snapshot.Moment, run: Int64) -> String {
    let clock = Snapshot.Moment(seconds: createdAt.seconds, nanoseconds: 0).clock
    func digits(_ number: Int, _ width: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    let day = digits(clock.year, 4) + digits(clock.month, 2) + digits(clock.day, 2)
    let time = digits(clock.hour, 2) + digits(clock.minute, 2) + digits(clock.second, 2)
    return "\(application)-\(day)-\(time)-\(run & 0xFFF_FFFF)"
  }
}
