import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `show` and `watch` against runs that are under way.
  @Suite("Show and watch")
  struct WatchTests {
    /// Two items, of which the second fails at its second attempt, and a step that needs both.
    static var failing: Plan {
      Plan(
        "failing",
        [
          [
            "name": "list", "uses": "exec",
            "with": ["command": ["echo", #"{"items": ["one", "two"]}"#], "parse": "json"],
          ],
          [
            "name": "group", "needs": ["list"], "refs": ["list"], "forEach": "$.steps.list.items", "as": "it",
            "steps": [
              [
                "name": "work", "uses": "exec", "retry": ["attempts": 2, "initialSeconds": 0.2, "maxSeconds": 0.2],
                "with": [
                  "command": [
                    // All on one stream: lines of two may come in either order.
                    "sh", "-c",
                    "echo working >&2; sleep 0.2; case $HOLDFAST_STEP in *1*) echo broken >&2; exit 3;; esac",
                  ]
                ],
              ]
            ],
          ],
          ["name": "record", "uses": "noop", "needs": ["group.work"]],
        ])
    }

    @Test("without a terminal each change is a line, and the exit code tells how the run ended")
    func plain() async throws {
      let installation = try await Installation(on: .shared)
      let run = try await installation.submit(Self.failing)
      let watch = try installation.start(["watch", "latest"])
      // Or the run could be over before it is watched.
      try await eventually("the first line") { watch.output.contains("is running") }
      let worker = try installation.worker("w1")
      #expect(try await watch.end() == 1)
      let lines = watch.output.split(separator: "\n").map { $0.dropFirst(9) }
      #expect(lines.first == "run \(run) of failing is running")
      #expect(lines.contains { $0.hasPrefix("group[1].work failed: two: attempt 2 of 2: ") })
      #expect(lines.contains { $0.hasPrefix("group[0].work succeeded in ") })
      #expect(lines.contains { $0.hasPrefix("record left out: ") })
      #expect(lines.last?.hasPrefix("run \(run) of failing failed: ") ?? false)
      #expect(watch.errors.contains("'holdfast explain \(run)' tells why"))

      let good = try await installation.submit(Plan("good", [["name": "a", "uses": "noop"]]))
      #expect(try await installation.run(["watch", "\(good)"]).exitCode == 0)
      await worker.kill()
    }

    @Test("a cancelled run and an unknown one have exit codes of their own; Ctrl-C leaves the run alone")
    func exits() async throws {
      let installation = try await Installation(on: .shared)
      let run = try await installation.submit(Plan("waits", [["name": "a", "uses": "approval"]]))
      let watch = try installation.start(["watch", "\(run)"])
      try await eventually("the first line") { watch.output.contains("is running") }
      watch.signal(SIGINT)
      #expect(try await watch.end() == 130)
      #expect(watch.errors.contains("'holdfast watch \(run)' watches it again"))
      #expect(try await installation.state(of: run) == "running")
      try await installation.sql("select holdfast.cancel(\(run), 'enough')")
      let cancelled = try await installation.run(["watch", "\(run)"])
      #expect(cancelled.exitCode == 5)
      #expect(cancelled.output.contains("run \(run) of waits was cancelled: enough"))
      #expect(try await installation.run(["watch", "17"]).exitCode == 3)
    }

    @Test("on a terminal the picture is drawn in its place, and what ended stays there")
    func terminal() async throws {
      let installation = try await Installation(on: .shared)
      _ = try await installation.submit(Self.failing)
      let worker = try installation.worker("w1")
      let result = try await runProgram(
        "/usr/bin/script", ["-qec", "stty rows 20 cols 70; exec '\(holdfastBinary)' watch latest", "/dev/null"],
        environment: [
          "PATH": "/usr/bin:/bin", "TERM": "xterm", "HOLDFAST_DATABASE_URL": installation.url, "SHELL": "/bin/sh",
        ])
      #expect(result.exitCode == 1)
      #expect(result.output.hasPrefix("\u{1B}[?25l"))
      #expect(result.output.contains("\u{1B}[?25h"))
      #expect(!result.output.contains("\u{1B}[2J") && !result.output.contains("\u{1B}[?1049h"))
      let last = result.output.components(separatedBy: "\u{1B}[J").last ?? ""
      #expect(last.contains("2 items: 1 done, 1 failed"))
      #expect(last.contains("holdfast retry"))
      await worker.kill()
    }

    @Test("a database that is away is asked again until it is back")
    func outage() async throws {
      let postgres = try await PostgresInstance()
      let installation = try await Installation(on: postgres)
      let run = try await installation.submit(Plan("waits", [["name": "a", "uses": "approval"]]))
      let watch = try installation.start(["watch", "\(run)"])
      try await eventually("the first line") { watch.output.contains("is running") }
      try await postgres.stop(.fast)
      try await eventually("the news") { watch.errors.contains("the database does not answer") }
      try await postgres.start()
      try await installation.sql("select holdfast.cancel(\(run), 'enough')")
      #expect(try await watch.end() == 5)
      #expect(watch.errors.contains("the database answers again"))
    }

    @Test("a failed run shows its first failure, its last lines and what to do; documents have every step")
    func show() async throws {
      let installation = try await Installation(on: .shared)
      let run = try await installation.submit(Self.failing)
      let worker = try installation.worker("w1")
      try await installation.runsEnd()
      await worker.kill()
      let page = try await installation.run(["show", "failing"]).output
      #expect(page.contains("✗ group") && page.contains("✗ [1].work") && !page.contains("[0].work"))
      #expect(page.contains("    │ broken\n"))
      #expect(page.contains("holdfast retry \(run)\n"))
      #expect(try await installation.run(["show", "failing", "--all"]).output.contains("✓ [0].work"))
      #expect(try await installation.run(["show", "failing", "--outputs"]).output.contains("items: [\"one\",\"two\"]"))

      let text = try await installation.run(["show", "\(run)", "--output", "json"]).output
      let document = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
      #expect(document?["state"] as? String == "failed")
      let steps = document?["steps"] as? [[String: Any]] ?? []
      #expect(
        steps.compactMap { $0["name"] as? String } == ["list", "group", "record", "group[0].work", "group[1].work"])
      #expect(Set(steps.last?["needs"] as? [String] ?? ["?"]) == [])
      #expect(Set(steps[2]["needs"] as? [String] ?? []) == ["group", "group[0].work", "group[1].work"])
    }
  }
}
