public import JSON
public import TimeZones
internal import Wording

/// What is wrong with a schedule's JSON.
public struct ScheduleError: Error, Equatable, CustomStringConvertible {
  /// The key at fault: `windows[0].from`; empty where the whole value is.
  public let key: String
  /// What is wrong there and what is expected.
  public let reason: String

  /// `schedule key 'cron': field 2 (hour), column 3: '25' is not between 0 and 23`.
  public var description: String { key.isEmpty ? "schedule: \(reason)" : "schedule key '\(key)': \(reason)" }
}

extension ScheduleRules {
  /// Reads rules from an object: `cron` (required), `timeZone` (UTC), `jitterSeconds` (0), `graceSeconds` (60), `windows`
  /// (none), `catchUp` (`latest`), `catchUpLimit` (100), `overlap` (`skip`).
  ///
  /// A window is `{"days": "mon-fri", "from": "22:00", "to": "06:00", "timeZone": …}`; its days (all of them) are those
  /// on which it opens, its `to` may be `24:00`, and its zone is the schedule's unless it names one.
  /// - Throws: `ScheduleError` for unknown keys, wrong types and values out of range.
  public init(json: JSONValue, zones: TimeZoneDatabase = .system) throws(ScheduleError) {
    let object = try ScheduleObject(
      json, path: "",
      keys: ["cron", "timeZone", "jitterSeconds", "graceSeconds", "windows", "catchUp", "catchUpLimit", "overlap"])
    guard let text = try object.string("cron") else { throw object.error("cron", "missing; write a cron expression") }
    do throws(CronError) {
      cron = try CronExpression(text)
    } catch {
      throw object.error("cron", error.description)
    }
    timeZone = try object.zone("timeZone", zones) ?? .utc
    jitterSeconds = try object.integer("jitterSeconds", in: Self.jitterRange) ?? jitterSeconds
    graceSeconds = try object.integer("graceSeconds", in: Self.graceRange) ?? graceSeconds
    catchUp = try object.choice("catchUp") ?? catchUp
    catchUpLimit = try object.integer("catchUpLimit", in: Self.catchUpRange).map(Int.init) ?? catchUpLimit
    overlap = try object.choice("overlap") ?? overlap

    guard let list = object.members["windows"], list != .null else { return }
    guard let elements = list.array else { throw object.error("windows", "not a list") }
    let most = 50
    guard elements.count <= most else { throw object.error("windows", "more than \(most) windows") }
    for (index, element) in elements.enumerated() {
      windows.append(try ScheduleWindow(json: element, path: "windows[\(index)]", zones: zones))
    }
  }

  /// The rules as `init(json:)` reads them, every key given.
  public var json: JSONValue {
    [
      "cron": .string(cron.text), "timeZone": .string(timeZone.name), "jitterSeconds": .int(jitterSeconds),
      "graceSeconds": .int(graceSeconds), "windows": .array(windows.map(\.json)), "catchUp": .string(catchUp.rawValue),
      "catchUpLimit": .int(Int64(catchUpLimit)), "overlap": .string(overlap.rawValue),
    ]
  }
}

extension ScheduleWindow {
  fileprivate init(json: JSONValue, path: String, zones: TimeZoneDatabase) throws(ScheduleError) {
    let object = try ScheduleObject(json, path: path, keys: ["days", "from", "to", "timeZone"])
    let from = try object.timeOfDay("from", through: 1439)
    let to = try object.timeOfDay("to", through: 1440)
    guard from != to else {
      throw object.error("to", "the window opens and closes at the same time; write 00:00 to 24:00 for whole days")
    }
    let days = try object.string("days") ?? "*"
    let zone = try object.zone("timeZone", zones)
    do throws(CronError) {
      try self.init(days: days, from: from, to: to == 0 ? 1440 : to, timeZone: zone)
    } catch {
      throw object.error("days", error.reason)
    }
  }

  fileprivate var json: JSONValue {
    func text(_ minutes: Int) -> JSONValue {
      let (hour, minute) = minutes.quotientAndRemainder(dividingBy: 60)
      return .string((hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)")
    }
    var members: [String: JSONValue] = ["days": .string(days), "from": text(from), "to": text(to)]
    if let timeZone { members["timeZone"] = .string(timeZone.name) }
    return .object(members)
  }
}

/// An object's members, read by key with errors that name the key.
private struct ScheduleObject {
  let members: [String: JSONValue]
  let path: String

  init(_ json: JSONValue, path: String, keys: [String]) throws(ScheduleError) {
    guard case .object(let members) = json else { throw ScheduleError(key: path, reason: "not an object") }
    self.members = members
    self.path = path
    // Sorted, so that the same mistake always gives the same message.
    if let unknown = members.keys.filter({ !keys.contains($0) }).min() {
      let nearest = nearestNames(to: unknown, among: keys)
      let hint =
        nearest.isEmpty ? "the keys are \(keys.joined(separator: ", "))" : "did you mean \(alternatives(nearest))?"
      throw ScheduleError(key: path, reason: "unknown key \(quotedForMessage(unknown)); \(hint)")
    }
  }

  func error(_ key: String, _ reason: String) -> ScheduleError {
    ScheduleError(key: path.isEmpty ? key : path + "." + key, reason: reason)
  }

  /// Nil for a missing key and for null.
  func string(_ key: String) throws(ScheduleError) -> String? {
    guard let value = members[key], value != .null else { return nil }
    guard let text = value.string else { throw error(key, "not a string") }
    return text
  }

  func integer(_ key: String, in range: ClosedRange<Int64>) throws(ScheduleError) -> Int64? {
    guard let value = members[key], value != .null else { return nil }
    guard let number = value.int, range.contains(number) else {
      throw error(key, "not a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String
  ) throws(ScheduleError) -> Choice? where Choice.RawValue == String {
    guard let text = try string(key) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let all = Choice.allCases.map(\.rawValue)
      throw error(key, "\(quotedForMessage(text)) is not \(alternatives(all))")
    }
    return choice
  }

  func zone(_ key: String, _ zones: TimeZoneDatabase) throws(ScheduleError) -> TimeZoneRules? {
    guard let name = try string(key) else { return nil }
    do throws(TimeZoneError) {
      return try zones.zone(named: name)
    } catch {
      throw self.error(key, error.description)
    }
  }

  /// `HH:MM` as minutes after midnight.
  func timeOfDay(_ key: String, through limit: Int) throws(ScheduleError) -> Int {
    guard let text = try string(key) else { throw error(key, "missing; write a time of day such as 22:00") }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { part in
      part.utf8.count == 2 && part.utf8.allSatisfy { (48...57).contains($0) } ? Int(part) : nil
    }
    guard parts.count == 2, numbers.count == 2, numbers[1] < 60, numbers[0] * 60 + numbers[1] <= limit else {
      let last = limit == 1440 ? "24:00" : "23:59"
      throw error(key, "\(quotedForMessage(text)) is not a time of day from 00:00 to \(last)")
    }
    return numbers[0] * 60 + numbers[1]
  }
}
