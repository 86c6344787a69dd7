import Foundation
import JSON
import StepEngine
import Synchronization
import Testing

/// Collects a step's log.
final class StepLog: Sendable {
  private let stored = Mutex<[String]>([])
  var lines: [String] { stored.withLock { $0 } }
  func add(_ line: String) { stored.withLock { $0.append(line) } }
}

func context(_ with: JSONValue, run: Int64 = 7, attempt: Int = 1, log: StepLog = StepLog()) -> StepContext {
  StepContext(
    id: StepID(run << 20 | 3), name: "quiesce[0].hooks", attempt: attempt, fence: Fence(1), with: with, item: nil,
    params: [:], inputs: [:], signal: nil, log: { log.add($0) })
}

/// The outputs of a step that succeeds.
func outputs(_ kind: any StepKind, _ context: StepContext) async throws -> JSONValue {
  guard case .succeeded(let outputs) = try await kind.run(context) else {
    Issue.record("\(kind.name) did not succeed")
    return .null
  }
  return outputs ?? .null
}

/// The failure of a step that fails.
func failure(_ kind: any StepKind, _ context: StepContext) async throws -> StepFailure {
  try #require(await #expect(throws: StepFailure.self) { _ = try await kind.run(context) })
}
