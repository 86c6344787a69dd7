package import Concurrency
import Glibc
import JSON
package import StepEngine

/// A program that a step's arguments describe: `command`, `environment`, `secrets`, `directory`, `stdin`.
package struct ProgramOrder: Sendable {
  /// The program, with its secrets in its environment.
  package var child: ChildProcess
  /// What must not turn up anywhere else.
  package let secrets: SecretTexts

  /// Reads the arguments, and the secrets that they refer to.
  /// - Parameter variables: what the program finds in its environment whatever the arguments say, beside which step this is.
  package init(_ step: StepContext, _ arguments: StepArguments, variables: [String: String] = [:]) async throws {
    secrets = try await SecretTexts.reading(arguments, "secrets")
    let command = try Self.command(arguments)
    let given = Self.environment(step, try arguments.texts("environment") ?? [:])
    child = ChildProcess(
      command[0], Array(command[1...]), environment: given.merging(variables) { $1 }.merging(secrets.values) { $1 },
      directory: try arguments.string("directory"))
    child.input = arguments.value("stdin").map { Array(($0.string ?? $0.text).utf8) } ?? []
  }

  private static func command(_ arguments: StepArguments) throws(StepFailure) -> [String] {
    let expected = "a list of strings: a program and its arguments"
    guard let list = arguments.value("command")?.array else {
      throw arguments.failure("command", mustBe: expected + " (for a shell line: [\"sh\", \"-c\", \"…\"])")
    }
    // Numbers and truth values as their text: `[sleep, 5]` is what people write.
    let words = list.compactMap(scalarText)
    if let index = list.firstIndex(where: { scalarText($0) == nil }) {
      let advice =
        list[index].array == nil
        ? "" : "; a list gives words only as the whole of 'command', such as {{ concat LIST LIST }}"
      throw StepFailure(
        .permanent, "\(arguments.kind): 'with.command[\(index)]' must be a text; it is \(noun(list[index]))\(advice)")
    }
    guard !words.isEmpty else { throw arguments.failure("command", mustBe: expected) }
    return words
  }

  private static func environment(_ step: StepContext, _ given: [String: String]) -> [String: String] {
    var result: [String: String] = [:]
    for key in ["PATH", "HOME", "LANG", "TZ", "TMPDIR"] {
      if let value = getenv(key) { result[key] = String(cString: value) }
    }
    result.merge(given) { _, given in given }
    result["HOLDFAST_RUN"] = step.id.run.description
    result["HOLDFAST_STEP"] = step.name
    result["HOLDFAST_ATTEMPT"] = String(step.attempt)
    return result
  }
}
