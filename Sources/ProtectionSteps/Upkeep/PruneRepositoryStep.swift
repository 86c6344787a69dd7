import FailPoints
import JSON
import Maintenance
import ResticRepository
import StepEngine
import StepKinds
import WorkflowDSL

/// `prune-repository`: removes from a profile's repository what no snapshot relies on, and what processes that died left behind.
struct PruneRepositoryStep: ProtectionStepKind {
  static let signature = StepSignature(
    "prune-repository", "Frees what no snapshot in the profile's repository relies on any more",
    inputs: [
      .required("profile", .text, "the profile"),
      .optional(
        "patience", .duration, default: "2h", "how long it waits for a moment in which nobody else uses the repository"),
    ],
    outputs: [
      OutputField("freedBytes", .integer, "bytes by which the repository shrank"),
      OutputField("usedBytes", .integer, "bytes that snapshots rely on"),
      OutputField("unusedBytes", .integer, "bytes of no use that stay, as removing them would cost more than it frees"),
    ])

  let name = signature.kind
  let services: ProtectionServices
  private static let usualPatience = Duration.seconds(2 * 3600)

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let profile = try await services.profile(try arguments.requiredString("profile"), log: step.log)
    let patience = try arguments.duration("patience") ?? Self.usualPatience
    let outcome = try await StepOutcome.usingRepository(of: profile) {
      let result = try await services.sessions.useAlone(profile) { repository, lock in
        failPoint("prune.begun")
        let board = MaintenanceBoard()
        return try await reporting(board.transfers, to: step) {
          try await repository.prune(
            PruneRequest(),
            mayWrite: { () throws(RepositoryError) in try lock.checkHeld() }, verify: lock.verify, progress: board.note)
        }
      }
      failPoint("prune.done")
      return .succeeded(outputs: [
        "freedBytes": .int(Int64(result.bytesFreed)), "usedBytes": .int(Int64(result.usedBytes)),
        "unusedBytes": .int(Int64(result.unusedBytesLeft)),
      ])
    }
    guard case .wait(let wait) = outcome, let pause = wait.wakeAfter, pause * (step.wakeCount + 1) >= patience else {
      return outcome
    }
    throw StepFailure(
      .retryable,
      "profile \(profile.name): in \(secondsText(patience)) there was no moment in which nobody used its repository, which a prune needs: \(wait.reason). Run it when there are fewer exports, or give it more 'patience'"
    )
  }
}

/// `check-repository`: tests whether everything that snapshots rely on is there, and reads a share of the data.
struct CheckRepositoryStep: ProtectionStepKind {
  static let signature = StepSignature(
    "check-repository", "Tests the profile's repository, and reads a share of its data",
    inputs: [
      .required("profile", .text, "the profile"),
      .optional("read", .text, "how much of the data is read: all, 5%, 1/7; without it none"),
    ],
    outputs: [
      OutputField("packs", .integer, "packs of the repository"),
      OutputField("readBytes", .integer, "bytes of packs that were read and are right"),
    ])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let profile = try await services.profile(try arguments.requiredString("profile"), log: step.log)
    let request = CheckRequest(data: try selection(arguments))
    return try await StepOutcome.usingRepository(of: profile) {
      let result = try await services.sessions.use(profile) { repository, _ in
        let board = MaintenanceBoard()
        return try await reporting(board.transfers, to: step) {
          try await repository.check(request, progress: board.note)
        }
      }
      for problem in (result.problems + result.hints).prefix(50) { step.log(problem) }
      if let first = result.problems.first {
        throw StepFailure(
          .permanent,
          "profile \(profile.name): the repository has \(result.problemCount) faults, the first: \(first); the log has more"
        )
      }
      return .succeeded(outputs: ["packs": .int(Int64(result.packs)), "readBytes": .int(Int64(result.bytesRead))])
    }
  }

  private func selection(_ arguments: StepArguments) throws(StepFailure) -> CheckRequest.DataSelection {
    guard let share = try arguments.string("read"), !share.isEmpty else { return .none }
    if share == "all" { return .all }
    guard let subset = CheckRequest.DataSelection(subset: share) else {
      throw arguments.failure("read", mustBe: "all, a percentage such as 5%, a part such as 1/7, or a size such as 10G")
    }
    return subset
  }
}
