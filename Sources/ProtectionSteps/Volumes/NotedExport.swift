import Cryptography
import FailPoints
import JSON
import StepEngine
import StepKinds

extension ProtectionServices {
  /// Brings a volume's export into a repository, between the ledger's two notes: that it is meant, and that it is there.
  /// - Parameters:
  ///   - moment: when the snapshot was taken that is exported.
  ///   - profile: the name of the repository's profile.
  ///   - store: stores it, or finds what an earlier attempt stored under the volume's tags. It gets what the ledger knows.
  func exporting(
    _ volume: Volume, of moment: String? = nil, to profile: String, _ step: StepContext,
    _ store: (ResourceLedger.Entry) async throws -> Export
  ) async throws -> Export {
    var detail: [String: JSONValue] = [
      "profile": .string(profile), "tags": .array(volume.exportTags(step.id.run).map { .string($0) }),
    ]
    detail["at"] = moment.map { .string($0) }
    let entry = try await intend(
      ResourceKind.export, volume.snapshotName(step.id.run), driver: "restic", detail: .object(detail), step)
    failPoint("export.intended")
    let export = try await store(entry)
    failPoint("export.stored")
    detail["export"] = .string(export.id.hex)
    // What a restore point has stays handed over to it.
    let isHandedOver = entry.isKept && entry.detail?["export"] == detail["export"]
    let noted = isHandedOver ? nil : JSONValue.object(detail)
    try await asking { () async throws(StoreError) in try await ledger.made(entry, by: step.held, detail: noted) }
    failPoint("export.noted")
    return export
  }
}
