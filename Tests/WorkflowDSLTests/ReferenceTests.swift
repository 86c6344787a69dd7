import Testing
import WorkflowDSL

/// What expressions may read, and what their author reads if they can't.
@Suite("References in expressions")
struct ReferenceTests {
  static let steps = """
    params: {hosts: {type: list}, name: {}}
    steps:
      list: {uses: exec, with: {command: [ls], parse: json}, outputs: {volumes: list, count: integer}}
      volumes:
        needs: list
        forEach: "{{ .Steps.list.volumes }}"
        as: volume
        steps:
          snapshot: {uses: exec, with: {command: [snap, "{{ .volume.path }}"]}}
          copy: {uses: exec, needs: snapshot, with: {command: [cp, "{{ .Steps.snapshot.stdout }}", "{{ .Steps.list.count }}"]}}
      last: {uses: exec, needs: [volumes], with: {command: [echo, "EXPRESSION"]}}
      apart: {uses: noop, when: "{{ .Params.hosts }}{{ .Params.name }}"}
    """

  static let cases: [(expression: String, expected: String?)] = [
    ("{{ .Params.name }}", nil),
    ("{{ len .Params.hosts }}", nil),
    ("{{ .Params.nam }}", "there is no parameter 'nam'; did you mean 'name'?"),
    ("{{ .Params.name.first }}", "parameter 'name' is a text and has no field 'first'"),
    ("{{ .params.name }}", "there is no '.params' here; did you mean '.Params'?"),
    ("{{ .Nothing }}", "there is no '.Nothing' here; an expression sees .Params, .Steps, .Run, .Step"),
    ("{{ .Steps.list.count }}", nil),
    ("{{ .Steps.list.cuont }}", "step 'list' has no output 'cuont'; did you mean 'count'?"),
    ("{{ .Steps.list.size }}", "step 'list' has no output 'size'; declare it in that step: outputs: {size: any}"),
    ("{{ .Steps.list.count.x }}", "output 'count' of 'list' is a whole number and has no field 'x'"),
    ("{{ .Steps.lists.count }}", "there is no step 'lists' that this one can see; did you mean 'list'?"),
    ("{{ .Steps.last.stdout }}", "a step can't use its own outputs: they are there when it is over"),
    ("{{ .Steps.apart }}", "'last' uses 'apart' but doesn't wait for it: add it to its 'needs'"),
    ("{{ .Steps.volumes }}", "'volumes' is a group; name a step of it: snapshot, copy"),
    ("{{ range .Steps.volumes.snapshot }}{{ .stdout }}{{ end }}", nil),
    ("{{ index .Steps.volumes.snapshot 0 }}", nil),
    (
      "{{ .Steps.volumes.snapshot.stdout }}",
      "'volumes.snapshot' is a list, with the outputs of each item's step: use range or index before '.stdout'"
    ),
    ("{{ .Steps }}", "name the step whose outputs you want, such as .Steps.NAME.OUTPUT"),
    ("{{ .Run.id }}{{ .Step.name }}", nil),
    ("{{ .Run.ide }}", "'.Run' has no field 'ide'; did you mean 'id'?"),
    ("{{ .volume }}", "there is no '.volume' here; an expression sees .Params, .Steps, .Run, .Step"),
    ("{{ $s := .Steps.list }}{{ $s.count }}", nil),
    ("{{ index .Steps \"list\" \"count\" }}", nil),
  ]

  @Test("are checked", arguments: cases)
  func checked(_ sample: (expression: String, expected: String?)) {
    let escaped = sample.expression.replacing("\"", with: "\\\"")
    let found = findings(workflow(Self.steps.replacing("EXPRESSION", with: escaped)))
    let messages = found.map { $0.split(separator: ": ", maxSplits: 2).last.map(String.init) ?? $0 }
    #expect(messages == [sample.expected].compactMap(\.self))
  }

  @Test("are marked where they stand")
  func places() {
    let spec =
      "steps:\n  a:\n    uses: exec\n    with:\n      command: [echo, \"say {{ .Nope }}\"]\n      environment:\n        TEXT: |\n          one\n          two {{ .Nada }}"
    let found = findings(workflow(spec)).map { $0.split(separator: ": ").first.map(String.init) ?? "" }
    #expect(found == ["9:33", "13:20"])
  }

  @Test("a step that always runs is warned of outputs that may be missing")
  func maybeMissing() {
    func spec(_ when: String) -> String {
      "steps:\n  a: {uses: exec, with: {command: [ls]}}\n  b: {uses: exec, needs: a, always: true\(when), with: {command: [echo, \"{{ .Steps.a.stdout }}\"]}}"
    }
    #expect(
      findings(workflow(spec(""))).first?.hasSuffix(
        "'a' may have failed when 'b' runs, and then has no outputs: add when: \"{{ .Steps.a }}\"") ?? false)
    #expect(findings(workflow(spec(", when: \"{{ .Steps.a }}\""))) == [])
  }

  @Test("in an undo, a step sees its own outputs")
  func undo() {
    let spec =
      "steps:\n  a: {uses: exec, with: {command: [mk]}, undo: {uses: exec, with: {command: [rm, \"{{ .Steps.a.stdout }}\"]}}}"
    #expect(findings(workflow(spec)) == [])
  }

  @Test("a value in a shell's text is warned of; a secret in a file, too")
  func unwise() {
    let spec =
      "params: {x: {}}\nsteps:\n  a: {uses: exec, with: {command: [sh, -c, \"rm {{ .Params.x }}\"], environment: {PGPASSWORD: hunter2}}}"
    let found = findings(workflow(spec))
    #expect(found.count == 2)
    #expect(found.allSatisfy { $0.contains("warning") })
  }
}
