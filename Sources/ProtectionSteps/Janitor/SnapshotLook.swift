import JSON
import Log
import RestorePoints
import StepEngine
import VolumeDrivers
import WorkflowDSL

/// Looks what drivers have on this node's volumes. Reports the snapshots and clones that the ledger does not know: of another
/// installation, or of a database that was lost; they are never touched. And the snapshots of restore points that are not there.
struct SnapshotLook: JanitorChore {
  let services: ProtectionServices
  let purpose = "look which snapshots there are"
  let pause = Duration.seconds(300)

  func run(node: String?, logger: Logger) async throws {
    guard let node = node ?? services.node else { return }
    let start = ContinuousClock.now
    var looks: [JSONValue] = []
    var problems: [String] = []
    for document in try await services.client.documents(kind: "application") {
      let application = document["metadata"]?["name"]?.string ?? ""
      for item in Inventory(application: application, spec: document["spec"] ?? .null).listed {
        let place = VolumeNodes.named(in: item) ?? ""
        guard place.isEmpty || place == node else { continue }
        try Task.checkCancellation()
        var look: [String: JSONValue] = [
          "application": .string(application), "volume": item["name"] ?? .null, "driver": item["driver"] ?? .null,
        ]
        do throws(DriverError) {
          let source = try VolumeSource(json: item.with("application", .string(application)))
          look["source"] = source.json
          look["objects"] = try await objects(at: source)
        } catch {
          // A volume that is nowhere in particular need not be here.
          if error.kind != .missing { problems.append(error.message) }
        }
        looks.append(.object(look))
      }
    }
    let missing = try await services.points.reportMissing(.array(looks), on: node, lookedFor: .now - start)
    if missing > 0 {
      logger.warning(
        "snapshots of restore points are not there any more; 'holdfast events' names them, exports are used in their place",
        ["new": "\(missing)"])
    }
    let unknown = try await services.ledger.reportUnknown(.array(looks), on: node, lookedFor: .now - start)
    if unknown > 0 {
      logger.warning(
        "there are snapshots or clones that the ledger does not know; they are left alone, 'holdfast ledger --unknown' shows them",
        ["new": "\(unknown)"])
    }
    if !problems.isEmpty { throw StepFailure(.retryable, problems.joined(separator: "; ")) }
  }

  private func objects(at source: VolumeSource) async throws(DriverError) -> JSONValue {
    let owned = try await Drivers.driver(named: source.driver, program: source.program).owned(source)
    return .array(
      owned.map { object in
        [
          "kind": .string(object.kind.rawValue), "name": .string(object.name),
          "bytes": object.bytes.map { .int(Int64($0)) } ?? .null,
          "createdAt": object.createdAt.map { .int(Int64($0)) } ?? .null,
        ]
      })
  }
}
