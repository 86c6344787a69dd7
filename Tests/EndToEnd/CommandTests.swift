import Foundation
import Glibc
import TestSupport
import Testing

/// The commands that list what goes on and act on it, as people and scripts use them.
@Suite("Commands", .timeLimit(.minutes(20)))
struct CommandTests {
  private let noop: [[String: Any]] = [["name": "a", "uses": "noop"]]

  /// Runs a command that is to end with `code`.
  @discardableResult
  private func run(
    _ installation: Installation, _ line: String, code: Int32 = 0, location: SourceLocation = #_sourceLocation
  ) async throws -> ProgramResult {
    let result = try await installation.run(line.split(separator: " ").map(String.init))
    #expect(result.exitCode == code, "\(line): \(result.output)\(result.errors)", sourceLocation: location)
    return result
  }

  /// What a command writes with `-o json`.
  private func objects(_ installation: Installation, _ line: String) async throws -> [[String: Any]] {
    let text = try await run(installation, line + " -o json").output
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try value as? [[String: Any]] ?? [try #require(value as? [String: Any])]
  }

  /// Scripts rely on the keys: one that goes or is renamed breaks them.
  private func expectKeys(
    _ object: [String: Any], _ keys: String, location: SourceLocation = #_sourceLocation
  ) {
    #expect(object.keys.sorted().joined(separator: " ") == keys, sourceLocation: location)
  }

  /// One sentence on standard error that holds `words`.
  private func expectSentence(
    _ result: ProgramResult, _ words: String, location: SourceLocation = #_sourceLocation
  ) {
    #expect(
      result.errors.hasPrefix("holdfast: ") && result.errors.contains(words) && result.errors.count { $0 == "\n" } == 1
        && result.output.isEmpty, "\(result.errors)", sourceLocation: location)
  }

  @Test("runs are listed, chosen and named")
  func runs() async throws {
    let installation = try await Installation(on: .shared)
    #expect(try await run(installation, "runs").output == "no runs\n")
    expectSentence(
      try await run(installation, "cancel latest", code: 3), "there are no runs yet; 'holdfast submit FILE' starts one."
    )

    let first = try await installation.submit(Plan("nightly", noop))
    let second = try await installation.submit(Plan("verify", [["name": "f", "uses": "fail"]]))
    let worker = try installation.worker("w")
    try await installation.runsEnd()
    await worker.kill()

    let names = try await run(installation, "runs -o name").output
    #expect(names == "\(second)\n\(first)\n", "the newest first")
    let runs = try await objects(installation, "runs")
    #expect(runs.map { $0["state"] as? String } == ["failed", "succeeded"])
    #expect(runs.map { $0["run"] as? Int } == [second, first])
    #expect((runs[0]["failure"] as? String)?.hasPrefix("step f: ") == true)
    #expect((runs[1]["steps"] as? [String: Int])?["over"] == 1)
    #expect((runs[1]["submittedAt"] as? String)?.hasSuffix("Z") == true)
    expectKeys(
      runs[0],
      "elapsedSeconds failure finishedAt parentRun policy queue run startedAt state steps stopReason submittedAt workflow"
    )
    for (option, expected) in [
      ("--state failed", [second]), ("--state failed --state succeeded", [second, first]),
      ("--workflow nightly", [first]), ("--policy nightly", []), ("-n 1", [second]),
    ] {
      #expect(
        try await run(installation, "runs -o name \(option)").output == expected.map { "\($0)\n" }.joined(), "\(option)"
      )
    }
    let table = try await run(installation, "runs").output
    #expect(table.hasPrefix("RUN") && table.contains("nightly") && !table.contains("\u{1B}"))
    #expect(try await run(installation, "runs -n 1 -o yaml").output.contains("workflow: verify\n"))

    // A run by its number, as the latest, and by its workflow.
    for name in ["\(first)", "nightly"] {
      expectSentence(
        try await run(installation, "cancel \(name)", code: 1), "run \(first) of nightly is over already: succeeded.")
    }
    expectSentence(try await run(installation, "cancel latest", code: 1), "run \(second) of verify is over already")
    expectSentence(
      try await run(installation, "cancel nighly", code: 3),
      "there is no run of a workflow or policy 'nighly'; did you mean 'nightly'?")
    expectSentence(try await run(installation, "retry 17", code: 3), "there is no run 17")
  }

  @Test("a run is cancelled, and retried")
  func cancelAndRetry() async throws {
    let installation = try await Installation(on: .shared)
    let id = try await installation.submit(Plan("slow", [["name": "a", "uses": "sleep", "with": ["duration": "10m"]]]))
    let worker = try installation.worker("w")
    try await eventually("the step sleeps") {
      try await installation.number("select count(*) from holdfast.parked") == 1
    }
    expectSentence(try await run(installation, "retry slow", code: 1), "is not over yet")
    let cancelled = try await run(installation, "cancel slow --reason maintenance")
    #expect(cancelled.output == "run \(id) of slow is being cancelled\n")
    try await installation.runsEnd()
    let stopped = try await objects(installation, "runs")
    #expect(stopped[0]["state"] as? String == "cancelled" && stopped[0]["stopReason"] as? String == "maintenance")

    expectSentence(try await run(installation, "retry latest --from nowhere", code: 3), "has no step 'nowhere'")
    #expect(
      try await run(installation, "retry latest").output
        == "run \(id) of slow is retried: 1 step; 'holdfast watch \(id)' shows how it goes\n")
    #expect(try await installation.state(of: id) == "running")
    #expect(try await run(installation, "cancel \(id) -o name").output == "\(id)\n")
    try await installation.runsEnd()
    await worker.kill()
  }

  @Test("an approval lets a step go on, a refusal fails it, and nothing is sent if none waits")
  func approve() async throws {
    let installation = try await Installation(on: .shared)
    let worker = try installation.worker("w")
    let plan = Plan("restore", [["name": "ask", "uses": "approval", "with": ["message": "really?"]]])
    func waiting() async throws {
      try await eventually("the step waits") {
        try await installation.number("select count(*) from holdfast.parked") == 1
      }
    }
    let other = try await installation.submit(
      Plan("other", [["name": "a", "uses": "sleep", "with": ["duration": "10m"]]]))
    expectSentence(try await run(installation, "approve \(other)", code: 1), "waits for no approval")
    try await waiting()
    expectSentence(try await run(installation, "approve \(other)", code: 1), "waits for no approval")
    try await run(installation, "cancel \(other)")
    try await installation.runsEnd()
    #expect(try await installation.number("select count(*) from holdfast.signal") == 0)

    let first = try await installation.submit(plan)
    try await waiting()
    let result = try await run(installation, "approve restore --by ann --comment checked")
    #expect(result.output == "approved ask of run \(first) of restore\n")
    try await installation.runsEnd()
    #expect(
      try await installation.sql("select outputs from holdfast.attempt_log where run_id = \(first) and is_final")
        == #"{"comment": "checked", "approvedBy": "ann"}"#)
    expectSentence(try await run(installation, "approve restore", code: 1), "is over already: succeeded.")

    let second = try await installation.submit(plan)
    try await waiting()
    try await run(installation, "approve latest --refuse --by bob")
    try await installation.runsEnd()
    #expect(try await installation.state(of: second) == "failed")
    #expect(
      (try await objects(installation, "runs -n 1"))[0]["failure"] as? String == "step ask: approval: refused by bob")
    await worker.kill()
  }

  @Test("the program's name alone shows what there is")
  func nothing() async throws {
    let result = try await runProgram(holdfastBinary, [])
    #expect(result.exitCode == 2 && result.errors.contains("holdfast COMMAND") && result.errors.contains("submit"))
  }

  @Test("a step that waits takes as long as it waits")
  func waitingTakesTime() async throws {
    let installation = try await Installation(on: .shared)
    let worker = try installation.worker("w")
    let run = try await installation.submit(Plan("rest", [["name": "s", "uses": "sleep", "with": ["duration": 1]]]))
    try await installation.runsEnd()
    for view in ["run_step", "step_status"] {
      #expect(
        try await installation.sql(
          "select finished_at - started_at > interval '1 s', attempt from holdfast.\(view) where run_id = \(run)")
          == "t|1")
    }
    await worker.kill()
  }

  @Test("of several approvals one is answered at a time, or all; a signal wakes who waits for it")
  func severalApprovals() async throws {
    let installation = try await Installation(on: .shared)
    let worker = try installation.worker("w")
    let run = try await installation.submit(
      Plan("both", ["one", "two", "three"].map { ["name": $0, "uses": "approval"] }))
    func waiting(_ count: Int) async throws {
      try await eventually("\(count) wait") {
        try await installation.number("select count(*) from holdfast.parked") == count
      }
    }
    try await waiting(3)
    let several = try await self.run(installation, "approve latest", code: 2)
    #expect(
      several.errors.contains(
        "waits for several approvals (one, two, three); name one of them, or answer all with --all"))
    expectSentence(try await self.run(installation, "approve latest tow", code: 3), "did you mean 'two'?")
    #expect(try await self.run(installation, "approve latest two").output == "approved two of run \(run) of both\n")
    try await waiting(2)
    #expect(try await self.run(installation, "signal latest approval/one").output == "woke 1 step of run \(run)\n")
    try await waiting(1)
    try await self.run(installation, "approve latest --all")
    try await installation.runsEnd()
    #expect(try await installation.state(of: run) == "succeeded")
    await worker.kill()
  }

  @Test("limits are set, shown with their holders, and deleted; workers show how busy they are")
  func limits() async throws {
    let installation = try await Installation(on: .shared)
    #expect(try await run(installation, "workers").output.hasPrefix("no workers"))
    #expect(try await run(installation, "limits set disks 1").output == "limit disks is now 1\n")
    try await run(installation, "limits set unused 3")
    let hold: [String: Any] = ["uses": "exec", "limits": ["disks"], "with": ["command": ["sleep", "600"]]]
    let id = try await installation.submit(
      Plan("hold", ["a", "b"].map { name in hold.merging(["name": name]) { first, _ in first } }))
    let worker = try installation.worker("w", ["--label", "node=n1", "--grace", "0"])
    try await eventually("a step runs") {
      try await installation.number("select count(*) from holdfast.lease") == 1
    }
    let limits = try await objects(installation, "limits")
    #expect(limits.map { $0["limit"] as? String } == ["disks", "unused"])
    #expect(limits.map { $0["used"] as? Int } == [1, 0] && limits[0]["waiting"] as? Int == 1)
    expectKeys(limits[0], "capacity changedAt free holders limit used waiting")
    let holder = try #require((limits[0]["holders"] as? [[String: Any]])?.first)
    #expect(holder["run"] as? Int == id && holder["worker"] as? String == "w")
    #expect(try await run(installation, "limits").output.contains("of run \(id) on w\n"))

    let workers = try await objects(installation, "workers")
    #expect(workers[0]["busy"] as? Int == 1 && workers[0]["slots"] as? Int == 4)
    expectKeys(
      workers[0],
      "busy endedAt host kinds labels lastSeenAt leaseEndsAt name pid queues slots startedAt state version worker")
    #expect(workers[0]["labels"] as? [String: String] == ["node": "n1"])

    expectSentence(try await run(installation, "limits delete disk", code: 3), "did you mean 'disks'?")
    expectSentence(try await run(installation, "limits delete disks", code: 1), "is named by steps")
    try await run(installation, "limits delete unused")
    #expect(try await run(installation, "limits -o name").output == "disks\n")
    worker.signal(SIGTERM)
    #expect(try await worker.end() == 0)
    #expect(try await run(installation, "workers -o name").output == "")
    #expect((try await objects(installation, "workers --all")).map { $0["state"] as? String } == ["stopped"])
  }

  @Test("queues and policies are paused and resumed; policies show their schedule")
  func policies() async throws {
    let installation = try await Installation(on: .shared)
    let plan = Plan("ok", noop).literal
    try await installation.sql(
      """
      select holdfast.put_policy('nightly', '{"cron": "30 4 * * *", "timeZone": "Europe/Berlin"}', \(plan));
      select holdfast.put_policy('hourly', '{"cron": "0 * * * *", "jitterSeconds": 600}', \(plan));
      """)
    #expect(
      try await run(installation, "pause queue fast").output == "queue fast is paused; no run was submitted to it yet\n"
    )
    expectSentence(try await run(installation, "pause policy nightli", code: 3), "did you mean 'nightly'?")
    try await run(installation, "pause policy nightly --reason moving")
    let policies = try await objects(installation, "policies")
    #expect(policies.map { $0["policy"] as? String } == ["hourly", "nightly"])
    expectKeys(
      policies[0],
      "dataAgeSeconds enabled lastRun lastRunState lastSlot lastSuccessAt nextSlot pauseReason paused policy problem "
        + "queuedSlots schedule workflow")
    #expect(policies.map { $0["paused"] as? Bool } == [false, true])
    #expect(policies[1]["pauseReason"] as? String == "moving" && policies[0]["lastSuccessAt"] is NSNull)
    #expect(try await run(installation, "policies").output.contains("never"))

    #expect(try await run(installation, "resume policy nightly").output == "policy nightly goes on\n")
    expectSentence(try await run(installation, "resume policy nightly", code: 1), "policy nightly is not paused.")
    expectSentence(try await run(installation, "resume policy hourli", code: 3), "did you mean 'hourly'?")
    try await run(installation, "resume queue fast")

    let slots = try await objects(installation, "schedule next nightly -n 3")
    #expect(slots.count == 3 && slots.allSatisfy { ($0["local"] as? String)?.contains("T04:30:00+0") == true })
    expectKeys(slots[0], "dueAt local note slot")
    let hourly = try await objects(installation, "schedule next hourly -n 1")
    #expect(hourly[0]["slot"] as? String != hourly[0]["dueAt"] as? String, "jitter is in the time that it falls due")
    expectSentence(try await run(installation, "schedule next nightli", code: 3), "did you mean 'nightly'?")
    let events = try await run(installation, "events -o name").output
    #expect(events == "paused\npaused\nresumed\nresumed\n")
  }

  @Test("events are followed as they come, and chosen by run and kind")
  func events() async throws {
    let installation = try await Installation(on: .shared)
    try await run(installation, "limits set a 1")
    let follower = try installation.start(["events", "-f", "-o", "json"])
    try await eventually("the first event") { follower.output.contains("limit a is now 1") }
    try await run(installation, "limits set b 2")
    try await eventually("the next event") { follower.output.contains("limit b is now 2") }
    try await Task.sleep(for: .seconds(2))
    let lines = follower.output.split(separator: "\n")
    #expect(lines.count == 2, "each once: \(lines)")
    for line in lines { #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any]) }
    await follower.kill()

    let id = try await installation.submit(Plan("p", [["name": "f", "uses": "fail"]]))
    let worker = try installation.worker("w")
    try await installation.runsEnd()
    await worker.kill()
    #expect(try await run(installation, "events --run p -o name").output == "step-failed\nrun-failed\n")
    let failed = try await objects(installation, "events --kind run-failed")
    #expect(failed[0]["run"] as? Int == id)
    expectKeys(failed[0], "at kind message policy run step subject worker workflow")
  }

  @Test("the ledger says what is open, and who owns it")
  func ledger() async throws {
    let installation = try await Installation(on: .shared)
    #expect(try await run(installation, "ledger").output == "nothing is open\n")
    try await installation.sql(
      """
      insert into holdfast.resource (kind, driver, name, state, run_id, step_id, detail)
      values ('snapshot', 'btrfs', 'snap-1', 'exists', 5, 5 << 20 | 1, '{"path": "/x"}'),
        ('snapshot', 'btrfs', 'snap-2', 'released', 5, 5 << 20 | 1, '{}'),
        ('snapshot', 'btrfs', 'snap-3', 'exists', 5, 5 << 20 | 1, '{"keep": true, "point": "shop-1"}')
      """)
    #expect(try await run(installation, "ledger -o name").output == "snap-3\nsnap-1\n")
    let all = try await objects(installation, "ledger --all")
    expectKeys(
      all[0], "detail driver intendedAt kind leftBehind madeAt name owner releasedAt resource run state step workflow")
    #expect(all.count == 3 && all[2]["leftBehind"] as? Bool == true && all[0]["leftBehind"] as? Bool == false)
    #expect((all[2]["detail"] as? [String: String])?["path"] == "/x")
    #expect(all[0]["owner"] as? String == "restore point shop-1")
    #expect(try await run(installation, "ledger").output.contains("left behind"))
    #expect(try await run(installation, "ledger --left-behind -o name").output == "snap-1\n")
    #expect(try await run(installation, "resources -o name").output == "snap-3\nsnap-1\n", "its former name")
  }

  @Test("lists need nothing but the reader's role")
  func reader() async throws {
    let installation = try await Installation(on: .shared)
    try await installation.sql(
      """
      do $$ begin create role looker login; exception when duplicate_object then null; end $$;
      grant holdfast_reader to looker;
      """)
    let url = installation.postgres.url(database: installation.database, user: "looker")
    for command in ["runs", "workers", "limits", "policies", "events", "ledger", "points"] {
      let result = try await installation.run([command, "-o", "json"], url: url)
      #expect(result.exitCode == 0 && result.output == "[]\n", "\(command): \(result.errors)")
    }
    let refused = try await installation.run(["limits", "set", "a", "1"], url: url)
    #expect(refused.exitCode == 1 && refused.errors.contains("permission denied"), "\(refused.errors)")
  }

  @Test("a database that is not there, not migrated or not named has its exit code and a sentence")
  func database() async throws {
    let installation = try await Installation(on: .shared, isMigrated: false)
    for command in [
      "runs", "workers", "limits", "policies", "events", "ledger", "points", "policy status", "cancel latest",
    ] {
      expectSentence(try await run(installation, command, code: 1), "run `holdfast migrate`")
    }
    let away = try await installation.run(["runs"], url: "postgresql://user:secret@127.0.0.1:1/nowhere")
    #expect(away.exitCode == 4 && away.errors.contains("Connection refused") && !away.errors.contains("secret"))
    let none = try await installation.run(["runs"], url: "")
    #expect(none.exitCode == 2 && none.errors.contains("no database is given"))
    let noDatabase = try await installation.run(
      ["schedule", "next", "--cron", "30 2 * * *", "--zone", "Europe/Berlin", "-n", "2", "-o", "name"], url: "")
    #expect(noDatabase.exitCode == 0 && noDatabase.output.split(separator: "\n").count == 2)
  }

  @Test(
    "bash completes commands, options, values, files and what is in the database",
    arguments: [
      (["work"], ["worker", "workers"]), (["limits", ""], ["set", "delete"]), (["limits", "set", ""], ["disks"]),
      (["runs", "-o", ""], ["table", "json", "yaml", "name"]), (["runs", "--output", "=", "j"], ["json"]),
      (["pause", "q"], ["queue"]), (["cancel", "l"], ["latest"]), (["--log-f"], ["--log-format"]),
    ])
  func bash(words: [String], offered: [String]) async throws {
    let installation = try await Installation(on: .shared)
    try await run(installation, "limits set disks 1")
    let script = """
      source <("$0" completion bash)
      COMP_WORDS=(holdfast "$@"); COMP_CWORD=$#
      _holdfast "$0"
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    let result = try await completing(offered.map { $0 + "\n" }.joined()) {
      try await runProgram(
        "/bin/bash", ["-c", script, holdfastBinary] + words,
        environment: ["PATH": "/usr/bin:/bin", "HOLDFAST_DATABASE_URL": installation.url])
    }
    #expect(result.errors == "" && result.output == offered.map { $0 + "\n" }.joined(), "\(result.errors)")
  }

  /// What a shell offers. It waits for names from the database for a moment only, and a busy machine may need longer.
  private func completing(
    _ wanted: String, _ complete: () async throws -> ProgramResult
  ) async throws -> ProgramResult {
    for _ in 1..<100 {
      let result = try await complete()
      if result.output == wanted { return result }
    }
    return try await complete()
  }

  private static let otherShells: [(path: String, script: String)] = [
    (
      "/usr/bin/fish",
      #"""
      holdfast completion fish | source
      complete -C "holdfast limits set d" | cut -f 1
      complete -C "holdfast runs --output=j" | cut -f 1
      """#
    ),
    (
      "/usr/bin/zsh",
      #"""
      autoload -Uz compinit; compinit -u -D
      source <(holdfast completion zsh)
      _describe() { print -l -- "${(@)${(@P)2}%%:*}" }
      words=(holdfast limits set d); CURRENT=4; _holdfast
      words=(holdfast runs --output=j); CURRENT=3; _holdfast
      """#
    ),
  ].filter { access($0.path, X_OK) == 0 }

  @Test("the other shells that are installed complete as well", arguments: otherShells.map(\.path))
  func shells(path: String) async throws {
    let installation = try await Installation(on: .shared)
    try await run(installation, "limits set disks 1")
    let script = try #require(Self.otherShells.first { $0.path == path }).script
    let folder = URL(fileURLWithPath: holdfastBinary).deletingLastPathComponent().path
    let result = try await completing("disks\n--output=json\n") {
      try await runProgram(
        path, ["-c", script],
        environment: [
          "PATH": "\(folder):/usr/bin:/bin", "HOME": installation.effects.path,
          "HOLDFAST_DATABASE_URL": installation.url,
        ])
    }
    #expect(result.output == "disks\n--output=json\n", "\(result.errors)")
  }
}
