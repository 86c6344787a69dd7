import FailPoints
import JSON
import RestorePoints
package import StepEngine
import StepKinds
import VolumeDrivers
import WorkflowDSL

extension ProtectionServices {
  /// The folder for a restore that is only a test: written into the ledger, so that it is removed in any case.
  /// - Parameter folder: where it is made, an absolute path.
  func scratch(in folder: String, for volume: Volume, _ step: StepContext) async throws -> String {
    guard folder.hasPrefix("/"), folder != "/" else {
      throw StepFailure(.permanent, "a scratch folder has to be an absolute path, and not '\(folder)'")
    }
    guard RestorePoint.Volume.isFolderName(volume.source.name) else {
      throw StepFailure(.permanent, "\(volume.title): no folder can have its name, so it can't be restored on trial")
    }
    let name = volume.snapshotName(step.id.run)
    let path = "\(folder)/\(name)"
    var detail: [String: JSONValue] = ["path": .string(path)]
    if let node { detail["node"] = .string(node) }
    let entry = try await intend(ResourceKind.scratch, name, driver: "", detail: .object(detail), step)
    try await asking { () async throws(StoreError) in try await ledger.made(entry, by: step.held) }
    return path
  }
}

/// `remove-scratch`: removes the folder that `restore-volume` made for a volume with `scratch`.
struct RemoveScratchStep: ProtectionStepKind {
  static let signature = StepSignature(
    "remove-scratch", "Removes the folder that a volume was restored to for a test",
    inputs: [
      .required("volume", .map(keys: .any, values: .anything), "the volume, as choose-point puts it out"),
      .required("scratch", .text, "the folder in which it was made"),
    ], resources: [ResourceKind.scratch])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let volume = try Volume(arguments)
    let path = "\(try arguments.requiredString("scratch"))/\(volume.snapshotName(step.id.run))"
    let entry = try await services.intend(
      ResourceKind.scratch, volume.snapshotName(step.id.run), driver: "", detail: ["path": .string(path)], step)
    // A volume without a node may have come back on any.
    if let owner = entry.detail?["node"]?.string, owner != services.node {
      step.log("\(path) is on node \(owner), whose janitor removes it")
      return .succeeded(outputs: nil)
    }
    try await removeScratch(path)
    try await services.asking { () async throws(StoreError) in try await services.ledger.released(entry) }
    return .succeeded(outputs: nil)
  }
}

/// Removes a folder that tests were restored to.
private func removeScratch(_ path: String) async throws {
  // Whatever a ledger says: only what has a name of ours is ever removed.
  guard path.hasPrefix("/"), path.split(separator: "/").last?.hasPrefix("hf-") ?? false else {
    throw StepFailure(.permanent, "'\(path)' is no scratch folder of ours; it is left alone")
  }
  do throws(DriverError) { try await removeFolder(path) } catch { throw StepFailure(.retryable, error.message) }
}

/// Removes scratch folders that a run left behind; the janitor calls it.
package struct ScratchReleaser: ResourceReleaser {
  /// `scratch`
  package let kind = ResourceKind.scratch

  /// There is nothing to say about it.
  package init() {}

  /// Makes sure that the folder is gone.
  package func release(_ entry: ResourceLedger.Entry) async throws {
    guard let path = entry.detail?["path"]?.string else {
      throw StepFailure(.permanent, "the ledger does not say where the scratch folder \(entry.name) is")
    }
    try await removeScratch(path)
  }
}
