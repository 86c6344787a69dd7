import DocumentStore
import JSON
import Log
import PostgresClient
import StepEngine
import StepKinds
import TestSupport
import Testing
import WorkflowDSL

/// A workflow of the shape of a backup, from its file to the end of its run.
@Suite("Workflows shaped like a backup")
struct BackupShapeTests {
  /// discover prints what FOUND is told, `bad` fails; every list is one of `{node, …}`.
  private static let file = DocumentFile(
    text: """
      apiVersion: holdfast.dev/v1
      kind: Workflow
      metadata: {name: shape}
      spec:
        params: {found: {}}
        steps:
          discover:
            uses: exec
            with: {command: [sh, -c, 'printf %s "$FOUND"'], environment: {FOUND: "{{ .Params.found }}"}, parse: json}
            outputs: {volumes: list, after: list, failed: list}
            retry: {attempts: 1}
          volumes:
            needs: discover
            forEach: "{{ .Steps.discover.volumes }}"
            as: volume
            steps:
              snapshot:
                uses: exec
                on: {node: "{{ .volume.node }}"}
                with: {command: ["{{ .volume.run }}"]}
                retry: {attempts: 1}
                undo: {uses: exec, with: {command: ["true"]}}
          resume:
            needs: [discover, volumes.snapshot]
            always: true
            forEach: "{{ .Steps.discover.after }}"
            as: phase
            steps:
              hook: {uses: exec, on: {node: "{{ .phase.node }}"}, with: {command: [echo, "{{ .phase.node }}"]}}
          record: {needs: [volumes.snapshot, resume.hook], uses: noop}
        onFailure:
          ask: {uses: exec, with: {command: [echo, hello]}}
          tell:
            needs: ask
            forEach: "{{ .Steps.discover.failed }}"
            as: phase
            steps:
              hook:
                uses: exec
                on: {node: "{{ .phase.node }}"}
                with: {command: [echo, "{{ .Steps.ask.stdout }}", "{{ .phase.node }}"]}
                when: "{{ .Steps.ask }}"
        onSuccess:
          tell:
            forEach: "{{ .Steps.discover.failed | reverse }}"
            when: "{{ .Steps.discover }}"
            as: phase
            steps: {hook: {uses: noop}}
        onCancel:
          tell:
            forEach: "{{ .Steps.discover.failed }}"
            as: phase
            steps: {hook: {uses: noop, on: {node: "{{ .phase.node }}"}}}
      """, name: "shape.yaml")

  /// Runs it, and gives how each step ended, with what failed first as the step `failure`.
  /// - Parameter isCancelled: whether it is cancelled once there is a snapshot to be taken.
  private func run(
    _ found: String, node: String = "n1", isCancelled: Bool = false
  ) async throws -> [String: String] {
    #expect(DocumentSet([Self.file], applied: [], kinds: builtInCatalog).check().map(\.headline) == [])
    let server = try await PostgresInstance.shared
    let configuration = try PostgresConfiguration(await server.url(database: server.makeDatabase()))
    let connection = try await PostgresConnection.open(configuration)
    _ = try await Migrator().migrate(connection)
    _ = try await connection.query("select holdfast.announce_kinds($1)", [.textArray(builtInKindNames)])
    let plan = try DocumentSet([Self.file], applied: [], kinds: builtInCatalog).plan(
      workflow: "shape", parameters: ["found": .string(found)])
    let worker = Worker(
      database: configuration, profile: WorkerProfile(name: "w", slots: 4, labels: ["node": node]),
      kinds: builtInStepKinds, logger: Logger(level: .error))
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await worker.run() }
      defer { group.cancelAll() }
      let client = EngineClient(pool: PostgresPool(configuration, size: 1))
      let run = try await client.submit(plan)
      if isCancelled {
        try await eventually(within: .seconds(300), "the snapshot's step") {
          try await connection.query(
            "select exists (select from holdfast.step_status where run_id = $1 and name = 'volumes[0].snapshot')",
            [.int64(run.value)]
          ).single().bool(0)
        }
        #expect(try await client.cancel(run, reason: "enough"))
      }
      // Hundreds of tests that need a core each run at the same time.
      try await eventually(within: .seconds(300), "the end of the run") {
        try await connection.query("select is_over from holdfast.run_state($1)", [.int64(run.value)]).single().bool(0)
      }
      var states: [String: String] = [:]
      for row in try await connection.query(
        "select name, state from holdfast.step_status where run_id = $1", [.int64(run.value)])
      {
        states[try row.string(0)] = try row.string(1)
      }
      for row in try await connection.query(
        "select name, reason from holdfast.step_status where run_id = $1 and state = 'skipped'", [.int64(run.value)])
      {
        states[try row.string(0)] = "skipped: " + (try row.optionalString(1) ?? "")
      }
      let rows = try await connection.query("select failure from holdfast.run_state($1)", [.int64(run.value)])
      states["failure"] = try rows.single().optionalString(0).map { String($0.prefix { $0 != ":" }) }
      worker.drain()
      try await group.waitForAll()
      return states
    }
  }

  @Test("all goes well: everything is done, and only onSuccess is told")
  func success() async throws {
    let states = try await run(
      #"{"volumes": [{"node": "n1", "run": "true"}, {"node": null, "run": "true"}], "after": [{"node": ""}], "failed": [{"node": "n1"}]}"#
    )
    #expect(
      states == [
        "discover": "succeeded", "volumes": "succeeded", "volumes[0].snapshot": "succeeded",
        "volumes[1].snapshot": "succeeded", "resume": "succeeded", "resume[0].hook": "succeeded",
        "record": "succeeded", "onFailure:ask": "skipped: the run did not fail",
        "onFailure:tell": "skipped: the run did not fail", "onCancel:tell": "skipped: the run was not cancelled",
        "onSuccess:tell:items": "succeeded", "onSuccess:tell": "succeeded", "onSuccess:tell[0].hook": "succeeded",
      ])
  }

  @Test("a snapshot fails: the application goes on, onFailure is told on its node, what was made is undone")
  func failure() async throws {
    let states = try await run(
      #"{"volumes": [{"node": "n1", "run": "true"}, {"node": "n1", "run": "false"}], "after": [{"node": "n1"}], "failed": [{"node": "n1"}]}"#
    )
    #expect(
      states == [
        "failure": "step volumes[1].snapshot", "discover": "succeeded", "volumes": "succeeded",
        "volumes[0].snapshot": "succeeded", "volumes[1].snapshot": "failed", "resume": "succeeded",
        "resume[0].hook": "succeeded", "record": "omitted", "onFailure:ask": "succeeded",
        "onFailure:tell": "succeeded", "onFailure:tell[0].hook": "succeeded",
        "onCancel:tell": "skipped: the run was not cancelled",
        "onSuccess:tell:items": "skipped: the run did not succeed",
        "onSuccess:tell": "skipped: the run did not succeed", "undo:volumes[0].snapshot": "succeeded",
        "undo:volumes[1].snapshot": "succeeded",
      ])
  }

  @Test("cancelled while a snapshot waits for its node: the application goes on, and only onCancel is told")
  func cancelled() async throws {
    let states = try await run(
      #"{"volumes": [{"node": "n2", "run": "true"}], "after": [{"node": "n1"}], "failed": [{"node": "n1"}]}"#,
      isCancelled: true)
    #expect(states["discover"] == "succeeded" && states["volumes[0].snapshot"] == "cancelled")
    #expect(states["resume[0].hook"] == "succeeded" && states["onCancel:tell[0].hook"] == "succeeded")
    #expect(states["onFailure:tell"] == "skipped: the run did not fail")
    #expect(states["onSuccess:tell"] == "skipped: the run did not succeed")
  }

  @Test("nothing was discovered: nothing is done, and what would have been done with it is skipped")
  func undiscovered() async throws {
    let states = try await run("no JSON")
    #expect(
      states == [
        "failure": "step discover", "discover": "failed", "volumes": "omitted",
        "resume": "skipped: there is no list, since step discover put out none",
        "record": "omitted", "onFailure:ask": "succeeded",
        "onFailure:tell": "skipped: there is no list, since step discover put out none",
        "onCancel:tell": "skipped: the run was not cancelled",
        "onSuccess:tell:items": "skipped: the run did not succeed",
        "onSuccess:tell": "skipped: the run did not succeed",
      ])
  }

  @Test("empty lists: nothing to do is a success")
  func empty() async throws {
    let states = try await run(#"{"volumes": [], "after": [], "failed": []}"#)
    #expect(states["record"] == "succeeded" && states["resume"] == "succeeded" && states["failure"] == nil)
    #expect(states["onSuccess:tell"] == "succeeded" && states["onFailure:tell"]?.hasPrefix("skipped") ?? false)
  }
}
