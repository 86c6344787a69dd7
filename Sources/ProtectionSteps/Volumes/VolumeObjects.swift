import FailPoints
import StepEngine
import VolumeDrivers

/// Clones and snapshots of volumes, as steps make and release them by way of the ledger.
extension ProtectionServices {
  /// Writes into the ledger that the step is about to make, or to release, an object of a volume.
  func intend(
    _ kind: String, _ name: String, of volume: Volume, _ step: StepContext
  ) async throws -> ResourceLedger.Entry {
    try await intend(kind, name, driver: volume.source.driver, detail: volume.detail, step)
  }

  /// Makes the clone of this entry, or finds the one that an earlier attempt made.
  func makeClone(
    _ entry: ResourceLedger.Entry, of snapshot: String, _ volume: Volume, writable: Bool, _ step: StepContext
  ) async throws -> DriverClone.Place {
    failPoint("clone.intended")
    if entry.isStale { try await remove(ResourceKind.clone, entry.name, of: volume) }
    let clone = try await driving(volume) { driver throws(DriverError) in
      try await driver.clone(volume.source, snapshot: snapshot, named: entry.name, writable: writable)
    }
    failPoint("clone.made")
    try await asking { () async throws(StoreError) in try await ledger.made(entry, by: step.held) }
    failPoint("clone.noted")
    return clone.place
  }

  /// Makes a folder that does not exist yet a volume of the driver's own sort, if it has one, so that it can be used as such at once.
  func makeEmptyVolume(at path: String, like volume: Volume) async throws {
    // A program has none of its own; and that of a volume which was imported is not known.
    guard ![Dump.driver, "exec"].contains(volume.source.driver) else { return }
    try await driving(volume) { driver throws(DriverError) in try await driver.makeEmptyVolume(at: path) }
  }

  /// Removes an object of a volume. What is gone already is released; what a restore point keeps, stays.
  func release(_ kind: String, _ name: String, of volume: Volume, _ step: StepContext) async throws {
    // Also for what no attempt got round to make: the ledger then has an entry that was released.
    let entry = try await intend(kind, name, of: volume, step)
    if entry.isKept {
      step.log("the \(kind) \(name) belongs to a restore point, and stays")
      return
    }
    failPoint("release.begun")
    try await remove(kind, name, of: volume)
    failPoint("release.done")
    try await asking { () async throws(StoreError) in try await ledger.released(entry) }
  }

  /// Runs `body` with a clone of a snapshot that nobody writes to, and releases it after that: also if `body` fails or is cancelled.
  /// If that isn't possible, or the process dies, a janitor on the volume's node does it.
  func withClone<Outcome: Sendable>(
    of snapshot: String, _ volume: Volume, _ step: StepContext,
    _ body: (DriverClone.Place) async throws -> Outcome
  ) async throws -> Outcome {
    let entry = try await intend(ResourceKind.clone, volume.cloneName(step.id.run), of: volume, step)
    let outcome: Result<Outcome, any Error>
    do {
      outcome = .success(try await body(makeClone(entry, of: snapshot, volume, writable: false, step)))
    } catch {
      outcome = .failure(error)
    }
    // In a task of its own, which nobody cancels. Another attempt that holds the step by now keeps the clone: it may read from it.
    await Task {
      do { try await release(ResourceKind.clone, entry.name, of: volume, step) } catch {
        step.log("\(volume.title): its clone \(entry.name) is left to the janitor of its node: \(error)")
      }
    }.value
    return try outcome.get()
  }
}
