import JSON
import StepEngine
import Testing

/// Steps as workflow files make them: their arguments hold expressions.
@Suite("Expressions in steps")
struct TemplatedStepTests {
  /// A step of a workflow file.
  private func templated(
    _ with: JSONValue, template: JSONValue = [:], params: JSONValue = [:], inputs: [String: JSONValue] = [:],
    item: JSONValue? = nil, run: JSONValue = [:], wakeCount: Int = 0, log: StepLog = StepLog()
  ) -> StepContext {
    StepContext(
      id: StepID(7 << 20 | 3), name: "volumes[3].dump", attempt: 2, wakeCount: wakeCount, fence: Fence(1), with: with,
      template: template, item: item, params: params, inputs: inputs, run: run, signal: nil, log: { log.add($0) })
  }

  private func outputs(of expression: String, _ context: (JSONValue) -> StepContext) async throws -> JSONValue? {
    try await StepKindsTests.outputs("noop", context(["outputs": ["value": .string(expression)]]))["value"]
  }

  @Test("see parameters, outputs, items, the run and the step; a value keeps its type")
  func data() async throws {
    let inputs: [String: JSONValue] = ["a": ["list": [1, 2]], "g.snapshot": [["id": "x"], ["id": "y"]]]
    let run: JSONValue = ["id": 7, "submittedAt": "2026-03-29T01:30:00.5+02:00"]
    let cases: [(String, JSONValue)] = [
      ("{{ .Params.n }}", 3), ("{{ add .Params.n 1 }}", 4), ("n is {{ .Params.n }}", "n is 3"),
      ("{{ .Steps.a.list }}", [1, 2]), ("{{ (index .Steps.g.snapshot 1).id }}", "y"), ("{{ .volume.path }}", "/srv"),
      ("{{ .Run.id }}", 7), ("{{ .Step.attempt }}", 2), ("{{ eq .Params.n 3 }}", true),
      (#"{{ .Run.submittedAt | date "2006-01-02 15:04" }}"#, "2026-03-28 23:30"), ("no expression", "no expression"),
    ]
    for (expression, expected) in cases {
      let found = try await outputs(of: expression) {
        templated($0, params: ["n": 3], inputs: inputs, item: ["volume": ["path": "/srv"]], run: run)
      }
      #expect(found == expected, "\(expression)")
    }
  }

  @Test("what isn't there fails the step for good, and the message names the place")
  func missing() async throws {
    let error = try await failure(
      "exec", templated(["command": ["echo", "{{ .Steps.a.nothing }}"]], inputs: ["a": ["some": 1]]))
    #expect(error.kind == .permanent)
    #expect(
      error.message.hasPrefix("the expression in 'with.command[1]' can't be evaluated: '.Steps.a.nothing' is missing"))
  }

  @Test("null is a value by itself, and an error within a text")
  func null() async throws {
    let params: JSONValue = ["none": nil]
    #expect(try await outputs(of: "{{ .Params.none }}") { templated($0, params: params) } == .null)
    let error = try await failure(
      "exec", templated(["command": ["echo", "it is {{ .Params.none }}"]], params: params))
    #expect(
      error.kind == .permanent && error.message.contains("'with.command[1]'") && error.message.contains("gives null"))
    #expect(try await outputs(of: #"x{{ .Params.none | default "d" }}"#) { templated($0, params: params) } == "xd")
  }

  @Test("a list among the words of a command is told with its place")
  func listAmongWords() async throws {
    let error = try await failure(
      "exec", templated(["command": ["echo", "{{ .Params.list }}"]], params: ["list": ["a"]]))
    #expect(
      error.message.hasPrefix(
        "exec: 'with.command[1]' must be a text; it is a list; a list gives words only as the whole"))
  }

  @Test("without 'template' nothing is evaluated, as for plans of other programs")
  func plain() async throws {
    #expect(try await StepKindsTests.outputs("noop", context(["outputs": ["v": "{{ .x }}"]])) == ["v": "{{ .x }}"])
  }

  @Test(
    "a condition that is false, null, 0 or nothing skips the step; any other lets it run",
    arguments: [
      ("{{ .Params.yes }}", false), ("{{ .Params.no }}", true), ("{{ .Params.nothing }}", true),
      ("{{ .Params.zero }}", true), ("{{ .Params.empty }}", true), ("{{ .Params.text }}", false),
      ("{{ not .Params.yes }}", true), ("{{ if .Params.no }}x{{ end }}", true), ("{{ gt .Params.zero 1 }}x", false),
    ])
  func conditions(_ condition: String, isSkipped: Bool) async throws {
    let params: JSONValue = ["yes": true, "no": false, "nothing": nil, "zero": 0, "empty": [], "text": "false?"]
    let outcome = try await run("noop", templated([:], template: ["when": .string(condition)], params: params))
    #expect(outcome == (isSkipped ? .skipped : .succeeded(outputs: nil)))
  }

  @Test("a step that has begun to wait is not asked for its condition again")
  func conditionOnce() async throws {
    let step = templated(["duration": "1s"], template: ["when": false], wakeCount: 1)
    #expect(try await run("sleep", step) == .succeeded(outputs: nil))
  }

  @Test("outputs that the workflow promises have to be there, and of their type")
  func promises() async throws {
    func step(_ outputs: JSONValue) -> StepContext {
      templated(["outputs": outputs], template: ["outputs": ["volumes": "list"]])
    }
    #expect(try await StepKindsTests.outputs("noop", step(["volumes": []])) == ["volumes": []])
    #expect(
      try await failure("noop", step([:])).message == "noop: it put out no 'volumes', which its workflow promises")
    #expect(
      try await failure("noop", step(["volumes": "a"])).message
        == "noop: its output 'volumes' is not a list, as its workflow promises")
  }

  @Test("a group's list is evaluated by a step of its own")
  func evaluate() async throws {
    let list = templated(["items": "{{ .Params.hosts }}"], params: ["hosts": ["a", "b"]])
    #expect(try await StepKindsTests.outputs("evaluate", list) == ["items": ["a", "b"]])
    let text = templated(["items": "{{ .Params.hosts }}"], params: ["hosts": "a,b"])
    #expect(
      try await failure("evaluate", text).message.contains("must be a list, as the value of 'forEach'; it is a string"))
  }
}
