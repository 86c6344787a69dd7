public import JSON
internal import ResticFormat
internal import WorkflowDSL

/// Which snapshots, or which exports, of an application's restore points are kept. Whatever one rule keeps is kept.
public struct KeepRules: Sendable, Equatable {
  /// How many of the newest.
  public var last = 0
  /// For how many hours, days and so on the newest of each is kept.
  public var hourly = 0
  /// For how many days.
  public var daily = 0
  /// For how many weeks, which begin on Mondays.
  public var weekly = 0
  /// For how many months.
  public var monthly = 0
  /// For how many years.
  public var yearly = 0
  /// All that are younger than this, in seconds.
  public var withinSeconds = 0.0
  /// Whether all are kept: nothing was said about them.
  public var keepsAll = false

  /// `keep: 0`: none is kept, but for what is never retired.
  public static let none = KeepRules()
  /// Nothing is said: all are kept.
  public static let all: KeepRules = {
    var rules = KeepRules()
    rules.keepsAll = true
    return rules
  }()

  /// Rules that keep nothing.
  public init() {}

  private static func count(named key: String) -> WritableKeyPath<KeepRules, Int>? {
    switch key {
    case "last": \.last
    case "hourly": \.hourly
    case "daily": \.daily
    case "weekly": \.weekly
    case "monthly": \.monthly
    case "yearly": \.yearly
    default: nil
    }
  }

  /// From a policy's document: `{last, hourly, daily, weekly, monthly, yearly, within, keep: 0}`; nothing, null or `{}` keeps
  /// all. A length of time is a number of seconds or text like `36h`.
  /// - Throws: `RestorePointError` for a member that is not known, since a rule that is misread would delete.
  public init(json: JSONValue?) throws(RestorePointError) {
    guard let json, json != .null, json != [:] else {
      self = .all
      return
    }
    guard let members = json.object else {
      throw RestorePointError("what is kept has to be an object of rules, such as {\"daily\": 7}")
    }
    for (key, value) in members.sorted(by: { $0.key < $1.key }) {
      if let path = Self.count(named: key) {
        guard let count = value.int, (0...1_000_000).contains(count) else {
          throw RestorePointError("'\(key)' has to be a whole number of restore points")
        }
        self[keyPath: path] = Int(count)
      } else if key == "within" {
        guard let seconds = DurationText.seconds(of: value) else {
          throw RestorePointError("'within' has to be a length of time, such as 36h or 7d")
        }
        withinSeconds = seconds
      } else if key == "keep" {
        guard value.int == 0, members.count == 1 else {
          throw RestorePointError("'keep' can only be 0, and stands alone: none is kept")
        }
      } else {
        throw RestorePointError(
          "there is no rule '\(key)'; rules are last, hourly, daily, weekly, monthly, yearly, within")
      }
    }
    guard self != .none || members["keep"] != nil else {
      throw RestorePointError("these rules keep nothing; if that is meant, write keep: 0")
    }
  }

  /// The rules for snapshots and for exports of a policy's `retention`: either one set for both, or `{snapshots, exports}`.
  /// - Throws: `RestorePointError` if one of them can't be followed.
  public static func retention(
    json: JSONValue?
  ) throws(RestorePointError) -> (snapshots: KeepRules, exports: KeepRules) {
    if let members = json?.object, members["snapshots"] != nil || members["exports"] != nil {
      for key in members.keys.sorted() where key != "snapshots" && key != "exports" {
        throw RestorePointError("'\(key)' stands beside 'snapshots' and 'exports'; put it into one of them")
      }
      return (try KeepRules(json: members["snapshots"]), try KeepRules(json: members["exports"]))
    }
    let both = try KeepRules(json: json)
    return (both, both)
  }

  /// The counts as restic's rules have them.
  var policy: KeepPolicy {
    var policy = KeepPolicy()
    policy.last = last
    policy.hourly = hourly
    policy.daily = daily
    policy.weekly = weekly
    policy.monthly = monthly
    policy.yearly = yearly
    return policy
  }
}
