import Concurrency
import JSON
import StepEngine
import StepKinds
import WorkflowDSL

/// One hook of an application's document, ready to run.
struct Hook: Sendable {
  /// What it is called in messages.
  let title: String
  /// Whether the step goes on when it fails.
  let mayFail: Bool
  private let timeout: Duration
  private let exec: JSONValue

  private static let defaultTimeout: Duration = .seconds(300)

  /// What a hook says of itself.
  private static let signature = StepSignature(
    "hook", "One hook",
    inputs: [
      .optional("name", .text, "what it is called in logs"), .required("exec", .anything, "the program"),
      .optional("node", .text, "where it runs"), .optional("timeout", .duration, "how long it may take"),
      .optional("onError", .choice(["fail", "continue"]), "what follows if it fails"),
    ])

  /// - Parameter number: its place in the list, from 0.
  init(_ json: JSONValue, number: Int) throws(StepFailure) {
    var signature = Self.signature
    signature.kind = "hook \(number + 1)"
    let arguments = try StepArguments(json, of: signature)
    let name = try arguments.string("name")
    title = name.map { "hook '\($0)'" } ?? signature.kind
    mayFail = try arguments.choice("onError", ["fail", "continue"]) == "continue"
    timeout = try arguments.duration("timeout") ?? Self.defaultTimeout
    guard let exec = arguments.value("exec"), exec.object != nil else {
      throw arguments.failure("exec", mustBe: "a map with the program: {command: [PROGRAM, ARGUMENT]}")
    }
    self.exec = exec
    name_ = name ?? signature.kind
  }

  /// Its name for outputs.
  var name: String { name_ }
  private let name_: String

  /// Its program.
  func program(_ step: StepContext, variables: [String: String]) async throws -> ProgramOrder {
    var signature = StepSignature(
      title, "A hook's program",
      inputs: ["command", "environment", "secrets", "directory", "stdin"].map { .optional($0, .anything, "") })
    signature.kind = title
    var program = try await ProgramOrder(step, try StepArguments(exec, of: signature), variables: variables)
    program.child.timeLimit = timeout
    return program
  }

  /// What became of its program; nil if all is well.
  func failure(_ outcome: ChildProcess.Outcome, _ program: ProgramOrder) throws -> StepFailure? {
    try program.failure(of: outcome, title)
  }
}
