import JSON
import ResticFormat
import RestorePoints
import StepEngine
import Testing

@testable import ProtectionSteps

@Suite("What a restore takes of a point")
struct ChoosePointTests {
  private let export = String(repeating: "a", count: 64)

  /// What `restore-volume` is told of a volume with these parts, on the node `here`.
  private func item(
    snapshot: Bool, export hasExport: Bool, from: String = "auto", target: String? = nil, node: String? = nil
  ) throws(StepFailure) -> JSONValue {
    let volume = RestorePoint.Volume(
      name: "data", driver: "btrfs", node: "here", source: ["name": "data", "driver": "btrfs", "path": "/srv/data"],
      snapshot: snapshot ? "hf-1-data" : nil, export: hasExport ? export : nil)
    let point = RestorePoint(
      name: "shop-1", application: "shop", profile: "vault", createdAt: Snapshot.Moment(seconds: 1, nanoseconds: 0),
      consistency: .crash, volumes: [volume])
    return try ChoosePointStep.item(volume, of: CataloguedPoint(point), from: from, target: target, node: node)
  }

  private func refusal(
    snapshot: Bool, export: Bool, from: String = "auto", target: String? = nil, node: String? = nil
  ) throws -> String {
    let failure = try #require(
      #expect(throws: StepFailure.self) {
        _ = try item(snapshot: snapshot, export: export, from: from, target: target, node: node)
      })
    #expect(failure.kind == .permanent)
    return failure.message
  }

  @Test("in place a snapshot comes first, into a folder an export; what there is not is taken from the other")
  func source() throws {
    #expect(try item(snapshot: true, export: true)["fromSnapshot"] == "hf-1-data")
    #expect(try item(snapshot: false, export: true)["fromExport"]?.string == export)
    let beside = try item(snapshot: true, export: true, target: "/look")
    #expect(beside["fromExport"]?.string == export && beside["fromSnapshot"] == nil)
    #expect(beside["target"] == "/look/data" && beside["node"] == "here")
    #expect(try item(snapshot: true, export: false, target: "/look")["fromSnapshot"] == "hf-1-data")
    #expect(
      try refusal(snapshot: true, export: false, from: "export")
        == "restore point shop-1 has no export of volume 'data'")
  }

  /// The same of a volume of which something is excluded: by the point's export, and by the document now.
  private func item(
    _ driver: String, kind: String?, excluded: [JSONValue] = [], now: [JSONValue] = [], export hasExport: Bool = true,
    from: String = "auto", target: String? = nil
  ) throws(StepFailure) -> JSONValue {
    var source: [String: JSONValue] = ["name": "data", "driver": .string(driver), "path": "/srv/data"]
    source["kind"] = kind.map { .string($0) }
    if !excluded.isEmpty { source["exclude"] = .array(excluded) }
    let volume = RestorePoint.Volume(
      name: "data", driver: driver, source: .object(source), snapshot: "hf-1-data", export: hasExport ? export : nil)
    let point = RestorePoint(
      name: "shop-1", application: "shop", createdAt: Snapshot.Moment(seconds: 1, nanoseconds: 0), consistency: .crash,
      volumes: [volume])
    let spec: JSONValue = [
      "volumes": [["name": "other", "exclude": ["x"]], ["name": "data", "exclude": .array(now)]]
    ]
    return try ChoosePointStep.item(
      volume, of: CataloguedPoint(point), from: from, target: target, node: nil, spec: spec)
  }

  @Test("in place, what was excluded and what is excluded now are handed on")
  func excludes() throws {
    let inPlace = try item("btrfs", kind: "folder", excluded: ["a"], now: ["b"])
    #expect(inPlace["fromSnapshot"] == "hf-1-data")
    let volume = try Volume(json: inPlace)
    #expect(volume.excludes == ["a"] && volume.presentExcludes == ["b"])
    #expect(try item("btrfs", kind: "folder", now: ["b"], target: "/look")["presentExclude"] == nil)
    #expect(try Volume(json: item("btrfs", kind: "folder")).keptInPlace() == nil)
    let isKept = try #require(try volume.keptInPlace())
    for (path, expected) in [(["a"], true), (["x", "b", "y"], true), (["x"], false), (["data"], false)] {
      #expect(isKept(path.map { Array($0.utf8) }) == expected, "\(path)")
    }
  }

  @Test("what was excluded from the volume's top on is kept there, whatever the other list takes back")
  func anchored() throws {
    let volume = try Volume(json: item("btrfs", kind: "folder", excluded: ["/a", "!/b"], now: ["/b", "!/a"]))
    let isKept = try #require(try volume.keptInPlace())
    for (path, expected) in [(["a"], true), (["b", "y"], true), (["x", "a"], false), (["data", "a"], false)] {
      #expect(isKept(path.map { Array($0.utf8) }) == expected, "\(path)")
    }
  }

  @Test("a snapshot that only a program could restore over what is excluded gives way to the export, or is refused")
  func wholeSnapshots() throws {
    for (excluded, now) in [([], ["b"]), (["a"], [])] as [([JSONValue], [JSONValue])] {
      for kind in ["folder", nil] {
        #expect(try item("exec", kind: kind, excluded: excluded, now: now)["fromExport"]?.string == export)
      }
      #expect(try item("exec", kind: "device", excluded: excluded, now: now)["fromSnapshot"] == "hf-1-data")
      for (hasExport, from) in [(true, "snapshot"), (false, "auto")] {
        let failure = #expect(throws: StepFailure.self) {
          try item("exec", kind: "folder", excluded: excluded, now: now, export: hasExport, from: from)
        }
        #expect(failure?.kind == .permanent)
        #expect(failure?.message.contains("excludes; restore it") == true)
        #expect(failure?.message.contains("from: export") == hasExport)
      }
      let beside = try item("exec", kind: "folder", excluded: excluded, now: now, from: "snapshot", target: "/look")
      #expect(beside["fromSnapshot"] == "hf-1-data")
    }
    #expect(try item("exec", kind: "folder")["fromSnapshot"] == "hf-1-data")
    // Nobody knows yet what it is: the driver does.
    #expect(try item("exec", kind: nil, now: ["b"], export: false)["fromSnapshot"] == "hf-1-data")
  }

  @Test("in place a volume comes back to where the document has it; what was imported needs to be in it")
  func places() throws {
    let volume = RestorePoint.Volume(
      name: "data", driver: "btrfs", source: ["name": "../up", "driver": "btrfs", "path": "/srv/data"], export: export)
    var found = CataloguedPoint(
      RestorePoint(
        name: "shop-1", application: "shop", profile: "vault", createdAt: Snapshot.Moment(seconds: 1, nanoseconds: 0),
        consistency: .crash, volumes: [volume]))
    func check(_ spec: JSONValue) throws(StepFailure) {
      let item = try ChoosePointStep.item(volume, of: found, from: "auto", target: nil, node: nil)
      #expect(item["name"] == "data")
      try ChoosePointStep.checkPlaces(of: [item], found, spec)
    }
    let named: JSONValue = ["volumes": [["name": "data", "driver": "btrfs", "path": "/srv/data"]]]
    let elsewhere: JSONValue = ["volumes": [["name": "data", "driver": "btrfs", "path": "/srv/other"]]]
    let others: [JSONValue] = [.null, ["volumes": []], ["volumes": [["name": "logs", "path": "/srv/data"]]]]
    for isImported in [false, true] {
      found.isImported = isImported
      try check(named)
      let moved = #expect(throws: StepFailure.self) { try check(elsewhere) }
      #expect(moved?.message.contains("was at another place then (/srv/data)") ?? false)
    }
    found.isImported = false
    for spec in others { try check(spec) }
    found.isImported = true
    for spec in others {
      let refused = #expect(throws: StepFailure.self) { try check(spec) }
      #expect(
        refused?.message
          == "restore point shop-1 was imported, so where its volume 'data' belongs has to stand in the document of application 'shop': add the volume there, or restore it to a folder (target)"
      )
    }
  }

  @Test("in place, what was imported comes to the node that the document says, not to that of its description")
  func importedNode() throws {
    let volume = RestorePoint.Volume(
      name: "data", driver: "btrfs", node: "there", source: ["driver": "btrfs", "path": "/srv/data"], export: export)
    var found = CataloguedPoint(
      RestorePoint(
        name: "shop-1", application: "shop", createdAt: Snapshot.Moment(seconds: 1, nanoseconds: 0),
        consistency: .crash, volumes: [volume]))
    func item(_ node: JSONValue, target: String? = nil) throws(StepFailure) -> JSONValue {
      let spec: JSONValue = ["volumes": [["name": "data", "path": "/srv/data", "node": node]]]
      let item = try ChoosePointStep.item(volume, of: found, from: "auto", target: target, node: nil, spec: spec)
      if target == nil { try ChoosePointStep.checkPlaces(of: [item], found, spec) }
      return item
    }
    #expect(try item(.null)["node"] == "there")
    found.isImported = true
    for (now, expected) in [(.null, ""), ("", ""), ("there", "there")] as [(JSONValue, JSONValue)] {
      #expect(try item(now)["node"] == expected)
    }
    #expect(try item(.null, target: "/look")["node"] == "there")
    for isImported in [false, true] {
      found.isImported = isImported
      let moved = #expect(throws: StepFailure.self) { _ = try item("here") }
      #expect(moved?.message.contains("was at another place then (there:/srv/data)") ?? false)
    }
  }

  @Test("a volume whose name no folder can have comes back in place, and into no folder of that name")
  func oddNames() throws {
    for name in ["../data", "db/main", "..", "a\nb"] {
      let volume = RestorePoint.Volume(
        name: name, driver: "btrfs", source: ["driver": "btrfs", "path": "/srv/data"], export: export)
      let found = CataloguedPoint(
        RestorePoint(
          name: "shop-1", application: "shop", createdAt: Snapshot.Moment(seconds: 1, nanoseconds: 0),
          consistency: .crash, volumes: [volume]))
      func item(target: String?) throws(StepFailure) -> JSONValue {
        try ChoosePointStep.item(volume, of: found, from: "auto", target: target, node: nil)
      }
      #expect(try item(target: nil)["path"] == "/srv/data")
      let refused = #expect(throws: StepFailure.self) { _ = try item(target: "/look") }
      #expect(refused?.kind == .permanent)
      #expect(refused?.message.hasPrefix("restore point shop-1: no folder can be called \"") == true)
    }
  }

  @Test("an export comes to the node that is named, a snapshot never")
  func node() throws {
    for snapshot in [true, false] {
      let item = try item(snapshot: snapshot, export: true, target: "/look", node: "there")
      #expect(item["node"] == "there" && item["fromExport"]?.string == export && item["target"] == "/look/data")
    }
    for (export, from) in [(true, "snapshot"), (false, "auto"), (false, "snapshot")] {
      let message = try refusal(snapshot: true, export: export, from: from, target: "/look", node: "there")
      #expect(message.contains("volume 'data' as a snapshot, which only its own node can read"), "\(message)")
    }
  }
}
