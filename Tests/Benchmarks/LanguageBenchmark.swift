import Foundation
import GoTemplate
import JSON
import StepKinds
import TestSupport
import WorkflowDSL
import YAML

/// What people wait for when they write and check workflows.
struct LanguageBenchmark {
  var rounds = 5
  /// Steps of the workflow that is validated.
  var steps = 5_000

  func run() async throws -> String {
    var table = Table()
    let text = workflow()
    let folder = try scratchDirectory("language")
    let file = folder.appendingPathComponent("large.yaml").path
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let program = programPath

    try await measure("holdfast --help, from start to end", "ms", &table) {
      try await runProgram(program, ["--help"]).orThrow("show the help")
    }
    try await measure("/bin/true, from start to end", "ms", &table) { try await runProgram("/bin/true", []) }
    try await measure("holdfast validate, \(steps) steps", "ms", &table) {
      try await runProgram(program, ["validate", file]).orThrow("validate")
    }
    try await measure("read the YAML of it (\(text.utf8.count >> 10) KiB)", "ms", &table) {
      _ = try YAMLFile(text, name: "large.yaml")
    }
    try await measure("read and check it", "ms", &table) {
      let set = DocumentSet([DocumentFile(text: text, name: "large.yaml")], applied: nil, kinds: builtInCatalog)
      guard set.check().isEmpty else { throw TestSupportError("the large workflow is not valid") }
    }
    try await measure("read, check and plan it", "ms", &table) {
      let set = DocumentSet([DocumentFile(text: text, name: "large.yaml")], applied: nil, kinds: builtInCatalog)
      _ = try set.plan(workflow: "large")
    }
    let data: JSONValue = ["Params": ["database": "orders"]]
    let source = "{{ .Params.database | upper | quote }}"
    try await measure("parse \(source), 1000 times", "ms", &table) {
      for _ in 0..<1000 { _ = try Template(source) }
    }
    let template = try Template(source)
    try await measure("evaluate it, 1000 times", "ms", &table) {
      for _ in 0..<1000 { _ = try template.evaluate(Value(data)) }
    }
    return table.text
  }

  /// The built command, beside this program.
  private var programPath: String {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("holdfast").path
  }

  /// Milliseconds of `body`, after one round that isn't counted.
  private func measure(
    _ name: String, _ unit: String, _ table: inout Table, _ body: () async throws -> Void
  ) async throws {
    try await body()
    var values: [Double] = []
    for _ in 0..<rounds {
      let begin = ContinuousClock.now
      try await body()
      values.append((ContinuousClock.now - begin) / .milliseconds(1))
    }
    table.add(Measurement(name: name, unit: unit, values: values))
  }

  /// A workflow of diamonds with expressions, conditions and outputs: about fifty thousand lines.
  private func workflow() -> String {
    var lines = [
      "apiVersion: holdfast.dev/v1", "kind: Workflow", "metadata: {name: large}", "spec:", "  params:",
      "    database: {type: string, required: true}", "  steps:",
    ]
    for step in 0..<steps {
      let first = step / 4 * 4
      let needs = step == first ? (step == 0 ? [] : [step - 1]) : step == first + 3 ? [step - 2, step - 1] : [first]
      lines += [
        "    step\(step):", "      description: The step of number \(step)", "      uses: exec",
        "      needs: [\(needs.map { "step\($0)" }.joined(separator: ", "))]", "      timeout: 10m",
        "      retry: {attempts: 5, initial: 2s, max: 1m}", "      with:", "        command:", "          - echo",
        "          - \"{{ .Params.database | upper }}\"",
      ]
      if let need = needs.first { lines.append("          - \"{{ .Steps.step\(need).stdout }}\"") }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
