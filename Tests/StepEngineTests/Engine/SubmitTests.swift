import JSON
import PostgresClient
import StepEngine
import Testing

@Suite("Submitting")
struct SubmitTests {
  @Test("the same key gives the same run, another key another")
  func key() async throws {
    try await withEngine { engine in
      let first = try await engine.submit([step("a")], key: "k")
      #expect(try await engine.submit([step("a"), step("b")], key: "k") == first)
      #expect(try await engine.submit([step("a")], key: "other") != first)
      #expect(try await engine.int("select count(*) from holdfast.run") == 2)
    }
  }

  @Test("twenty submits at once with one key start one run")
  func keyAtOnce() async throws {
    try await withEngine { engine in
      let runs = try await withThrowingTaskGroup(of: RunID.self) { group in
        for _ in 0..<20 { group.addTask { try await engine.submit([step("a"), step("b", needs: ["a"])], key: "k") } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(runs.count == 20 && Set(runs).count == 1)
      #expect(try await engine.int("select count(*) from holdfast.run") == 1)
      #expect(try await engine.int("select count(*) from holdfast.step") == 2)
      #expect(try await engine.int("select count(*) from holdfast.ready") == 1)
    }
  }

  /// A plan's steps, or a whole plan, and what submit says to it.
  static let mistakes: [(plan: JSONValue, kind: StoreError.Kind, sentence: String)] = [
    (["steps": [step("a")]], .invalid, #"a plan needs "workflow", the name of what is run"#),
    ([1, 2], .invalid, "a plan has to be a JSON object"),
    (plan([]), .invalid, "steps has to be a list of at least one step"),
    (["workflow": "w"], .invalid, "steps has to be a list of at least one step"),
    (["workflow": "w", "steps": ["a": 1]], .invalid, "steps has to be a list of at least one step"),
    (plan([step("a")], ["priority": 40000]), .invalid, #""priority" has to be a whole number from -32768 to 32767"#),
    (plan([step("a")], ["priority": "x"]), .invalid, #""priority" has to be a whole number from -32768 to 32767"#),
    (plan([step("a")], ["timeoutSeconds": -1]), .invalid, "timeoutSeconds has to be a number of seconds, not -1"),
    (plan([3]), .invalid, "step #1: has to be an object"),
    (
      plan([["uses": "noop"]]), .invalid,
      "step #1: its name has to be 1 to 100 letters, digits, \"-\" and \"_\", beginning with a letter"
    ),
    (
      plan([step("a.b")]), .invalid,
      "step a.b: its name has to be 1 to 100 letters, digits, \"-\" and \"_\", beginning with a letter"
    ),
    (plan([["name": "a"]]), .invalid, #"step a: "uses" is missing"#),
    (
      plan([step("a", "nope")]), .invalid,
      "step a uses 'nope', a kind that no worker offers (known kinds: approval, exec, fail, http, noop, sleep, test)"
    ),
    (
      plan([step("a", ["undo": ["uses": "nope"]])]), .invalid,
      "step a uses 'nope', a kind that no worker offers (known kinds: approval, exec, fail, http, noop, sleep, test)"
    ),
    (plan([step("a", ["undo": "noop"])]), .invalid, #"step a: "undo" has to be an object with "uses""#),
    (
      plan([step("a", ["undo": ["uses": "noop", "forEach": "$.params.x"]])]), .invalid,
      #"step a: "undo" is one step: it can't be a group (forEach, steps)"#
    ),
    (plan([step("a"), step("a")]), .invalid, "step a is listed twice"),
    (plan([step("a", needs: ["b"])]), .invalid, "step a needs 'b', which is not a step beside it" + order),
    (plan([step("a", needs: ["a"])]), .invalid, "step a needs itself" + order),
    (
      plan([step("a", needs: ["b"]), step("b", needs: ["a"])]), .invalid,
      "step a needs 'b', which is listed after it" + order
    ),
    (
      plan([step("b", needs: ["c"]), step("a", needs: ["b"]), step("c", needs: ["a"])]), .invalid,
      "step b needs 'c', which is listed after it" + order
    ),
    (plan([step("a"), step("b", needs: ["a.x"])]), .invalid, "step b needs 'a.x', but 'a' has no such step" + order),
    (
      plan([group("g", over: "$.params.l", [step("x")]), step("b", needs: ["g.y"])]), .invalid,
      "step b needs 'g.y', but 'g' has no such step" + order
    ),
    (plan([step("a", ["needs": "b"])]), .invalid, #"step a: "needs" has to be a list of step names"#),
    (plan([step("a", ["limits": "l"])]), .invalid, #"step a: "limits" has to be a list of limit names"#),
    (
      plan([step("a", ["limits": ["nope"]])]), .notFound,
      "limit 'nope' is not defined (holdfast limits set nope 4)"
    ),
    (
      plan([step("a", ["undo": ["uses": "noop", "limits": ["nope"]]])]), .notFound,
      "limit 'nope' is not defined (holdfast limits set nope 4)"
    ),
    (plan([step("a", ["refs": "b"])]), .invalid, #"step a: "refs" has to be a list of step names"#),
    (plan([step("a", ["fields": ["b"]])]), .invalid, #"step a: "fields" has to be an object of lists of outputs"#),
    (plan([step("a", ["fields": ["b": "c"]])]), .invalid, #"step a: "fields" has to be an object of lists of outputs"#),
    (plan([step("a", ["refs": ["b"]])]), .invalid, "step a refers to 'b', which is not a step that it can see" + sight),
    (
      plan([group("g", over: "$.params.l", [step("x")]), step("b", ["refs": ["g.y"]])]), .invalid,
      "step b refers to 'g.y', which is not a step that it can see" + sight
    ),
    (plan([step("a", ["on": "node"])]), .invalid, #"step a: "on" has to be an object of worker labels, each a string"#),
    (
      plan([step("a", ["on": ["node": 1]])]), .invalid,
      #"step a: "on" has to be an object of worker labels, each a string"#
    ),
    (
      plan([step("a", ["retry": ["attempts": "x"]])]), .invalid,
      #"step a: "retry" has to be an object, and its "attempts" a whole number from 1 to 1000"#
    ),
    (
      plan([step("a", ["retry": ["attempts": 1e12]])]), .invalid,
      #"step a: "retry" has to be an object, and its "attempts" a whole number from 1 to 1000"#
    ),
    (
      plan([step("a", ["priority": "high"])]), .invalid,
      #"step a: "priority" has to be a whole number from -32768 to 32767"#
    ),
    (
      plan([step("a", ["priority": 99999])]), .invalid,
      #"step a: "priority" has to be a whole number from -32768 to 32767"#
    ),
    (plan([step("a", ["always": 1])]), .invalid, #"step a: "always" has to be true or false"#),
    (plan([step("a", ["params": "yes"])]), .invalid, #"step a: "params" has to be true or false"#),
    (
      plan([step("a", ["timeoutSeconds": "1m"])]), .invalid,
      #"step a: "timeoutSeconds" has to be a number of seconds, not "1m""#
    ),
    (
      plan([step("a", ["deadlineSeconds": -5])]), .invalid,
      #"step a: "deadlineSeconds" has to be a number of seconds, not -5"#
    ),
    (
      plan([step("a", ["retry": ["maxSeconds": "x"]])]), .invalid,
      #"step a: "retry.maxSeconds" has to be a number of seconds, not "x""#
    ),
    (plan([step("a", ["when": "not a path"])]), .invalid, "step a: not an SQL/JSON path: not a path"),
    (plan([step("a", ["when": 3])]), .invalid, #"step a: "when" has to be a string, an SQL/JSON path"#),
    (plan([group("g", over: "no path", [step("x")])]), .invalid, "step g: not an SQL/JSON path: no path"),
    (
      plan([group("g", over: "$.params.l", [step("x")], ["forEach": .null])]), .invalid,
      #"step g: "forEach" has to be a string, an SQL/JSON path"#
    ),
    (
      plan([group("g", over: "$.params.l", [step("x")], ["uses": "noop"])]), .invalid,
      "step g: a group (forEach) has steps, not uses"
    ),
    (
      plan([group("g", over: "$.params.l", [step("x")], ["as": .null])]), .invalid,
      #"step g: forEach needs "as", a name for each item"#
    ),
    (plan([step("a", ["steps": [step("x")]])]), .invalid, "step a: steps inside a step need a forEach"),
    // Inside of groups.
    (plan([group("g", over: "$.params.l", [])]), .invalid, "g.steps has to be a list of at least one step"),
    (
      plan([group("g", over: "$.params.l", [], ["steps": 3]), step("b", needs: ["g.x"])]), .invalid,
      "g.steps has to be a list of at least one step"
    ),
    (
      plan([group("g", over: "$.params.l", [step("x", "nope")])]), .invalid,
      "step g.x uses 'nope', a kind that no worker offers (known kinds: approval, exec, fail, http, noop, sleep, test)"
    ),
    (
      plan([step("a"), group("g", over: "$.params.l", [step("x", needs: ["a"])])]), .invalid,
      "step g.x needs 'a', which is not a step beside it" + order
    ),
    (plan([group("g", over: "$.params.l", [step("x"), step("x")])]), .invalid, "step g.x is listed twice"),
    (
      plan([group("g", over: "$.params.l", [step("x", ["timeoutSeconds": "x"])])]), .invalid,
      #"step g.x: "timeoutSeconds" has to be a number of seconds, not "x""#
    ),
    (
      plan([group("g", over: "$.params.l", [step("x", ["limits": ["nope"]])])]), .notFound,
      "limit 'nope' is not defined (holdfast limits set nope 4)"
    ),
    (
      plan([step("a"), group("g", over: "$.params.l", [step("x", ["refs": ["a"]])])]), .invalid,
      "step g.x refers to 'a', which is not a step that it can see" + sight
    ),
    (
      plan([group("g", over: "$.params.l", [group("h", over: "$.item.l", [step("x", "nope")])])]), .invalid,
      "step g.h.x uses 'nope', a kind that no worker offers (known kinds: approval, exec, fail, http, noop, sleep, test)"
    ),
  ]

  private static let order = " (list steps so that each needs only steps before it; a cycle can't be ordered)"
  private static let sight = " (a step inside a group sees its siblings and what the group itself lists in refs)"

  private static func plan(_ steps: [JSONValue], _ more: [String: JSONValue] = [:]) -> JSONValue {
    .object(["workflow": "w", "steps": .array(steps)].merging(more) { $1 })
  }

  @Test("a bad plan is refused with one sentence, and nothing of it is kept")
  func badPlans() async throws {
    try await withEngine { engine in
      let tables = try await engine.rows(
        """
        select quote_ident(c.relname) as a from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'holdfast' and c.relkind in ('r', 'p') and not c.relispartition order by 1
        """
      ).map { $0[0] }
      func contents() async throws -> [String] {
        let counts = tables.map { "(select count(*) from holdfast.\($0))" }.joined(separator: "::text || ' ' || ")
        return zip(tables, try await engine.value("select \(counts)::text").split(separator: " ")).map { "\($0) \($1)" }
      }
      let before = try await contents()
      for mistake in Self.mistakes {
        let error = await storeError { _ = try await engine.client.submit(mistake.plan, key: "k") }
        #expect(error == StoreError(mistake.kind, mistake.sentence), "\(mistake.plan.text)")
      }
      #expect(try await contents() == before)
      // The key of a refused plan is free.
      _ = try await engine.submit([step("a")], key: "k")
    }
  }
}
