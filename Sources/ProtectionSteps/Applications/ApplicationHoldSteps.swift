import FailPoints
import JSON
import RestorePoints
import StepEngine
import StepKinds
import WorkflowDSL

/// `hold-application`: waits until no other run is at an application, and keeps it from them.
///
/// Two runs that bring one application to rest at once would wake it under each other's snapshots, and a backup during a restore would
/// read half of it. Runs wait in the order in which they asked.
struct HoldApplicationStep: ProtectionStepKind {
  static let signature = StepSignature(
    "hold-application", "Waits until no other run is at an application, and keeps it from them until free-application",
    inputs: [
      .required("application", .text, "the application"),
      .optional(
        "for", .choice(["backup", "dump", "restore"]), default: "backup",
        "what for: dumps, and backups without hooks and freezes, share the application among themselves"),
    ],
    outputs: [OutputField("shared", .boolean, "whether others that share it may be at it, too")])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let application = try arguments.requiredString("application")
    let isShared =
      switch try arguments.choice("for", ["backup", "dump", "restore"]) {
      case "dump": true
      case "restore": false
      default: try await !rests(application)
      }
    let obstacle = try await services.asking { () async throws(StoreError) in
      try await services.points.hold(application: application, isShared: isShared, by: step.held)
    }
    guard let obstacle else {
      failPoint("hold.taken")
      return .succeeded(outputs: ["shared": .bool(isShared)])
    }
    return .wait(
      StepWait(
        // The signal comes when it is freed; a run that was given up frees nothing.
        wakeAfter: .seconds(min(15, 1 << min(step.wakeCount, 4))),
        signal: RestorePointStore.freedSignal(application), reason: obstacle))
  }

  /// Whether a backup brings the application to rest.
  private func rests(_ application: String) async throws -> Bool {
    let spec = try await services.document("application", application)["spec"] ?? .null
    let inventory = Inventory(application: application, spec: spec)
    return inventory.has(.backupPrehook) || inventory.has(.backupPosthook)
      || !inventory.freezes(of: inventory.listed).isEmpty
  }
}

/// `free-application`: lets an application go that the run has, or waits for. The end of the run does the same.
struct FreeApplicationStep: ProtectionStepKind {
  static let signature = StepSignature(
    "free-application", "Lets an application go that hold-application has kept from other runs",
    inputs: [.required("application", .text, "the application")])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let application = try arguments.requiredString("application")
    try await services.asking { () async throws(StoreError) in
      try await services.points.free(application: application, by: step.held)
    }
    failPoint("hold.freed")
    return .succeeded(outputs: nil)
  }
}
