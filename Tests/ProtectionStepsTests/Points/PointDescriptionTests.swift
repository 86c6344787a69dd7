import JSON
import StepEngine
import StepKinds
import Testing

@testable import ProtectionSteps

@Suite("What a restore point claims")
struct PointDescriptionTests {
  private func volume(_ name: String, isFrozen: Bool? = nil) -> JSONValue {
    var members: [String: JSONValue] = ["name": .string(name), "driver": "directory", "path": .string("/srv/" + name)]
    members["isFrozen"] = isFrozen.map { .bool($0) }
    return .object(members)
  }

  private func snapshot(_ name: String, isCrashConsistent: Bool) -> JSONValue {
    ["volume": .string(name), "snapshot": .string("hf-7-" + name), "crashConsistent": .bool(isCrashConsistent)]
  }

  private func consistency(
    _ volumes: [JSONValue], _ snapshots: [JSONValue], thaws: [JSONValue] = [], _ more: [String: JSONValue] = [:]
  ) throws -> String? {
    let with: [String: JSONValue] = [
      "application": "shop", "volumes": .array(volumes), "snapshots": .array(snapshots), "thaws": .array(thaws),
    ]
    let arguments = try StepArguments(.object(with.merging(more) { $1 }), of: RestorePointStep.signature)
    return try PointDescription(run: RunID(7), arguments: arguments).document()["consistency"]?.string
  }

  @Test("'crash' takes each volume: a snapshot of one instant, or a freeze that lasted")
  func crash() throws {
    let intact: JSONValue = ["path": "/srv/a", "intact": true]
    let (torn, whole) = (snapshot("b", isCrashConsistent: false), snapshot("b", isCrashConsistent: true))
    let (frozen, copy) = (volume("a", isFrozen: true), snapshot("a", isCrashConsistent: false))
    #expect(try consistency([frozen], [copy], thaws: [intact]) == "crash")
    #expect(try consistency([frozen], [copy], thaws: [["path": "/srv/a", "intact": false]]) == "none")
    #expect(try consistency([frozen, volume("b", isFrozen: false)], [copy, torn], thaws: [intact]) == "none")
    #expect(try consistency([frozen, volume("b", isFrozen: false)], [copy, whole], thaws: [intact]) == "crash")
    // As a step of an older release put it out.
    #expect(try consistency([volume("a")], [copy], thaws: [intact]) == "none")
    #expect(try consistency([volume("b")], [whole]) == "crash")
    #expect(try consistency([volume("b")], [torn], ["quiesced": true]) == "application")
  }

  @Test("a strict policy takes no point whose data may be torn")
  func strict() throws {
    let strict = volume("a", isFrozen: true).with("isStrict", true)
    let copy = snapshot("a", isCrashConsistent: false)
    #expect(try consistency([strict], [copy], thaws: [["path": "/srv/a", "intact": true]]) == "crash")
    let failure = #expect(throws: StepFailure.self) {
      try consistency([strict], [copy], thaws: [["path": "/srv/a", "intact": false]])
    }
    #expect(failure?.kind == .permanent && failure?.message.contains("its policy is strict") == true)
    #expect(throws: StepFailure.self) { try consistency([strict], [copy], ["hooks": [["succeeded": false]]]) }
    #expect(try consistency([strict], [copy], ["hooks": [["succeeded": true]]]) == "application")
  }

  @Test("a snapshot that is gone with its run is nothing that a point has")
  func passing() throws {
    func volumes(keeps: JSONValue?, exports: [JSONValue]) throws -> [JSONValue]? {
      var snapshot = try #require(snapshot("a", isCrashConsistent: true).object)
      snapshot["keeps"] = keeps
      let with: JSONValue = [
        "application": "shop", "volumes": [volume("a")], "snapshots": [.object(snapshot)], "exports": .array(exports),
      ]
      let arguments = try StepArguments(with, of: RestorePointStep.signature)
      return try PointDescription(run: RunID(7), arguments: arguments).document()["volumes"]?.array
    }
    let export: JSONValue = ["volume": "a", "export": "b6"]
    #expect(try volumes(keeps: false, exports: [export])?.map { $0["snapshot"] ?? .null } == [.null])
    #expect(try volumes(keeps: false, exports: [export])?.map { $0["export"] } == ["b6"])
    // As a step of an older release put it out.
    #expect(try volumes(keeps: nil, exports: [])?.map { $0["snapshot"] } == ["hf-7-a"])
    #expect(throws: StepFailure.self) { try volumes(keeps: false, exports: []) }
  }

  @Test("what an export left out is noted with the volume; a snapshot has everything")
  func excludes() throws {
    func noted(_ exports: [JSONValue]) throws -> JSONValue? {
      let with: JSONValue = [
        "application": "shop", "volumes": [volume("a").with("exclude", ["*.tmp"])],
        "snapshots": [snapshot("a", isCrashConsistent: true)], "exports": .array(exports),
      ]
      let arguments = try StepArguments(with, of: RestorePointStep.signature)
      let volumes = try PointDescription(run: RunID(7), arguments: arguments).document()["volumes"]?.array
      return volumes?.first?["source"]?["exclude"]
    }
    #expect(try noted([["volume": "a", "export": "b6"]]) == ["*.tmp"])
    #expect(try noted([]) == nil)
  }

  @Test("a point is of its first snapshot's time, without snapshots of its first export's, and else of a given one")
  func time() throws {
    func point(_ more: [String: JSONValue]) throws -> [String?] {
      let with: [String: JSONValue] = [
        "application": "shop", "volumes": [volume("a"), volume("b")], "at": "2026-11-28T08:00:00Z",
      ]
      let arguments = try StepArguments(.object(with.merging(more) { $1 }), of: RestorePointStep.signature)
      let document = try PointDescription(run: RunID(7), arguments: arguments).document()
      return [document["name"]?.string, document["createdAt"]?.string]
    }
    func outputs(_ member: String, _ times: [String?]) -> JSONValue {
      .array(
        zip(["a", "b"], times).map { name, time in
          .object(["volume": .string(name), member: "x", "at": time.map { .string($0) } ?? .null])
        })
    }
    let exports = outputs("export", ["2026-11-28T10:00:02Z", "2026-11-28T10:00:01.5Z"])
    #expect(try point(["exports": exports]) == ["shop-20261128-100001-7", "2026-11-28T10:00:01.5Z"])
    let snapshots = outputs("snapshot", ["2026-11-28T09:00:03Z", nil])
    #expect(
      try point(["snapshots": snapshots, "exports": exports]) == ["shop-20261128-090003-7", "2026-11-28T09:00:03Z"])
    // That of an export would be too late for a snapshot.
    let untold = outputs("snapshot", [nil, nil])
    #expect(
      try point(["snapshots": untold, "exports": exports]) == ["shop-20261128-080000-7", "2026-11-28T08:00:00Z"])
    #expect(
      try point(["exports": outputs("export", [nil, nil])]) == ["shop-20261128-080000-7", "2026-11-28T08:00:00Z"])
  }

  @Test("discovery says of each volume whether it is frozen")
  func discovery() throws {
    let inventory = Inventory(
      application: "shop",
      spec: [
        "volumes": [
          ["name": "a", "driver": "directory", "path": "/srv/a", "freeze": ["path": "/srv/a"]],
          ["name": "b", "driver": "directory", "path": "/srv/b"],
        ]
      ])
    #expect(try inventory.volumes(named: [], strict: false).map { $0["isFrozen"] } == [true, false])
  }
}
