import JSON
package import StepEngine
import StepKinds
import VolumeDrivers
import WorkflowDSL

/// `release`: removes the run's clone of a volume, its snapshot, or both. What is gone already is released.
struct ReleaseStep: ProtectionStepKind {
  static let signature = StepSignature(
    "release", "Removes what this run made of a volume: its clone, its snapshot or both",
    inputs: [
      Volume.input,
      .optional("what", .choice(["clone", "snapshot", "both"]), default: "clone", "what is removed"),
      .optional(
        "snapshot", .map(keys: .any, values: .anything),
        "what 'snapshot' put out: a snapshot that may not stay goes, whatever 'what' says"),
    ], resources: [ResourceKind.clone, ResourceKind.snapshot])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let volume = try Volume(arguments)
    let what = try arguments.choice("what", ["clone", "snapshot", "both"]) ?? "clone"
    if what != "snapshot" {
      try await services.release(ResourceKind.clone, volume.cloneName(step.id.run), of: volume, step)
    }
    if what != "clone" || !(arguments.value("snapshot")?["keeps"]?.bool ?? true) {
      try await services.release(ResourceKind.snapshot, volume.snapshotName(step.id.run), of: volume, step)
    }
    return .succeeded(outputs: nil)
  }
}

/// Removes a snapshot or clone by its driver.
func remove(_ kind: String, _ name: String, of volume: Volume) async throws {
  try await driving(volume) { driver throws(DriverError) in
    if kind == ResourceKind.clone {
      try await driver.releaseClone(volume.source, named: name)
    } else {
      try await driver.releaseSnapshot(volume.source, named: name)
    }
  }
}

/// Releases snapshots and clones that a run left behind; the janitor calls it.
package struct VolumeReleaser: ResourceReleaser {
  /// `snapshot` or `clone`.
  package let kind: String

  /// For objects of one kind.
  package init(kind: String) { self.kind = kind }

  /// Makes sure that the object is gone.
  package func release(_ entry: ResourceLedger.Entry) async throws {
    guard let json = entry.detail?["volume"] else {
      throw StepFailure(.permanent, "the ledger does not say of which volume the \(entry.kind) \(entry.name) is")
    }
    try await remove(kind, entry.name, of: try Volume(json: json))
  }
}
