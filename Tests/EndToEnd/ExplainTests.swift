import TestSupport
import Testing

extension EndToEnd {
  /// `explain` where something is in the way.
  @Suite("Explain")
  struct ExplainTests {
    @Test("needs are followed to what is in the way: an approval, with the command that gives it")
    func needs() async throws {
      let installation = try await Installation(on: .shared)
      let run = try await installation.submit(
        Plan(
          "chain",
          [
            ["name": "a", "uses": "approval", "with": ["message": "go on?"]],
            ["name": "b", "uses": "noop", "needs": ["a"]], ["name": "c", "uses": "noop", "needs": ["b"]],
          ]))
      let worker = try installation.worker("w1")
      try await eventually("the wait") {
        try await installation.sql("select count(*) from holdfast.parked") == "1"
      }
      let text = try await installation.run(["explain", "chain/c"]).output
      #expect(text.contains("c waits for b.\n") && text.contains("b waits for a.\n"))
      #expect(text.contains("waits for approval: go on?"))
      #expect(text.contains("holdfast approve \(run) a\n"))
      #expect(try await installation.run(["approve", "\(run)"]).exitCode == 0)
      try await installation.runsEnd()
      #expect(
        try await installation.run(["explain", "chain", "c"]).output.contains("c (noop, run \(run) of chain) succeeded")
      )
      await worker.kill()
    }

    @Test("no worker, a used up limit and a pause are named with who holds them")
    func reasons() async throws {
      let installation = try await Installation(on: .shared)
      try await installation.sql("select holdfast.set_limit('disk', 1)")
      let sleep: [String: Any] = ["command": ["sleep", "300"]]
      let first = try await installation.submit(
        Plan("first", [["name": "holds", "uses": "exec", "with": sleep, "limits": ["disk"]]]))
      let worker = try installation.worker("w1", slots: 2, ["--label", "zone=eu-1"])
      try await eventually("the first step") {
        try await installation.sql("select count(*) from holdfast.lease") == "1"
      }
      _ = try await installation.submit(
        Plan(
          "second",
          [
            ["name": "limited", "uses": "exec", "with": sleep, "limits": ["disk"]],
            ["name": "far", "uses": "exec", "with": sleep, "on": ["zone": "eu-2"]],
          ]))
      let limited = try await installation.run(["explain", "second", "limited"]).output
      #expect(limited.contains("limit disk is held by run \(first), holds on w1"))
      #expect(limited.contains("holdfast limits set disk 2\n"))
      let far = try await installation.run(["explain", "second", "far"]).output
      #expect(far.contains("w1: has zone=eu-1 instead of eu-2"))
      #expect(far.contains("holdfast worker --label zone=eu-2\n"))
      let running = try await installation.run(["explain", "first", "holds"]).output
      #expect(running.contains("holds (exec) runs since") && running.contains("Worker w1 was last heard of"))

      try await installation.sql("select holdfast.pause('queue', 'default', 'maintenance')")
      let paused = try await installation.run(["explain", "second"]).output
      #expect(paused.contains("queue default is paused: maintenance"))
      #expect(paused.contains("holdfast resume queue default\n"))
      let mistyped = try await installation.run(["explain", "second", "limitd"])
      #expect(mistyped.exitCode == 3 && mistyped.errors.contains("did you mean 'limited'?"))
      await worker.kill()
    }

    @Test("of a failed run: the first failure, and the way from there to what was left out")
    func failure() async throws {
      let installation = try await Installation(on: .shared)
      let run = try await installation.submit(WatchTests.failing)
      let worker = try installation.worker("w1")
      try await installation.runsEnd()
      await worker.kill()
      let text = try await installation.run(["explain", "latest", "record"]).output
      #expect(text.contains("record was left out, since it needs group[1].work, which failed.\n"))
      #expect(text.contains("group[1].work (exec) failed at") && text.contains("at attempt 2 of 2 on w1:\n"))
      #expect(text.contains("    │ broken\n"))
      #expect(text.contains("holdfast retry \(run)\n"))
      let whole = try await installation.run(["explain", "latest"]).output
      #expect(whole.contains("Left out because of that: record.\n"))
    }

    @Test("a role that may only read can show, explain and read logs")
    func reader() async throws {
      let installation = try await Installation(on: .shared)
      let run = try await installation.submit(WatchTests.failing)
      try await installation.sql(
        """
        do $$ begin
          if not exists (select from pg_roles where rolname = 'onlooker') then
            create role onlooker login; grant holdfast_reader to onlooker;
          end if;
        end $$
        """)
      let url = installation.postgres.url(database: installation.database, user: "onlooker")
      for command in [
        ["show", "\(run)", "--outputs"], ["explain", "\(run)"], ["explain", "\(run)", "list"], ["logs", "\(run)"],
      ] {
        let result = try await installation.run(command, url: url)
        #expect(result.exitCode == 0, "\(command): \(result.errors)")
      }
    }
  }
}
