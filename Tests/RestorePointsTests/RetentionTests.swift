import JSON
import ResticFormat
import RestorePoints
import TestSupport
import Testing
import TimeZones

@Suite("Retention of restore points")
struct RetentionTests {
  private let now = moment("2026-11-29T12:00:00Z")

  private func point(_ name: String, _ time: String, snapshot: Bool = false, export: Bool = true) -> CataloguedPoint {
    CataloguedPoint(onePoint(name, at: time, snapshot: snapshot ? "hf-\(name)" : nil, export: export ? 1 : nil))
  }

  private func decide(
    _ points: [CataloguedPoint], snapshots: JSONValue? = nil, exports: JSONValue? = nil, zone: TimeZoneRules = .utc
  ) throws -> [String: PointDecision] {
    let decisions = RetentionPlan.decide(
      points, snapshots: try KeepRules(json: snapshots), exports: try KeepRules(json: exports), now: now, zone: zone)
    return Dictionary(decisions.map { ($0.point, $0) }, uniquingKeysWith: { $1 })
  }

  @Test("each rule keeps what it says, and the reasons say which rule it was")
  func rules() throws {
    let points = [
      point("a", "2026-11-29T11:50:00Z"), point("b", "2026-11-29T11:10:00Z"), point("c", "2026-11-29T10:00:00Z"),
      point("d", "2026-11-28T23:00:00Z"), point("e", "2026-11-20T10:00:00Z"), point("f", "2026-10-31T10:00:00Z"),
      point("g", "2025-06-01T10:00:00Z"), point("h", "2025-05-01T10:00:00Z"),
    ]
    let made = try decide(
      points,
      exports: [
        "last": 2, "hourly": 2, "daily": 2, "weekly": 2, "monthly": 2, "yearly": 2, "within": "13h",
      ])
    let reasons = made.mapValues(\.exports.reasons)
    #expect(
      reasons["a"] == [
        "the newest", "the last good one", "one of the last 2", "hourly of 2026-11-29 11:00", "daily of 2026-11-29",
        "weekly of 2026-W48", "monthly of 2026-11", "yearly of 2026", "younger than 13h",
      ])
    #expect(reasons["b"] == ["one of the last 2", "younger than 13h"])
    #expect(reasons["c"] == ["hourly of 2026-11-29 10:00", "younger than 13h"])
    #expect(reasons["d"] == ["daily of 2026-11-28"])
    #expect(reasons["e"] == ["weekly of 2026-W47"])
    #expect(reasons["f"] == ["monthly of 2026-10"])
    #expect(reasons["g"] == ["yearly of 2025"])
    #expect(made["h"]?.exports == .released("no rule keeps its exports") && made["h"]?.isWhole == true)
  }

  @Test("days begin where the policy's schedule has its clock, also when that is changed")
  func zones() throws {
    let berlin = try TimeZoneDatabase.system.zone(named: "Europe/Berlin")
    let points = [
      point("a", "2026-11-28T23:30:00Z"),  // the 29th in Berlin
      point("b", "2026-11-28T22:30:00Z"),
      // The night in which clocks are put back: 2:30 comes twice, and is one hour.
      point("c", "2026-10-25T01:30:00Z"), point("d", "2026-10-25T00:30:00Z"),
    ]
    #expect(try decide(points, exports: ["daily": 2], zone: berlin)["b"]?.exports.reasons == ["daily of 2026-11-28"])
    #expect(try decide(points, exports: ["daily": 1])["b"]?.isWhole == true)
    let hourly = try decide(points, exports: ["hourly": 3], zone: berlin)
    #expect(hourly["c"]?.exports.reasons == ["hourly of 2026-10-25 02:00"] && hourly["d"]?.isWhole == true)
  }

  @Test("snapshots go as soon as the export is there, if none is to be kept")
  func exportedSnapshots() throws {
    let made = try decide(
      [
        point("a", "2026-11-29T11:00:00Z", snapshot: true, export: false),
        point("b", "2026-11-28T11:00:00Z", snapshot: true), point("c", "2026-11-27T11:00:00Z", snapshot: true),
        point("d", "2026-11-26T11:00:00Z", snapshot: true, export: false),
      ], snapshots: ["keep": 0], exports: ["last": 7])
    // The newest has nothing else.
    #expect(made["a"]?.snapshots == .kept(["the newest"]) && made["a"]?.exports == .absent)
    #expect(made["b"]?.snapshots == .released("snapshots are not kept"))
    #expect(made["b"]?.exports == .kept(["the last good one", "one of the last 7"]))
    #expect(made["c"]?.isWhole == false && made["c"]?.snapshots.isReleased == true)
    #expect(made["d"]?.isWhole == true && made["d"]?.reason == "snapshots are not kept")
  }

  @Test("what must stay stays, and says why")
  func protected() throws {
    var pinned = point("pinned", "2026-11-20T10:00:00Z", snapshot: true)
    pinned.isPinned = true
    var used = point("used", "2026-11-19T10:00:00Z", snapshot: true)
    used.heldBy = [17, 18]
    var locked = point("locked", "2026-11-18T10:00:00Z", snapshot: true)
    locked.point.lockUntil = moment("2026-12-01T09:30:00+01:00")
    var bad = point("bad", "2026-11-28T10:00:00Z")
    bad.verifiedOK = false
    let made = try decide(
      [
        pinned, used, locked, bad, point("good", "2026-11-27T10:00:00Z"),
        point("newest", "2026-11-29T10:00:00Z", snapshot: true, export: false),
      ], snapshots: ["keep": 0], exports: ["keep": 0])
    #expect(made["pinned"] == PointDecision(point: "pinned", snapshots: .kept(["pinned"]), exports: .kept(["pinned"])))
    #expect(made["used"]?.exports == .kept(["in use by run 18", "in use by run 17"]))
    #expect(made["locked"]?.exports == .kept(["locked until 2026-12-01 08:30 UTC"]))
    #expect(made["locked"]?.snapshots.isReleased == true)
    #expect(made["good"]?.exports == .kept(["the last good one"]))
    #expect(made["bad"]?.isWhole == true)
    #expect(made["newest"]?.snapshots == .kept(["the newest"]))
  }

  @Test("what was imported and not adopted stays, says how that ends, and takes nobody's place")
  func imported() throws {
    func imported(_ name: String, _ time: String) -> CataloguedPoint {
      var point = point(name, time, snapshot: true)
      point.isImported = true
      point.isAdopted = false
      return point
    }
    var expired = imported("expired", "2026-11-20T10:00:00Z")
    expired.point.expiresAt = moment("2026-11-21T00:00:00Z")
    var pinned = imported("pinned", "2026-11-19T10:00:00Z")
    pinned.isPinned = true
    var points = [
      point("a", "2026-11-29T10:00:00Z"), imported("b", "2026-11-28T11:00:00Z"), point("c", "2026-11-28T10:00:00Z"),
      expired, pinned,
    ]
    let reason = "imported, and not adopted yet: holdfast import vault --adopt"
    let made = try decide(points, snapshots: ["keep": 0], exports: ["last": 2])
    #expect(made["b"] == PointDecision(point: "b", snapshots: .kept([reason]), exports: .kept([reason])))
    #expect(made["expired"]?.exports == .kept([reason]) && made["expired"]?.snapshots == .kept([reason]))
    #expect(made["pinned"]?.exports == .kept([reason, "pinned"]))
    #expect(made["c"]?.exports == .kept(["one of the last 2"]))

    for index in points.indices { points[index].isAdopted = true }
    let adopted = try decide(points, snapshots: ["keep": 0], exports: ["last": 2])
    #expect(adopted["b"]?.exports == .kept(["one of the last 2"]) && adopted["c"]?.isWhole == true)
    #expect(adopted["expired"]?.isWhole == true && adopted["pinned"]?.exports == .kept(["pinned"]))
  }

  @Test("a point that expires stays until then, goes afterwards, and takes nobody's place")
  func expiry() throws {
    func expiring(_ name: String, _ time: String, at end: String) -> CataloguedPoint {
      var point = point(name, time)
      point.expiresAt = moment(end)
      return point
    }
    let made = try decide(
      [
        expiring("later", "2026-11-29T11:00:00Z", at: "2026-11-30T00:00:00Z"), point("a", "2026-11-29T10:00:00Z"),
        expiring("over", "2026-11-28T11:00:00Z", at: "2026-11-29T00:00:00Z"), point("b", "2026-11-27T10:00:00Z"),
        point("c", "2026-11-26T10:00:00Z"),
      ], exports: ["last": 2])
    #expect(made["later"]?.exports.reasons.last == "until 2026-11-30 00:00 UTC")
    #expect(made["over"]?.exports == .released("it expired at 2026-11-29 00:00 UTC"))
    #expect(made["b"]?.exports.isKept == true && made["c"]?.isWhole == true)
    // The last good one stays all the same.
    let alone = try decide([expiring("only", "2026-11-28T11:00:00Z", at: "2026-11-29T00:00:00Z")], exports: ["last": 2])
    #expect(alone["only"]?.exports == .kept(["the newest", "the last good one"]))
  }

  @Test("what an interrupted run has begun to retire is carried on")
  func interrupted() throws {
    var whole = point("whole", "2026-11-29T10:00:00Z", snapshot: true)
    whole.state = .retiring
    whole.reason = "old"
    whole.snapshots = ["data": .released]
    whole.exports = ["data": .retiring]
    var half = point("half", "2026-11-28T10:00:00Z", snapshot: true)
    half.snapshots = ["data": .retiring]
    let made = try decide([whole, half])
    #expect(made["whole"] == PointDecision(point: "whole", snapshots: .absent, exports: .released("old")))
    #expect(made["half"]?.snapshots.isReleased == true && made["half"]?.exports.isKept == true)
  }

  @Test(
    "rules that can't be meant are refused",
    arguments: [
      (JSONValue.array([]), "what is kept has to be an object of rules, such as {\"daily\": 7}"),
      (
        JSONValue.object(["dayly": 7]),
        "there is no rule 'dayly'; rules are last, hourly, daily, weekly, monthly, yearly, within"
      ),
      (JSONValue.object(["daily": -1]), "'daily' has to be a whole number of restore points"),
      (JSONValue.object(["daily": "7"]), "'daily' has to be a whole number of restore points"),
      (JSONValue.object(["within": "soon"]), "'within' has to be a length of time, such as 36h or 7d"),
      (JSONValue.object(["keep": 3]), "'keep' can only be 0, and stands alone: none is kept"),
      (JSONValue.object(["keep": 0, "daily": 7]), "'keep' can only be 0, and stands alone: none is kept"),
      (JSONValue.object(["daily": 0]), "these rules keep nothing; if that is meant, write keep: 0"),
    ])
  func badRules(_ json: JSONValue, _ message: String) {
    let error = #expect(throws: RestorePointError.self) { _ = try KeepRules(json: json) }
    #expect(error?.description == message)
  }

  @Test("one set of rules is for both; nothing said keeps all")
  func retention() throws {
    let both = try KeepRules.retention(json: ["daily": 7])
    #expect(both.snapshots.daily == 7 && both.exports.daily == 7)
    let apart = try KeepRules.retention(json: ["snapshots": ["keep": 0], "exports": ["weekly": 4]])
    #expect(apart.snapshots == .none && apart.exports.weekly == 4)
    #expect(try KeepRules.retention(json: ["exports": ["weekly": 4]]).snapshots == .all)
    #expect(try KeepRules.retention(json: nil).exports == .all)
    #expect(throws: RestorePointError.self) {
      _ = try KeepRules.retention(json: ["snapshots": ["keep": 0], "daily": 7])
    }
  }
}
