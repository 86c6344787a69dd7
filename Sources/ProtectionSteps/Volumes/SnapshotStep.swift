import FailPoints
import JSON
import ResticFormat
import StepEngine
import StepKinds
import VolumeDrivers
import WorkflowDSL

/// `snapshot`: makes the snapshot of a volume for this run, or finds the one that an earlier attempt made.
struct SnapshotStep: ProtectionStepKind {
  static let signature = StepSignature(
    "snapshot", "Takes the snapshot of a volume",
    inputs: [Volume.input],
    outputs: [
      OutputField("volume", .string, "the volume's name"),
      OutputField("snapshot", .string, "the snapshot's name"),
      OutputField("driver", .string, "the driver that made it"),
      OutputField("crashConsistent", .boolean, "whether it is the volume at one instant"),
      OutputField("keeps", .boolean, "whether it may stay after the run; else it is gone with it"),
      OutputField("at", .string, "when it was taken, RFC 3339; null if that was before anybody noted it"),
    ], resources: [ResourceKind.snapshot])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let volume = try Volume(try StepArguments(step.with, of: Self.signature))
    let name = volume.snapshotName(step.id.run)
    let capabilities = try await driving(volume) { driver throws(DriverError) in
      try await driver.capabilities(of: volume.source)
    }
    for warning in capabilities.warnings { step.log(warning) }
    if volume.isStrict, !volume.isQuiesced, !capabilities.isCrashConsistent {
      throw StepFailure(
        .permanent,
        "\(volume.title): its policy is strict, and a snapshot by driver '\(volume.source.driver)' is not of one instant; add a backupPrehook that brings the application to rest"
      )
    }
    // The built-in drivers depend on where things lie, which is checked where an application is applied.
    if volume.isFrozen, volume.source.driver == "exec", !capabilities.worksWhileFrozen {
      throw StepFailure(
        .permanent,
        "\(volume.title): the program of its driver says that it makes no snapshots of a frozen filesystem; take the 'freeze' out of the application"
      )
    }
    let entry = try await services.intend(
      ResourceKind.snapshot, name, driver: volume.source.driver,
      detail: volume.detail.with("at", .string(Snapshot.Moment.now.rfc3339)), step)
    failPoint("snapshot.intended")
    if entry.isStale { try await remove(ResourceKind.snapshot, name, of: volume) }
    let isNew = !entry.isKnown || entry.isStale
    let now = Snapshot.Moment.now
    let object = try await driving(volume) { driver throws(DriverError) in
      try await driver.snapshot(volume.source, named: name)
    }
    failPoint("snapshot.taken")
    let at = isNew ? now.rfc3339 : Self.moment(of: object, entry)
    // One that was noted before is as it was, and may be a restore point's by now.
    let detail = entry.exists ? nil : volume.detail.with("at", at.map { .string($0) } ?? .null)
    try await services.asking { () async throws(StoreError) in
      try await services.ledger.made(entry, by: step.held, detail: detail)
    }
    failPoint("snapshot.noted")
    return .succeeded(outputs: [
      "volume": .string(volume.source.name), "snapshot": .string(name), "driver": .string(volume.source.driver),
      "crashConsistent": .bool(capabilities.isCrashConsistent), "keeps": .bool(capabilities.keepsSnapshots),
      "at": at.map { .string($0) } ?? .null,
    ])
  }

  /// When an earlier attempt took it: not before the intent, and, as that may be a still earlier attempt's, not before the second that
  /// its driver tells. That alone could be before the last point of the same second. Never later than now, whatever clocks say: the
  /// point would outlive all that come after it.
  static func moment(of object: DriverObject, _ entry: ResourceLedger.Entry) -> String? {
    let noted = entry.detail?["at"]?.string
    if entry.exists, let noted { return noted }
    let told = object.createdAt.map { Snapshot.Moment(seconds: Int64($0), nanoseconds: 0) }
    let bounds = [noted.flatMap { Snapshot.Moment(rfc3339: $0) }, told].compactMap { $0 }
    return bounds.max().map { min($0, .now).rfc3339 }
  }
}

/// `wait-ready`: waits, without a slot, until the run's snapshot of a volume can be read.
struct WaitReadyStep: StepKind {
  static let signature = StepSignature(
    "wait-ready", "Waits until the snapshot of a volume can be read",
    inputs: [Volume.input],
    outputs: [OutputField("bytes", .any, "the snapshot's size, where the driver knows it")])

  let name = signature.kind

  func run(_ step: StepContext) async throws -> StepOutcome {
    let volume = try Volume(try StepArguments(step.with, of: Self.signature))
    let name = volume.snapshotName(step.id.run)
    let readiness = try await driving(volume) { driver throws(DriverError) in
      try await driver.readiness(volume.source, snapshot: name)
    }
    switch readiness {
    case .ready(let bytes): return .succeeded(outputs: ["bytes": bytes.map { .int(Int64($0)) } ?? .null])
    case .notReady(let reason, let pause): return .wait(StepWait(wakeAfter: pause, reason: reason))
    case .missing:
      throw StepFailure(.permanent, "\(volume.title): its snapshot \(name) is gone; was it removed by hand?")
    }
  }
}
