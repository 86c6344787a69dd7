import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Documents through the command: applied, compared, shown, deleted; their versions, and what follows from them.
  @Suite("Documents", .serialized)
  struct DocumentTests {
    private func workflow(_ name: String, command: String, _ more: String = "") -> String {
      """
      # The workflow of a test.
      apiVersion: holdfast.dev/v1
      kind: Workflow
      metadata: {name: \(name)}
      spec:
        params: {who: {default: world}}
      \(more)  steps:
          greet: {uses: exec, with: {command: [\(command), "{{ .Params.who }}"]}}

      """
    }

    private func policy(_ name: String, workflow: String, cron: String = "0 3 * * *", _ more: String = "") -> String {
      """
      apiVersion: holdfast.dev/v1
      kind: Policy
      metadata: {name: \(name)}
      spec:
        workflow: \(workflow)
      \(more)  schedule: {cron: "\(cron)"}

      """
    }

    private func file(_ texts: String...) throws -> String {
      let path = try scratchDirectory("documents").appendingPathComponent("file.yaml").path
      try texts.joined(separator: "---\n").write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }

    @Test("a change makes a new version, and a comment doesn't; what is applied is what is shown")
    func versions() async throws {
      let installation = try await Installation(on: .shared)
      let first = try file(workflow("hello", command: "echo"))
      #expect(try await installation.run(["apply", first]).output == "workflow/hello created, version 1\n")
      #expect(try await installation.run(["apply", first]).output == "workflow/hello unchanged, version 1\n")
      #expect(try await installation.run(["diff", first]).exitCode == 0)

      let commented = try file("# Another comment.\n" + workflow("hello", command: "echo"))
      let difference = try await installation.run(["diff", commented])
      #expect(difference.exitCode == 1 && difference.output.contains("+# Another comment."))
      #expect(try await installation.run(["apply", commented]).output == "workflow/hello unchanged, version 1\n")
      #expect(
        try await installation.run(["get", "workflow/hello", "-o", "yaml"]).output.hasPrefix("# Another comment."))

      let second = try file(workflow("hello", command: "printf"))
      #expect(
        try await installation.run(["apply", "--dry-run", second]).output
          == "workflow/hello configured, version 2 (dry run)\n")
      #expect(try await installation.run(["get", "-o", "name"]).output == "workflow/hello\n")
      #expect(try await installation.run(["apply", second]).output == "workflow/hello configured, version 2\n")
      #expect(try await installation.number("select count(*) from holdfast.document_version") == 2)

      #expect(try await installation.run(["delete", "workflow", "hello"]).output == "workflow/hello deleted\n")
      #expect(try await installation.run(["delete", "workflow", "hello"]).exitCode == 3)
      // The numbers go on, so that a version never means two things.
      #expect(try await installation.run(["apply", first]).output == "workflow/hello created, version 3\n")
    }

    @Test("what is done to several documents is one document for programs", arguments: ["json", "yaml"])
    func severalAtOnce(format: String) async throws {
      let installation = try await Installation(on: .shared)
      let path = try file(workflow("one", command: "echo"), workflow("two", command: "echo"))
      for (command, key) in [("apply", "change"), ("delete", "deleted")] {
        let result = try await installation.run([command, "-f", path, "-o", format])
        #expect(result.exitCode == 0, "\(result)")
        let read = try await runProgram(
          "/usr/bin/python3",
          ["-c", "import sys, yaml; print([(x['name'], '\(key)' in x) for x in yaml.safe_load(sys.stdin)])"],
          input: result.output)
        #expect(read.output == "[('one', True), ('two', True)]\n", "\(read)\(result.output)")
      }
    }

    @Test("a mistake in one document keeps all of them out")
    func allOrNone() async throws {
      let installation = try await Installation(on: .shared)
      let path = try file(workflow("good", command: "echo"), policy("nightly", workflow: "godo"))
      let result = try await installation.run(["apply", path])
      #expect(result.exitCode == 1)
      #expect(result.errors.contains("14:13: error: there is no workflow 'godo'; did you mean 'good'?"))
      #expect(result.errors.contains("nothing was changed: 1 mistake"))
      #expect(try await installation.number("select count(*) from holdfast.document") == 0)
    }

    @Test("a run keeps the version that it was started with")
    func runsKeepTheirs() async throws {
      let installation = try await Installation(on: .shared)
      _ = try await installation.run(["apply", try file(workflow("hello", command: "echo, one"))])
      let run = try await installation.run(["submit", "hello", "-o", "name"]).output.trimmingCharacters(in: .newlines)
      _ = try await installation.run(["apply", try file(workflow("hello", command: "echo, two"))])
      _ = try await installation.run(["delete", "workflow", "hello"])
      let worker = try installation.worker("w")
      try await installation.runsEnd()
      #expect(try await installation.run(["logs", run]).output.contains("one world"))
      #expect(
        try await installation.number("select workflow_version from holdfast.run_status where run_id = \(run)") == 1)
      await worker.kill()
    }

    @Test("a policy's schedule follows its document and its workflow")
    func policies() async throws {
      let installation = try await Installation(on: .shared)
      _ = try await installation.run([
        "apply", try file(workflow("hello", command: "echo"), policy("nightly", workflow: "hello")),
      ])
      func planned() async throws -> String {
        try await installation.sql(
          "select plan -> 'steps' -> 0 -> 'with' -> 'command' ->> 0, plan -> 'version', schedule ->> 'cron' from holdfast.policy"
        )
      }
      #expect(try await planned() == "echo|1|0 3 * * *")
      _ = try await installation.run(["apply", try file(workflow("hello", command: "printf"))])
      #expect(try await planned() == "printf|2|0 3 * * *")
      _ = try await installation.run(["apply", try file(policy("nightly", workflow: "hello", cron: "0 4 * * *"))])
      #expect(try await planned() == "printf|2|0 4 * * *")

      let refused = try await installation.run(["delete", "workflow", "hello"])
      #expect(refused.exitCode == 1)
      #expect(refused.errors.contains("policy/nightly:5:13: error: there is no workflow 'hello'"))
      _ = try await installation.run(["delete", "policy", "nightly"])
      #expect(try await installation.number("select count(*) from holdfast.policy") == 0)
      #expect(try await installation.run(["delete", "workflow", "hello"]).exitCode == 0)
    }

    @Test("a stored document that is valid no more is in nobody's way")
    func outdated() async throws {
      let installation = try await Installation(on: .shared)
      _ = try await installation.run([
        "apply", try file(workflow("old", command: "echo"), policy("nightly", workflow: "old")),
      ])
      // As an earlier version of the program may have taken it.
      try await installation.sql(
        "update holdfast.document_version set source = replace(source, 'uses: exec', 'uses: gone') where name = 'old'")
      try await installation.sql(
        """
        select holdfast.put_policy('odd', '{"cron": "0 3 * * *"}', plan, false) from holdfast.policy where policy = 'nightly';
        select holdfast.put_document('policy', 'odd', '{}', replace(source, '"0 3 * * *"', 'never'), content)
        from holdfast.document_status where name = 'nightly'
        """)
      let plan = "select plan -> 'steps' -> 0 ->> 'uses' from holdfast.policy where policy = 'nightly'"
      let other = try await installation.run(["apply", try file(workflow("new", command: "echo"))])
      #expect(other.output == "workflow/new created, version 1\n", "\(other.errors)")
      #expect(try await installation.sql(plan) == "exec")
      #expect(try await installation.number("select count(*) from holdfast.policy where policy = 'odd'") == 1)
      let submitted = try await installation.run(["submit", "old"])
      #expect(submitted.exitCode == 1 && submitted.errors.contains("there is no step kind 'gone'"))
      let again = try await installation.run(["apply", try file(policy("nightly", workflow: "old", cron: "1 1 * * *"))])
      #expect(again.exitCode == 1 && again.errors.contains("there is no step kind 'gone'"))
    }

    @Test("a policy with a selector runs its workflow for each application that it selects")
    func selectors() async throws {
      let installation = try await Installation(on: .shared)
      func application(_ name: String, tier: String) -> String {
        """
        apiVersion: holdfast.dev/v1
        kind: Application
        metadata: {name: \(name), labels: {tier: \(tier)}}
        spec:
          volumes: [{name: data, path: /srv/\(name), driver: btrfs}]

        """
      }
      let backup = """
        apiVersion: holdfast.dev/v1
        kind: Workflow
        metadata: {name: backup}
        spec:
          params: {application: {required: true}}
          steps:
            save: {uses: exec, with: {command: [echo, "saving {{ .Params.application }}"]}}

        """
      let applied = try await installation.run([
        "apply",
        try file(
          application("shop", tier: "gold"), application("blog", tier: "tin"), application("bank", tier: "gold"),
          backup,
          policy("gold", workflow: "backup", "  selector: {labels: {tier: gold}}\n")),
      ])
      #expect(applied.exitCode == 0, "\(applied.errors)")
      let worker = try installation.worker("w")
      let result = try await installation.run(["policy", "run", "gold", "--wait"])
      #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
      let lines = try await installation.sql(
        "select text from holdfast.step_output_log where text like 'saving%' order by 1")
      #expect(lines == "saving bank\nsaving shop")
      // Programs get one document, people the changes.
      let waited = try await installation.run(["submit", "backup", "-p", "application=x", "--wait", "-o", "json"])
      let document = try JSONSerialization.jsonObject(with: Data(waited.output.utf8)) as? [String: Any]
      #expect(document?["workflow"] as? String == "backup" && waited.errors.contains("succeeded"), "\(waited)")
      let watched = try await installation.run(["watch", "latest", "-o", "name"])
      #expect(watched.output.isEmpty && watched.errors.contains("succeeded"), "\(watched)")

      let misspelt = try await installation.run([
        "apply", try file(policy("silver", workflow: "backup", "  selector: {labels: {tier: slver}}\n")),
      ])
      #expect(misspelt.exitCode == 0 && misspelt.errors.contains("no application has the labels {tier: slver} so far"))
      let nothing = try await installation.run(["policy", "run", "silver", "--wait"])
      #expect(nothing.exitCode == 1 && nothing.errors.contains("selects no application"), "\(nothing)")
      await worker.kill()
    }

    @Test("parameters are checked before anything runs")
    func parameters() async throws {
      let installation = try await Installation(on: .shared)
      let text = workflow("hello", command: "echo").replacing(
        "params: {who: {default: world}}",
        with: "params: {who: {required: true, enum: [a, b]}, n: {type: integer, default: 1}}"
      ).replacing("{{ .Params.who }}", with: "{{ .Params.who }} {{ .Params.n }}")
      let path = try file(text)
      func error(_ arguments: String...) async throws -> String {
        let result = try await installation.run(["submit", path] + arguments)
        #expect(result.exitCode != 0)
        return result.errors
      }
      #expect(try await error().contains("the workflow needs the parameter 'who' (string); add -p who=…"))
      #expect(try await error("-p", "who=c").contains("parameter 'who' has to be 'a' or 'b'"))
      #expect(try await error("-p", "who=a", "-p", "n=x").contains("parameter 'n' has to be a whole number"))
      #expect(try await error("-p", "who=a", "-p", "m=1").contains("there is no parameter 'm'; did you mean 'n'?"))
      #expect(try await installation.number("select count(*) from holdfast.run") == 0)
    }

    @Test("ten appliers at once agree on one version")
    func manyAppliers() async throws {
      let installation = try await Installation(on: .shared)
      let path = try file(workflow("hello", command: "echo"))
      let outputs = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<10 { group.addTask { try await installation.run(["apply", path]).output } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(outputs.filter { $0 == "workflow/hello created, version 1\n" }.count == 1)
      #expect(outputs.filter { $0 == "workflow/hello unchanged, version 1\n" }.count == 9)
    }
  }
}
