public import JSON

/// What has to be released of restore points, as `beginRetire` returns it.
public struct Retirement: Sendable, Equatable {
  /// A point of which something has to go.
  public struct Point: Sendable, Equatable {
    /// A snapshot that has to go.
    public struct Snapshot: Sendable, Equatable {
      /// The volume.
      public let volume: String
      /// The node that the volume is on.
      public let node: String?
      /// The driver that releases it.
      public let driver: String
      /// Its name.
      public let name: String
      /// The volume as its driver takes it.
      public let source: JSONValue
    }

    /// An export that has to go.
    public struct Export: Sendable, Equatable {
      /// The volume.
      public let volume: String
      /// The snapshot in the point's profile, 64 hexadecimal digits.
      public let id: String
      /// Whether another point has it, too: it stays then, and only this point gives it up.
      public let isShared: Bool
    }

    /// The point's name.
    public let name: String
    /// Its application.
    public let application: String
    /// Its policy.
    public let policy: String?
    /// The profile whose repository has its exports.
    public let profile: String?
    /// Nothing of it stays: also what its artifacts stand for has to go.
    public let isWhole: Bool
    /// What hooks left with it.
    public let artifacts: [String: JSONValue]
    /// Why it goes.
    public let reason: String?
    /// The snapshots.
    public let snapshots: [Snapshot]
    /// The exports.
    public let exports: [Export]
  }

  /// What the catalogue refused to give up, whatever the decisions said.
  public struct Refusal: Sendable, Equatable {
    /// The point's name.
    public let point: String
    /// `point`, `snapshots` or `exports`.
    public let what: String
    /// Why, for people: `pinned`, `imported, and not adopted yet: …`, `in use by run 17`, `the last good one of shop`, `locked until …`.
    public let reason: String
  }

  /// The points, oldest first.
  public let points: [Point]
  /// What stays although it was to go.
  public let refused: [Refusal]
  /// All of it as JSON, for the outputs of a step.
  public let json: JSONValue

  /// From the JSON that `begin_retire` returns.
  /// - Throws: `RestorePointError` if it isn't that.
  public init(json: JSONValue) throws(RestorePointError) {
    guard let points = json["points"]?.array, let refused = json["refused"]?.array else {
      throw RestorePointError("what is to be retired needs \"points\" and \"refused\"")
    }
    self.json = json
    var read: [Point] = []
    for point in points { read.append(try Point(json: point)) }
    self.points = read
    self.refused = refused.compactMap { refusal in
      guard let point = refusal["point"]?.string, let what = refusal["what"]?.string,
        let reason = refusal["reason"]?.string
      else { return nil }
      return Refusal(point: point, what: what, reason: reason)
    }
  }
}

extension Retirement.Point {
  fileprivate init(json: JSONValue) throws(RestorePointError) {
    let what = "a point to retire"
    var snapshots: [Snapshot] = []
    for snapshot in json["snapshots"]?.array ?? [] {
      snapshots.append(
        Snapshot(
          volume: try RestorePoint.text(snapshot, "volume", of: what),
          node: try RestorePoint.optionalText(snapshot, "node", of: what),
          driver: try RestorePoint.optionalText(snapshot, "driver", of: what) ?? "",
          name: try RestorePoint.text(snapshot, "name", of: what), source: snapshot["source"] ?? [:]))
    }
    var exports: [Export] = []
    for export in json["exports"]?.array ?? [] {
      exports.append(
        Export(
          volume: try RestorePoint.text(export, "volume", of: what), id: try RestorePoint.text(export, "id", of: what),
          isShared: export["shared"]?.bool ?? false))
    }
    self.init(
      name: try RestorePoint.text(json, "name", of: what),
      application: try RestorePoint.text(json, "application", of: what),
      policy: try RestorePoint.optionalText(json, "policy", of: what),
      profile: try RestorePoint.optionalText(json, "profile", of: what), isWhole: json["whole"]?.bool ?? false,
      artifacts: json["artifacts"]?.object ?? [:], reason: try RestorePoint.optionalText(json, "reason", of: what),
      snapshots: snapshots, exports: exports)
  }
}
