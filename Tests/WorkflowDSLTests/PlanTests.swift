import JSON
import Testing
import WorkflowDSL

/// What the engine is given of a workflow.
@Suite("Plans")
struct PlanTests {
  @Test("steps come after their needs, otherwise as in the file")
  func order() throws {
    let plan = try plan(
      workflow(
        "steps:\n  c: {uses: noop, needs: [a]}\n  b: {uses: noop}\n  a: {uses: noop}\n  d: {uses: noop, needs: [c, b]}")
    )
    #expect(plan["steps"]?.array?.compactMap { $0["name"]?.string } == ["b", "a", "c", "d"])
  }

  @Test("a step asks for what its expressions read, and for nothing else")
  func references() throws {
    let spec = """
      params: {name: {}}
      steps:
        a: {uses: exec, with: {command: [ls]}, outputs: {size: integer}}
        b: {uses: exec, needs: a, with: {command: [echo, "{{ .Steps.a.stdout }} {{ .Params.name }}"]}}
        c: {uses: exec, needs: a, with: {command: [echo, "{{ .Run.id }}"]}}
        d: {uses: exec, needs: a, with: {command: [echo, "{{ .Steps.a.stdout }}", "{{ .Steps.a.size }}"]}}
        e: {uses: exec, needs: a, with: {command: [echo, "{{ .Steps.a.stdout }}", "{{ toJson .Steps.a }}"]}}
      """
    let steps = try steps(plan(workflow(spec)))
    #expect(steps["a"]?["refs"] == nil && steps["a"]?["params"] == nil && steps["a"]?["run"] == nil)
    #expect(steps["b"]?["refs"] == ["a"] && steps["b"]?["params"] == true && steps["b"]?["run"] == nil)
    #expect(steps["c"]?["refs"] == nil && steps["c"]?["run"] == true)
    #expect(steps["b"]?["fields"] == ["a": ["stdout"]] && steps["d"]?["fields"] == ["a": ["size", "stdout"]])
    #expect(steps["e"]?["refs"] == ["a"] && steps["e"]?["fields"] == nil)
  }

  @Test("everything that a step says is in its plan, lengths of time in seconds")
  func wholeStep() throws {
    let spec = """
      timeout: 2h
      queue: slow
      priority: 3
      steps:
        a:
          uses: exec
          with: {command: [ls]}
          timeout: 1m30s
          deadline: 1h
          retry: {attempts: 5, initial: 500ms, max: 2m}
          limits: disks
          "on": {node: db-1}
          priority: -2
          urgent: true
          always: true
          outputs: {size: integer}
          undo: {uses: noop, timeout: 5s}
      """
    let plan = try plan(workflow(spec.replacing("with: {command: [ls]}", with: "with: {command: [ls], parse: json}")))
    #expect(
      plan == [
        "workflow": "nightly", "timeoutSeconds": 7200, "queue": "slow", "priority": 3,
        "steps": [
          [
            "name": "a", "uses": "exec", "needs": [], "with": ["command": ["ls"], "parse": "json"],
            "template": ["outputs": ["size": "integer"]], "timeoutSeconds": 90, "deadlineSeconds": 3600,
            "retry": ["attempts": 5, "initialSeconds": 0.5, "maxSeconds": 120], "limits": ["disks"],
            "on": ["node": "db-1"], "priority": -2, "always": true, "urgent": true,
            "undo": ["uses": "noop", "template": [:], "timeoutSeconds": 5],
          ]
        ],
      ])
  }

  @Test("a list that is only looked up is left to PostgreSQL; any other is evaluated by a step before the group")
  func groups() throws {
    func group(_ list: String, _ more: String = "") throws -> [String: JSONValue] {
      let spec = """
        params: {hosts: {type: list}}
        steps:
          a: {uses: exec, with: {command: [ls], parse: json}, outputs: {hosts: list}}
          g: {needs: a, forEach: \(list), as: host\(more), steps: {ping: {uses: exec, with: {command: ["{{ .host }}"]}}}}
          use: {uses: noop, needs: a, when: "{{ .Params.hosts }}"}
        """
      return try steps(plan(workflow(spec)))
    }
    let simple = try group("\"{{ .Steps.a.hosts }}\"")
    #expect(simple["g"]?["forEach"] == #"$.steps."a"."hosts""# && simple["g"]?["refs"] == ["a"])
    #expect(simple["g:items"] == nil)
    #expect(try group("\"{{ .Params.hosts }}\"")["g"]?["forEach"] == #"$.params."hosts""#)
    for list in ["[a, b]", "\"{{ .Steps.a.hosts | len }}\""] {
      let steps = try group(list)
      #expect(steps["g"]?["forEach"] == #"$.steps."g:items".items"# && steps["g"]?["needs"] == ["a", "g:items"])
      #expect(steps["g:items"]?["uses"] == "evaluate" && steps["g:items"]?["needs"] == ["a"])
      #expect(steps["g"]?["when"] == nil)
    }
    let conditional = try group("\"{{ .Steps.a.hosts }}\"", ", when: \"{{ .Params.hosts }}\"")
    #expect(conditional["g"]?["when"] == #"exists($.steps."g:items".items)"#)
    #expect(conditional["g:items"]?["template"]?["when"] == "{{ .Params.hosts }}")
  }

  @Test("a group is given what its steps read outside of it, and nothing of its own")
  func groupReferences() throws {
    let spec = """
      steps:
        a: {uses: exec, with: {command: [ls], parse: json}, outputs: {hosts: list, port: integer}}
        g:
          needs: a
          forEach: "{{ .Steps.a.hosts }}"
          as: host
          steps:
            one: {uses: exec, with: {command: ["{{ .Steps.a.port }}"]}}
            two: {uses: exec, needs: one, with: {command: ["{{ .Steps.one.stdout }}"]}}
      """
    let steps = try steps(plan(workflow(spec)))
    #expect(steps["g"]?["refs"] == ["a"])
    #expect(steps["g"]?["steps"]?.array?.map { $0["refs"] } == [["a"], ["one"]])
    #expect(steps["g"]?["fields"] == ["a": ["hosts"]])
    #expect(steps["g"]?["steps"]?.array?.map { $0["fields"] } == [["a": ["port"]], ["one": ["stdout"]]])
  }

  @Test("an undo that names a step does what that does, unless it was done")
  func undo() throws {
    let spec =
      "steps:\n  q: {uses: exec, with: {command: [freeze]}, undo: r}\n  r: {uses: exec, needs: q, always: true, with: {command: [thaw]}}"
    let undo = try steps(plan(workflow(spec)))["q"]?["undo"]
    #expect(undo == ["uses": "exec", "with": ["command": ["thaw"]], "unless": "r", "template": [:]])
  }

  @Test("hooks run at the end, whatever became of the rest, if the run went so")
  func hooks() throws {
    let spec =
      "steps:\n  a: {uses: noop}\n  b: {uses: noop, needs: a}\nonFailure:\n  tell: {uses: noop}\n  clean: {uses: noop, needs: tell}"
    let steps = try steps(plan(workflow(spec)))
    let tell = steps["onFailure:tell"]
    #expect(tell?["needs"] == ["b"] && tell?["always"] == true && tell?["run"] == true)
    #expect(tell?["when"] == #"$.run.outcome == "failed""#)
    #expect(steps["onFailure:clean"]?["needs"] == ["onFailure:tell"])
  }

  @Test(
    "a hook may be a group; it is skipped if the step that makes its list never ran, as is any group that always runs")
  func groupsAtTheEnd() throws {
    let spec = """
      steps:
        list: {uses: exec, with: {command: [ls], parse: json}, outputs: {hooks: list, port: integer}}
        work: {uses: noop, needs: list}
        resume:
          needs: work
          always: true
          forEach: "{{ .Steps.list.hooks }}"
          as: hook
          steps: {call: {uses: exec, with: {command: ["{{ .hook }}", "{{ .Steps.list.port }}"]}}}
      onFailure:
        ask: {uses: exec, with: {command: [ls], parse: json}, outputs: {who: list}}
        tell:
          needs: ask
          forEach: "{{ .Steps.list.hooks }}"
          as: hook
          steps:
            call: {uses: exec, with: {command: ["{{ .hook }}", "{{ .Steps.ask.who }}"]}, when: "{{ .Steps.ask }}"}
        mail:
          forEach: "{{ .Steps.list.hooks | uniq }}"
          when: "{{ .Steps.list }}"
          as: hook
          steps: {call: {uses: exec, with: {command: ["{{ .hook }}"]}}}
      """
    #expect(findings(workflow(spec)) == [])
    let steps = try steps(plan(workflow(spec)))
    #expect(steps["resume"]?["when"] == #"exists($.steps."list"."hooks")"# && steps["resume"]?["always"] == true)
    #expect(steps["resume"]?["steps"]?.array?.first?["always"] == true)
    let tell = steps["onFailure:tell"]
    #expect(tell?["when"] == #"$.run.outcome == "failed" && exists($.steps."list"."hooks")"#)
    #expect(tell?["run"] == true && tell?["always"] == true && tell?["needs"] == ["onFailure:ask"])
    #expect(tell?["refs"] == ["list", "onFailure:ask"])
    #expect(tell?["steps"]?.array?.first?["refs"] == ["onFailure:ask"])
    let items = steps["onFailure:mail:items"]
    #expect(items?["when"] == #"$.run.outcome == "failed""# && items?["template"]?["when"] == "{{ .Steps.list }}")
    #expect(
      steps["onFailure:mail"]?["when"]
        == #"$.run.outcome == "failed" && exists($.steps."onFailure:mail:items".items)"#)
  }

  @Test("labels and limits of an item are left to PostgreSQL; an undo that names a step is done where that is")
  func itemLabels() throws {
    let spec = """
      steps:
        g:
          forEach: [{node: a}]
          as: volume
          steps:
            freeze: {uses: noop, on: {node: "{{ .volume.node }}", zone: eu}, limits: ["{{ .volume.disk }}", tapes], undo: thaw}
            thaw: {uses: noop, needs: freeze, on: {node: "{{ .volume.other }}"}}
            copy: {uses: noop, undo: {uses: noop, on: {node: "{{ .volume.node }}"}}}
      """
    let inner = steps(["steps": steps(try plan(workflow(spec)))["g"]?["steps"] ?? []])
    #expect(inner["freeze"]?["on"] == ["node": ["item": "volume.node"], "zone": "eu"])
    #expect(inner["freeze"]?["limits"] == [["item": "volume.disk"], "tapes"])
    #expect(inner["freeze"]?["undo"]?["on"] == ["node": ["item": "volume.other"]])
    #expect(inner["copy"]?["undo"]?["on"] == ["node": ["item": "volume.node"]] && inner["copy"]?["on"] == nil)
  }

  @Test("a called workflow's plan is carried along, and its expressions are left alone")
  func calls() throws {
    let inner = workflow(
      "params: {host: {required: true}}\nsteps: {a: {uses: exec, with: {command: [\"{{ .Params.host }}\"]}}}",
      name: "inner")
    let outer = workflow("params: {h: {}}\nsteps: {call: {uses: workflow/inner, with: {host: \"{{ .Params.h }}\"}}}")
    let call = try steps(plan(outer, inner))["call"]
    #expect(call?["uses"] == "workflow" && call?["template"]?["raw"] == ["plan", "parameters"])
    #expect(call?["with"]?["plan"]?["workflow"] == "inner" && call?["with"]?["params"] == ["host": "{{ .Params.h }}"])
    #expect(call?["params"] == true)
    #expect(
      findings(workflow("steps: {call: {uses: workflow/inner}}"), inner) == [
        "5:24: error: workflow 'inner' needs the parameter 'host' in 'with'"
      ])
  }

  @Test("a called workflow that isn't in the files may have been applied, also if another of a near name is here")
  func callsElsewhere() {
    let caller = workflow("steps: {call: {uses: workflow/nightly2}}")
    #expect(
      findings(caller) == [
        "5:24: warning: workflow 'nightly2' is not in these files, so it has to be applied before this one; did you mean 'nightly'?"
      ])
    #expect(
      findings(caller, applied: []) == ["5:24: error: there is no workflow 'nightly2'; did you mean 'nightly'?"])
  }

  @Test("workflows that call each other are refused")
  func endlessCalls() {
    let one = workflow("steps: {call: {uses: workflow/other}}")
    let other = workflow("steps: {call: {uses: workflow/nightly}}", name: "other")
    let error = #expect(throws: PlanError.self) { try plan(one, other) }
    #expect(error?.description == "workflows call each other without an end: nightly calls other calls nightly")
  }

  @Test("a drawing says where steps are done")
  func drawing() throws {
    let text = workflow(
      """
      params: {nodes: {type: list, default: []}}
      steps:
        each:
          forEach: "{{ .Params.nodes }}"
          as: node
          steps:
            hold:
              uses: freeze
              on: {zone: eu-1, node: "{{ .node.name }}", rack: 'a"b'}
              with: {path: /a}
              undo: {uses: noop, on: {node: spare}}
        last: {uses: noop, needs: each}
      """)
    let set = DocumentSet([DocumentFile(text: text, name: "a")], applied: nil, kinds: kinds)
    let drawing = PlanDrawing(try set.checkedWorkflow("nightly"))
    #expect(
      drawing.text().split(separator: "\n").suffix(3) == [
        "each    for each node  in {{ .Params.nodes }}",
        "  hold  freeze         on node={{ .node.name }}, rack=a\"b, zone=eu-1; undone by noop on node=spare",
        "· last  noop           after each",
      ])
    #expect(
      drawing.graphviz().contains(
        #""each.hold" [label="hold (freeze), on node={{ .node.name }}, rack=a\"b, zone=eu-1"];"#))
    #expect(
      drawing.mermaid().contains(
        #"each_hold["hold (freeze), on node={{ .node.name }}, rack=a#quot;b, zone=eu-1"]"#))
  }

  @Test("five thousand steps are checked and planned in less than a second or so")
  func large() throws {
    func time(_ count: Int) throws -> Duration {
      let steps = (0..<count).map { index in
        "  s\(index): {uses: exec, needs: [\(index == 0 ? "" : "s\(index - 1)")], with: {command: [echo, \"{{ .Params.x }} \(index)\"]}}"
      }
      let text = workflow("params: {x: {}}\nsteps:\n" + steps.joined(separator: "\n"))
      let begin = ContinuousClock.now
      #expect(findings(text) == [])
      _ = try plan(text)
      return ContinuousClock.now - begin
    }
    let taken = try time(5000)
    // Debug builds are ten times slower than what users run; Tests/Benchmarks measures that. On a busy machine all is
    // slow, but time still grows with the number of steps and not with its square.
    if taken >= .seconds(30) { #expect(try taken < time(500) * 30) }
  }
}
