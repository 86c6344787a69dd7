import HTTPTestServer
import JSON
import StepEngine
import StepKinds
import Synchronization
import Testing

let server = Result { try HTTPTestServer() }

/// Collects a step's log.
final class StepLog: Sendable {
  private let stored = Mutex<[String]>([])
  var lines: [String] { stored.withLock { $0 } }
  func add(_ line: String) { stored.withLock { $0.append(line) } }
}

func context(
  _ with: JSONValue, attempt: Int = 1, wakeCount: Int = 0, signal: JSONValue? = nil, log: StepLog = StepLog()
) -> StepContext {
  StepContext(
    id: StepID(7 << 20 | 3), name: "volumes[3].dump", attempt: attempt, wakeCount: wakeCount, fence: Fence(1),
    with: with,
    item: nil, params: [:], inputs: [:], signal: signal, log: { log.add($0) })
}

func run(_ kind: String, _ context: StepContext) async throws -> StepOutcome {
  try await #require(builtInStepKinds.first { $0.name == kind }).run(context)
}

/// The outputs of a step that succeeds.
func outputs(_ kind: String, _ context: StepContext) async throws -> JSONValue {
  guard case .succeeded(let outputs) = try await run(kind, context) else {
    Issue.record("\(kind) did not succeed")
    return .null
  }
  return outputs ?? .null
}

/// The failure of a step that fails.
func failure(_ kind: String, _ context: StepContext) async throws -> StepFailure {
  try #require(
    await #expect(throws: StepFailure.self) { _ = try await run(kind, context) })
}
