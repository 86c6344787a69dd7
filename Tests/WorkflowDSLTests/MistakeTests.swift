import Foundation
import Testing
import WorkflowDSL

/// Every rule with a file that breaks it, and what its author reads.
@Suite("Mistakes in workflows")
struct MistakeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var spec: String
    /// `TEXT ⟵ severity: message`: the mark is to stand at the first place where the spec has TEXT; `TEXT@2`: at the second.
    var expected: [String]

    /// As `findings` gives them.
    var places: [String] {
      let lines = workflow(spec).split(separator: "\n", omittingEmptySubsequences: false).enumerated().dropFirst(4)
      return expected.map { entry in
        let parts = entry.components(separatedBy: " ⟵ ")
        let text = parts[0].components(separatedBy: "@")
        var left = text.count > 1 ? Int(text[1]) ?? 1 : 1
        for (number, line) in lines {
          for range in line.ranges(of: text[0]) {
            left -= 1
            if left == 0 {
              return "\(number + 1):\(line.distance(from: line.startIndex, to: range.lowerBound) + 1): \(parts[1])"
            }
          }
        }
        return "\(text[0]) is not in the file: \(parts[1])"
      }
    }
    var testDescription: String { expected.first ?? spec }
  }

  static let forms: [Case] = [
    Case(
      spec: "step: {}\nsteps: {a: {uses: noop}}",
      expected: ["step: {} ⟵ error: unknown key 'step'; did you mean 'steps'?"]),
    Case(
      spec: "steps:\n  a: {uses: noop, need: [b]}",
      expected: ["need: ⟵ error: unknown key 'need'; did you mean 'needs'?"]),
    Case(
      spec: "description: nothing",
      expected: ["description ⟵ error: a workflow's spec needs 'steps': the steps by name"]),
    Case(
      spec: "steps:\n  - name: a\n    uses: noop", expected: ["- name ⟵ error: 'steps' has to be a map, not a list"]),
    Case(
      spec: "steps:\n  a b: {uses: noop}",
      expected: [
        "a b ⟵ error: 'a b' is no name; it has to be 1 to 100 letters, digits, '-' and '_', beginning with a letter"
      ]),
    Case(
      spec: "steps:\n  a: {uses: noop, timeout: soon}",
      expected: ["soon ⟵ error: 'timeout' has to be a length of time, such as 90s, 5m, 1h30m or 7d, not 'soon'"]),
    Case(
      spec: "steps:\n  a: {uses: noop, always: yes}",
      expected: ["yes ⟵ error: 'always' has to be true or false, not 'yes'"]),
    Case(
      spec: "steps:\n  a: {uses: noop, retry: {attempts: 0}}",
      expected: ["0} ⟵ error: 'attempts' has to be a whole number from 1 to 1000, not '0'"]),
    Case(
      spec: "steps:\n  a: {uses: noop, priority: \"{{ .Params.x }}\"}",
      expected: [
        "\"{{ ⟵ error: 'priority' can't be an expression: it has to be known before the run starts; write a whole number from -32768 to 32767"
      ]),
    Case(
      spec: "steps:\n  a: {uses: }",
      expected: ["a: { ⟵ error: step 'a' needs 'uses', the kind of step; known are approval, exec, freeze, hook, noop"]),
    Case(
      spec: "params:\n  n: {type: int}\nsteps: {a: {uses: noop}}",
      expected: [
        "int} ⟵ error: 'type': 'int' is not 'string', 'integer', 'number', 'boolean', 'duration', 'list', 'map' or 'any'; did you mean 'integer'?"
      ]),
    Case(
      spec: "params:\n  n: {type: integer, default: many}\nsteps: {a: {uses: noop, when: \"{{ .Params.n }}\"}}",
      expected: ["many ⟵ error: the default of parameter 'n' has to be a whole number"]),
  ]

  static let kindsAndArguments: [Case] = [
    Case(
      spec: "steps:\n  a: {uses: freeze, with: {path: /data}}",
      expected: [
        "freeze ⟵ warning: if the run fails, 'a' stays frozen until its deadline: give it 'undo: {uses: thaw, with: {path: …}}'"
      ]),
    Case(
      spec:
        "params: {x: {}}\nsteps:\n  a: {uses: hook, with: {hooks: [{exec: {command: [sh, -c, 'a {{ .Params.x }}'], environment: {MY_TOKEN: t}}}]}}",
      expected: [
        "'a {{ ⟵ warning: the shell would run whatever the expression gives; pass it in 'environment' and write \"$NAME\" here",
        "MY_TOKEN ⟵ warning: 'MY_TOKEN' looks like a secret, and documents are kept in PostgreSQL: name where it is under 'secrets'",
      ]),
    Case(
      spec: "steps:\n  a: {uses: exce}", expected: ["exce ⟵ error: there is no step kind 'exce'; did you mean 'exec'?"]),
    Case(
      spec: "steps:\n  a: {uses: zzz}",
      expected: ["zzz ⟵ error: there is no step kind 'zzz'; there are approval, exec, freeze, hook, noop"]),
    Case(
      spec: "steps:\n  a: {uses: exec}",
      expected: ["exec ⟵ error: exec needs 'command' in 'with': the program and its arguments"]),
    Case(
      spec: "steps:\n  a: {uses: exec, with: {comand: [ls]}}",
      expected: [
        "comand ⟵ error: unknown key 'comand'; did you mean 'command'?",
        "comand ⟵ error: 'with' of exec needs 'command': the program and its arguments",
      ]),
    Case(
      spec: "steps:\n  a: {uses: exec, with: {command: ls -l}}",
      expected: ["ls -l ⟵ error: 'command' has to be a list, each of it a text, not 'ls -l'"]),
    Case(
      spec: "steps:\n  a: {uses: exec, with: {command: [ls], okExitCodes: [\"1 {{ .Step.attempt }}\"]}}",
      expected: [
        "\"1 {{ ⟵ error: 'okExitCodes[0]' has to be a whole number from 0 to 255: let one expression be the whole value, or its result is a text"
      ]),
    Case(spec: "steps:\n  a: {uses: acme/thaw, with: {anything: goes}}", expected: []),
    Case(
      spec: "steps:\n  a: {uses: noop, outputs: {x: list}}",
      expected: ["a: { ⟵ error: the outputs of noop are fixed; it can't promise others"]),
  ]

  static let needs: [Case] = [
    Case(
      spec: "steps:\n  a: {uses: noop}\n  b: {uses: noop, needs: [aa]}",
      expected: ["aa] ⟵ error: 'needs' names 'aa', but there is no such step beside this one; did you mean 'a'?"]),
    Case(spec: "steps:\n  a: {uses: noop, needs: [a]}", expected: ["a] ⟵ error: step 'a' needs itself"]),
    Case(
      spec: "steps:\n  a: {uses: noop, needs: [c]}\n  b: {uses: noop, needs: [a]}\n  c: {uses: noop, needs: b}",
      expected: ["c] ⟵ error: these steps wait for each other: a needs c needs b needs a"]),
    Case(
      spec: "steps:\n  a: {uses: noop}\n  b: {uses: noop, needs: [a.x]}",
      expected: ["a.x ⟵ error: 'needs' names 'a.x', but 'a' is a step and no group"]),
    Case(
      spec: "steps:\n  g: {forEach: [1], as: n, steps: {snapshot: {uses: noop}}}\n  b: {uses: noop, needs: g.snapshod}",
      expected: [
        "g.snapshod ⟵ error: 'needs' names 'g.snapshod', but group 'g' has no step 'snapshod'; did you mean 'snapshot'?"
      ]),
    Case(
      spec: "steps:\n  a: {uses: noop}\n  b: {uses: noop, needs: [a, a]}",
      expected: ["a]} ⟵ warning: 'a' is needed twice"]),
    Case(
      spec: "steps:\n  a: {uses: noop, undo: c}\n  b: {uses: noop}",
      expected: ["c} ⟵ error: 'undo' names 'c', but there is no such step beside this one; did you mean 'b'?"]),
    Case(
      spec: "steps:\n  a: {uses: noop, undo: b}\n  b: {uses: noop}",
      expected: ["b} ⟵ warning: 'b' doesn't need 'a', so it may run before there is something to undo"]),
  ]

  static let groups: [Case] = [
    Case(
      spec: "steps:\n  g: {forEach: [1], steps: {a: {uses: noop}}}",
      expected: ["forEach ⟵ error: group 'g' needs 'as', the name of an item in expressions"]),
    Case(
      spec: "steps:\n  g: {forEach: [1], as: n, uses: noop, steps: {a: {uses: noop}}}",
      expected: ["noop, steps ⟵ error: 'g' is a group (it has forEach or steps), so it can't have 'uses'"]),
    Case(
      spec: "steps:\n  g: {forEach: [1], as: Steps, steps: {a: {uses: noop}}}",
      expected: ["Steps, ⟵ error: 'Steps' is taken: expressions know it already; name the item otherwise"]),
    Case(
      spec: "steps:\n  g: {forEach: [1], as: n, timeout: 1m, steps: {a: {uses: noop}}}",
      expected: ["g: { ⟵ error: group 'g' can't have 'timeout': give it to its steps"]),
    Case(
      spec:
        "steps:\n  g:\n    forEach: [1]\n    as: n\n    always: true\n    steps: {a: {uses: noop}, b: {uses: noop, needs: a}}",
      expected: [
        "b: { ⟵ warning: 'b' is in a group that always runs, but doesn't run itself if what it needs fails or the run is cancelled: add always: true"
      ]),
  ]

  static let placement: [Case] = [
    Case(
      spec:
        "params: {node: {}}\nsteps:\n  a: {uses: noop, when: \"{{ .Params.node }}\", on: {node: \"{{ .Params.node }}\"}}",
      expected: [
        "\"{{ .Params.node }}\"@2 ⟵ error: only a step in a group can take this from its item; write the text itself, or put the step into a group"
      ]),
    Case(
      spec: "steps:\n  g: {forEach: [1], as: n, steps: {a: {uses: noop, limits: \"disk-{{ .n }}\"}}}",
      expected: [
        "\"disk ⟵ error: this can only be looked up in the item of a group: write {{ .n }} or {{ .n.NAME }} and nothing else"
      ]),
    Case(
      spec:
        "steps:\n  g: {forEach: [1], as: n, steps: {a: {uses: noop, undo: {uses: noop, on: {node: \"{{ .Steps.b }}\"}}}}}",
      expected: [
        "\"{{ ⟵ error: this can only be looked up in the item of a group: write {{ .n }} or {{ .n.NAME }} and nothing else"
      ]),
    Case(
      spec:
        "steps:\n  g: {forEach: [1], as: n, steps: {a: {uses: noop, limits: [a, \"{{ .n.l }}\"], on: {node: \"{{ .n }}\"}}}}",
      expected: []),
  ]

  @Test("are told with their place", arguments: forms + kindsAndArguments + needs + groups + placement)
  func told(_ sample: Case) {
    #expect(findings(workflow(sample.spec)) == sample.places)
  }

  @Test("come all at once")
  func allAtOnce() {
    let spec = "steps:\n  a: {uses: exce, need: b}\n  b: {uses: noop, needs: [x], when: \"{{ .Nope }}\", timeout: -1}"
    #expect(findings(workflow(spec)).count == 5)
  }

  @Test("in the form of a file")
  func files() {
    #expect(findings("") == ["1:1: error: the file holds no document"])
    #expect(findings("- a") == ["1:1: error: a document has to be a map with apiVersion, kind, metadata and spec"])
    #expect(findings("kind: Workflw") == ["1:7: error: there is no kind 'Workflw'; did you mean 'Workflow'?"])
    #expect(findings("a: 1").first == "1:1: error: a document needs 'kind': Workflow, Policy, Profile, Application")
    #expect(
      findings(workflow("steps: {a: {uses: exec, with: {command: [\"a\\0b\"]}}}")) == [
        "5:44: error: a text can't hold the character \\0"
      ])
    let both = workflow("steps: {a: {uses: noop}}") + "\n---\n" + workflow("steps: {a: {uses: noop}}")
    #expect(findings(both) == ["9:18: error: workflow/nightly stands in this file, too"])
  }

  @Test("a workflow without mistakes has no findings")
  func clean() {
    let spec = """
      params: {database: {default: orders}}
      steps:
        dump: {uses: exec, with: {command: [pg_dump, "{{ .Params.database }}"]}, timeout: 1h, retry: {attempts: 5}}
        note: {uses: noop, needs: dump, when: "{{ .Steps.dump.stdout }}"}
      """
    #expect(findings(workflow(spec)) == [])
  }
}
