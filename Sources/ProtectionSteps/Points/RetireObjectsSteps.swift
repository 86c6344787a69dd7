import Cryptography
import FailPoints
import JSON
import ObjectStores
import ResticFormat
import ResticRepository
import RestorePoints
package import StepEngine
import StepKinds
import VolumeDrivers
import WorkflowDSL

/// `retire-snapshots`: removes the snapshots of retired points on this node.
struct RetireSnapshotsStep: ProtectionStepKind {
  static let signature = StepSignature(
    "retire-snapshots", "Removes snapshots of restore points that are not kept, on their node",
    inputs: [.required("snapshots", .list(of: .anything), "what 'retire' puts out for this node")],
    resources: [ResourceKind.snapshot])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    for entry in arguments.value("snapshots")?.array ?? [] {
      guard let point = entry["point"]?.string, let volumeName = entry["volume"]?.string,
        let snapshot = entry["snapshot"]?.string
      else { throw arguments.failure("snapshots", mustBe: "what 'retire' puts out") }
      let volume = try Volume(json: entry["source"] ?? .null)
      failPoint("retire.begun")
      try await remove(ResourceKind.snapshot, snapshot, of: volume)
      failPoint("retire.removed")
      _ = try await services.asking { () async throws(StepEngine.StoreError) in
        try await services.points.snapshotRetired(point: point, volume: volumeName)
      }
      step.log("removed snapshot \(snapshot) of \(volume.title)")
    }
    return .succeeded(outputs: nil)
  }
}

/// `retire-exports`: removes the exports of retired points from a profile's repository. Their data go with the next prune.
struct RetireExportsStep: ProtectionStepKind {
  static let signature = StepSignature(
    "retire-exports", "Removes exports of restore points that are not kept from their repository",
    inputs: [
      .required("profile", .text, "the profile"),
      .required("exports", .list(of: .anything), "what 'retire' puts out for this profile"),
    ], resources: [ResourceKind.export, ResourceKind.description])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let profile = try await services.profile(try arguments.requiredString("profile"), log: step.log)
    let entries = arguments.value("exports")?.array ?? []
    return try await StepOutcome.usingRepository(of: profile) {
      try await services.sessions.use(profile) { repository, lock in
        let stored = try await repository.snapshots()
        for entry in entries {
          guard let point = entry["point"]?.string, let volume = entry["volume"]?.string,
            let export = entry["export"]?.string.flatMap({ FileID($0) })
          else { throw arguments.failure("exports", mustBe: "what 'retire' puts out") }
          try lock.checkHeld()
          // First the description: without it the snapshots are no point that somebody could import.
          if entry["isWhole"]?.bool ?? false { try await repository.removePoint(point) }
          failPoint("retire.begun")
          let isShared = entry["isShared"]?.bool ?? false
          if !isShared {
            try await removeTwins(of: export, among: stored, in: repository)
            try await repository.remove(.snapshot, export)
          }
          failPoint("retire.removed")
          _ = try await services.asking { () async throws(StepEngine.StoreError) in
            try await services.points.exportRetired(point: point, volume: volume)
          }
          step.log(
            isShared
              ? "left export \(export.hex.prefix(8)) of volume \(volume) to another point than \(point)"
              : "removed export \(export.hex.prefix(8)) of volume \(volume), point \(point)")
        }
      }
      return .succeeded(outputs: nil)
    }
  }

  /// Removes what an attempt stored that was taken for dead while it slept: the same volume in the same run once more, of which
  /// nobody was told.
  private func removeTwins(
    of export: FileID, among stored: [StoredSnapshot], in repository: Repository
  ) async throws {
    guard let tags = stored.first(where: { $0.id == export })?.snapshot.tags,
      tags.contains(where: { $0.hasPrefix("mark=") })
    else { return }
    for twin in stored where twin.id != export && Set(twin.snapshot.tags) == Set(tags) {
      guard try await services.owner(ofExport: twin.id.hex, tags: tags) == nil else { continue }
      try await repository.remove(.snapshot, twin.id)
    }
  }
}

/// Removes exports that a run left behind without a restore point; the janitor calls it.
package struct ExportReleaser: ResourceReleaser {
  /// `export`
  package let kind = ResourceKind.export
  private let services: ProtectionServices

  /// With the repositories of these services.
  package init(_ services: ProtectionServices) { self.services = services }

  /// Makes sure that the repository has no snapshot of it.
  package func release(_ entry: ResourceLedger.Entry) async throws {
    let tags = (entry.detail?["tags"]?.array ?? []).compactMap(\.string)
    guard let profileName = entry.detail?["profile"]?.string, tags.count > 1 else {
      throw StepFailure(.permanent, "the ledger does not say in which repository the export \(entry.name) is")
    }
    // Whatever the ledger says: what a restore point relies on is never removed here.
    if let export = entry.detail?["export"]?.string, let owner = try await services.owner(ofExport: export, tags: tags)
    {
      throw StepFailure(.permanent, "the export \(entry.name) belongs to restore point \(owner.point.name)")
    }
    let profile = try await services.profile(profileName)
    failPoint("sweep.begun")
    try await services.sessions.use(profile) { repository, lock in
      try await services.removeExports(tagged: tags, from: repository, lock)
    }
  }
}

extension ProtectionServices {
  /// Removes the exports that have all of these tags, but for `kept`, and what a restore point relies on.
  func removeExports(
    tagged tags: [String], but kept: FileID? = nil, from repository: Repository, _ lock: RepositoryLock
  ) async throws {
    let wanted = Set(tags)
    for stored in try await repository.snapshots() where stored.id != kept && wanted.isSubset(of: stored.snapshot.tags)
    {
      guard try await owner(ofExport: stored.id.hex, tags: tags) == nil else { continue }
      try lock.checkHeld()
      try await repository.remove(.snapshot, stored.id)
    }
  }

  /// The restore point that relies on an export with these tags.
  fileprivate func owner(ofExport export: String, tags: [String]) async throws -> CataloguedPoint? {
    let prefix = "application="
    guard let tag = tags.first(where: { $0.hasPrefix(prefix) }) else { return nil }
    return try await points.points(application: String(tag.dropFirst(prefix.count)))
      .first { $0.point.volumes.contains { $0.export == export } }
  }
}
