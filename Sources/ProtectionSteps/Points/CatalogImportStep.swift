import Cryptography
import JSON
import ObjectStores
import ResticRepository
import RestorePoints
import StepEngine
import StepKinds
import WorkflowDSL

/// `catalog-import`: takes the restore points that a profile's repository describes into the catalogue. Points that are known stay as
/// they are; one whose exports are gone is left out. Nobody retires what is imported before it is adopted.
///
/// Everyone who has the repository's password can have written a description, so what it says of programs and snapshots counts for
/// nothing: sql/functions/imported_point.sql.
struct CatalogImportStep: ProtectionStepKind {
  static let signature = StepSignature(
    "catalog-import", "Takes the restore points that a repository describes into the catalogue",
    inputs: [
      .required("profile", .text, "the profile"),
      .optional(
        "adopt", .boolean, default: false, "whether the rules decide about the profile's imported points from now on"),
    ],
    outputs: [
      OutputField("imported", .integer, "points that are new in the catalogue"),
      OutputField("known", .integer, "points that it had"),
      OutputField("unusable", .integer, "descriptions that are damaged or wrong, or whose exports are gone"),
      OutputField("adopted", .integer, "points that the rules decide about from now on"),
    ])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let profileName = try arguments.requiredString("profile")
    let adopts = arguments.value("adopt")?.bool ?? false
    let profile = try await services.profile(profileName, log: step.log)
    return try await StepOutcome.usingRepository(of: profile) {
      let repository = try await services.sessions.open(profile)
      guard repository.keepsPoints else {
        throw StepFailure(
          .permanent,
          "profile \(profileName): restic's REST server keeps no descriptions of restore points, so none can be imported from there; its exports are restic's snapshots: 'holdfast repo snapshots' lists them, 'holdfast repo restore' brings them back"
        )
      }
      let exports = Set(try await repository.list(.snapshot).map(\.hex))
      var (imported, known, unusable) = (0, 0, 0)
      for name in try await repository.points() {
        try Task.checkCancellation()
        let point: RestorePoint
        do {
          var json = try JSONValue(parsing: String(decoding: try await repository.point(name), as: UTF8.self))
          // The profile may have another name here.
          if case .object(var members) = json {
            members["profile"] = .string(profileName)
            json = .object(members)
          }
          point = try RestorePoint(json: json)
          guard point.name == name else {
            throw StepFailure(.permanent, "restore point \(name): its description is that of another, \(point.name)")
          }
          if let lost = point.volumes.first(where: { $0.export.map { !exports.contains($0) } ?? false }) {
            throw StepFailure(.permanent, "restore point \(name): the export of volume \(lost.name) is gone")
          }
        } catch let error as RepositoryError where error.kind != .corrupt {
          throw error
        } catch {
          step.log("left out: \(error)")
          unusable += 1
          continue
        }
        do {
          let isNew = try await services.asking { () async throws(StepEngine.StoreError) in
            try await services.points.importPoint(point)
          }
          if isNew { imported += 1 } else { known += 1 }
        } catch let refusal as StepFailure where refusal.kind == .permanent {
          step.log("left out: \(refusal)")
          unusable += 1
        }
      }
      var adopted = 0
      if adopts {
        adopted = try await services.asking { () async throws(StepEngine.StoreError) in
          try await services.points.adopt(profile: profileName)
        }
      }
      return .succeeded(outputs: [
        "imported": .int(Int64(imported)), "known": .int(Int64(known)), "unusable": .int(Int64(unusable)),
        "adopted": .int(Int64(adopted)),
      ])
    }
  }
}
