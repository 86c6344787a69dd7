public import JSON

/// What becomes of a restore point, and why.
public struct PointDecision: Sendable, Equatable {
  /// What becomes of a point's snapshots, or of its exports.
  public enum Verdict: Sendable, Equatable {
    /// It has none.
    case absent
    /// They stay; the reasons, as people read them: `daily of 2026-11-28`, `pinned`.
    case kept([String])
    /// They go; why.
    case released(String)

    /// Whether they go.
    public var isReleased: Bool { if case .released = self { true } else { false } }
    /// Whether they stay.
    public var isKept: Bool { if case .kept = self { true } else { false } }
    /// Why they stay or go; empty if there are none.
    public var reasons: [String] {
      switch self {
      case .absent: []
      case .kept(let reasons): reasons
      case .released(let reason): [reason]
      }
    }
  }

  /// The point's name.
  public let point: String
  /// Its snapshots.
  public let snapshots: Verdict
  /// Its exports; for a point without volumes, what its artifacts stand for.
  public let exports: Verdict

  /// A decision about one point.
  public init(point: String, snapshots: Verdict, exports: Verdict) {
    self.point = point
    self.snapshots = snapshots
    self.exports = exports
  }

  /// Whether nothing of it stays.
  public var isWhole: Bool { releasesSomething && !snapshots.isKept && !exports.isKept }
  /// Whether anything of it goes.
  public var releasesSomething: Bool { snapshots.isReleased || exports.isReleased }
  /// Why what goes goes.
  public var reason: String? {
    let reasons = [exports, snapshots].filter(\.isReleased).flatMap(\.reasons)
    return reasons.first
  }

  /// As `begin_retire` takes it.
  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "point": .string(point), "snapshots": .bool(snapshots.isReleased), "exports": .bool(exports.isReleased),
    ]
    members["reason"] = reason.map { .string($0) }
    return .object(members)
  }
}
