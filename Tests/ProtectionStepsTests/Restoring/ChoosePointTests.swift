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
