import FailPoints
import Freezing
import JSON
import StepEngine
import StepKinds
import WorkflowDSL

/// `freeze`: stops all writers of a filesystem until `thaw`, for the moment of a snapshot.
///
/// A guard on this machine thaws at the deadline, and when this worker's process dies. Another step of the same run that freezes the same
/// filesystem finds it frozen, and the first thaw ends it for both.
struct FreezeStep: StepKind {
  static let signature = StepSignature(
    "freeze", "Stops all writers of a filesystem until thaw, or a deadline",
    inputs: [
      .required("path", .text, "where it is mounted, or any path on it"),
      .optional("deadline", .duration, default: "20s", "when it is thawed at the latest, whatever happens: up to 10m"),
      .optional("protect", .list(of: .text), "paths whose filesystems are not to be frozen, beside Holdfast's own"),
    ],
    outputs: [
      OutputField("path", .string, "the path"), OutputField("filesystem", .string, "its type"),
      OutputField("device", .string, "its device"),
    ])

  let name = signature.kind
  let freezer: Freezer
  /// What must go on being written, as it is now.
  let protected: @Sendable () async throws -> [ProtectedPath]

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let path = try arguments.requiredString("path")
    let deadline = try arguments.duration("deadline") ?? .seconds(20)
    var freezer = freezer
    freezer.protected += try await protected()
    for value in arguments.value("protect")?.array ?? [] {
      guard let path = value.string, path.hasPrefix("/") else {
        throw arguments.failure("protect", mustBe: "a list of absolute paths")
      }
      freezer.protected.append(ProtectedPath(path, "what 'protect' names"))
    }
    let state: FrozenState
    let token: String
    do throws(FreezeError) {
      token = freezeToken(step.id.run, try await freezer.device(of: path))
      failPoint("freeze.begun")
      state = try await freezer.freeze(path, deadline: deadline, token: token)
    } catch  where error.kind == .held {
      // Another run's, which ends soon. Two policies may be at the same volume.
      return .wait(StepWait(wakeAfter: .seconds(1), reason: error.description))
    } catch {
      try Task.checkCancellation()
      throw StepFailure(error)
    }
    if Task.isCancelled {
      _ = try? await freezer.thaw(token)
      throw CancellationError()
    }
    failPoint("freeze.frozen")
    step.log("\(path) (\(state.filesystem)) is frozen, for at most \(secondsText(state.deadline))")
    return .succeeded(outputs: [
      "path": .string(path), "filesystem": .string(state.filesystem), "device": .string(state.device),
    ])
  }
}

/// `thaw`: lets the writers of a filesystem go on that this run has frozen. Success, too, if it is thawed already.
struct ThawStep: StepKind {
  static let signature = StepSignature(
    "thaw", "Lets the writers of a frozen filesystem go on",
    inputs: [.required("path", .text, "the path that was given to freeze")],
    outputs: [
      OutputField("path", .string, "the path"),
      OutputField("frozenMilliseconds", .integer, "how long writers were stopped"),
      OutputField(
        "endedBy", .string,
        "what thawed it: worker, deadline, guard, worker-died, other (by hand), or none if it was not frozen"),
      OutputField("intact", .boolean, "whether it was frozen all along until this step"),
    ])

  let name = signature.kind
  let freezer: Freezer
  /// Writes down how long it was.
  let note: @Sendable (_ step: StepContext, _ path: String, ThawOutcome) async throws -> Void

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let path = try arguments.requiredString("path")
    let outcome: ThawOutcome?
    failPoint("thaw.begun")
    do throws(FreezeError) {
      outcome = try await freezer.thaw(freezeToken(step.id.run, try await freezer.device(of: path)))
    } catch  where error.kind == .missing {
      // What is not there is not frozen: an unmount thaws.
      outcome = nil
    } catch {
      throw StepFailure(error)
    }
    failPoint("thaw.thawed")
    let milliseconds = Int64(((outcome?.frozenFor ?? .zero) / .milliseconds(1)).rounded())
    if let outcome {
      step.log("\(path) was frozen for \(milliseconds) ms")
      if !outcome.isIntact { step.log("it was thawed too early (\(outcome.endedBy.rawValue)): snapshots may be torn") }
      do { try await note(step, path, outcome) } catch {
        // It is thawed, and whoever waits for that must not wait for a number.
        step.log("how long that was could not be noted: \(error)")
      }
    } else {
      step.log("\(path) was not frozen by this run")
    }
    return .succeeded(outputs: [
      "path": .string(path), "frozenMilliseconds": .int(milliseconds),
      "endedBy": .string(outcome?.endedBy.rawValue ?? "none"), "intact": .bool(outcome?.isIntact ?? false),
    ])
  }
}

/// The same for all attempts of the run's steps, and for all paths on a filesystem.
private func freezeToken(_ run: RunID, _ device: String) -> String {
  "run-\(run)-\(device.replacing(":", with: "-"))"
}

extension StepFailure {
  /// What a freeze's error means for a step.
  fileprivate init(_ error: FreezeError) {
    self.init(error.isRetryable ? .retryable : .permanent, error.description)
  }
}
