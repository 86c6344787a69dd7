import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Chaos", .serialized, .timeLimit(.minutes(60)))
struct ChaosTests {
  /// How many rounds: HOLDFAST_FAULT_ROUNDS, or 30.
  static let rounds = ProcessInfo.processInfo.environment["HOLDFAST_FAULT_ROUNDS"].flatMap(Int.init) ?? 30

  @Test("whatever is killed, every run ends as its plan wants, and nothing is recorded twice or left behind")
  func kills() async throws {
    var random = SplitMix64.announced()
    let crew = try await Crew()
    for round in 1...max(1, Self.rounds) {
      let cancelled = try await submitLoad(round, crew.installation, &random)
      var happened: [String] = []
      for _ in 0..<3 {
        try await Task.sleep(for: .milliseconds(Int.random(in: 50...900, using: &random)))
        happened.append(try await crew.killSomething(&random))
        if happened.count == 2 { try await crew.cancel(cancelled) }
      }
      let story = "round \(round) with seed \(random.seed): killed \(happened.joined(separator: ", "))"
      do { try await crew.waitForEnd() } catch { Issue.record("\(story)\n\(error)\n\(crew.errors)"); return }
      crew.expectAlive(story)
      let broken = try await crew.installation.brokenRules()
      #expect(broken == [], "\(story)\n\(crew.errors)")
      if !broken.isEmpty { return }
    }
    try await crew.leave()
    print(
      "chaos: \(Self.rounds) rounds, \(crew.kills) kills,",
      try await crew.installation.sql(
        """
        select (select count(*) || ' runs, ' from holdfast.run) || string_agg(n || ' ' || state, ', ' order by state)
        from (select state, count(*) as n from holdfast.attempt group by 1) t
        """))
  }

  /// Submits a dozen runs of every shape, and a policy with slots that are due. Returns the keys of those to cancel.
  private func submitLoad(_ round: Int, _ installation: Installation, _ random: inout SplitMix64) async throws
    -> [String]
  {
    var script = "begin;\n"
    for number in 0..<3 {
      for plan in [
        installation.backup(items: Int.random(in: 0...4, using: &random), &random),
        installation.failing(&random), installation.retrying(&random), installation.stopped(&random),
      ] {
        script += "select holdfast.submit(\(plan.literal), '\(plan.workflow)/\(round)/\(number)');\n"
      }
    }
    let noop = Plan("policy", [["name": "a", "uses": "noop"], ["name": "b", "uses": "noop", "needs": ["a"]]])
    script += """
      select holdfast.put_policy('policy\(round)', '{"cron": "* * * * *", "catchUp": "all", "overlap": "queue"}', \(noop.literal));
      update holdfast.policy set since = date_trunc('minute', now()) - interval '5 min',
        decided_through = date_trunc('minute', now()) - interval '5 min' where policy = 'policy\(round)';
      commit;
      """
    // An answer may be lost, and the script is safe to repeat.
    try await eventually("a submit") {
      (try? await installation.sql(script)) != nil
    }
    return (0..<3).map { "stop-cancelled/\(round)/\($0)" }
  }
}

extension Installation {
  /// A fan-out with everything: a list, a group with undo, limits and an always-step, and a step after all of it.
  fileprivate func backup(items: Int, _ random: inout SplitMix64) -> Plan {
    let pause = { (random: inout SplitMix64) in "sleep 0.\(Int.random(in: 0...4, using: &random))" }
    let list = (0..<items).map(String.init).joined(separator: ",")
    var discover = effect("echo '{\"volumes\": [\(list)]}'")
    discover["parse"] = "json"
    let once: [String: Any] = ["attempts": 1]
    return Plan(
      "ok-backup",
      [
        ["name": "discover", "uses": "exec", "with": discover, "retry": once],
        [
          "name": "freeze", "uses": "exec", "with": effect(), "needs": ["discover"], "retry": once,
          "undo": ["uses": "exec", "with": effect()],
        ],
        [
          "name": "volumes", "forEach": "$.steps.discover.volumes", "as": "volume", "needs": ["freeze"],
          "refs": ["discover"],
          "steps": [
            [
              "name": "snapshot", "uses": "exec", "with": effect(pause(&random)), "retry": once,
              "undo": ["uses": "exec", "with": effect()],
            ],
            ["name": "ready", "uses": "sleep", "with": ["duration": 0.1], "needs": ["snapshot"]],
            [
              "name": "export", "uses": "exec", "with": effect(pause(&random)), "needs": ["ready"],
              "limits": ["narrow"],
              "retry": once,
            ],
            ["name": "release", "uses": "exec", "with": effect(), "needs": ["export"], "always": true, "retry": once],
          ],
        ],
        ["name": "thaw", "uses": "noop", "needs": ["volumes.snapshot"], "always": true],
        ["name": "record", "uses": "exec", "with": effect(), "needs": ["volumes", "thaw"], "retry": once],
      ])
  }

  /// Fails in its middle: what was started is undone, and what must run in any case runs.
  fileprivate func failing(_ random: inout SplitMix64) -> Plan {
    Plan(
      "bad-middle",
      [
        ["name": "first", "uses": "exec", "with": effect(), "undo": ["uses": "exec", "with": effect()]],
        ["name": "beside", "uses": "exec", "with": effect("sleep 0.2"), "undo": ["uses": "exec", "with": effect()]],
        ["name": "broken", "uses": "fail", "with": ["class": "permanent"], "needs": ["first"]],
        ["name": "never", "uses": "exec", "with": effect(), "needs": ["broken"], "undo": ["uses": "noop"]],
        ["name": "anyway", "uses": "exec", "with": effect(), "needs": ["never"], "always": true],
      ])
  }

  /// Fails a few times and then succeeds.
  fileprivate func retrying(_ random: inout SplitMix64) -> Plan {
    let times = Int.random(in: 1...3, using: &random)
    return Plan(
      "ok-retrying",
      [
        [
          "name": "shaky", "uses": "fail", "with": ["times": times],
          "retry": ["attempts": times + 1, "initialSeconds": 0.1, "maxSeconds": 0.5],
        ],
        [
          "name": "limited", "uses": "exec", "with": effect("sleep 0.1"), "limits": ["narrow", "wide"],
          "needs": ["shaky"],
        ],
        ["name": "after", "uses": "noop", "needs": ["limited"], "priority": 5],
      ])
  }

  /// Waits for an approval that never comes, so that it ends by being cancelled.
  fileprivate func stopped(_ random: inout SplitMix64) -> Plan {
    Plan(
      "stop-cancelled",
      [
        ["name": "started", "uses": "exec", "with": effect("sleep 0.3"), "undo": ["uses": "exec", "with": effect()]],
        [
          "name": "asked", "uses": "approval", "needs": ["started"],
          "undo": ["uses": "exec", "with": effect("sleep 0.1")],
        ],
        ["name": "never", "uses": "noop", "needs": ["asked"]],
        ["name": "cleanup", "uses": "exec", "with": effect(), "needs": ["never"], "always": true],
      ])
  }
}

/// Workers and schedulers on one cluster, each of which may be killed and is then started again, as systemd would.
private final class Crew {
  let installation: Installation
  private var members: [(arguments: [String], program: BackgroundProgram)] = []
  private(set) var kills = 0
  private var lastErrors: [String] = []

  init() async throws {
    let postgres = try await PostgresInstance(durability: .durable)
    installation = try await Installation(on: postgres)
    try await installation.sql(
      """
      update holdfast.setting set value = '1000000' where name = 'max_crashes';
      select holdfast.set_limit('narrow', 2), holdfast.set_limit('wide', 3);
      """)
    let worker = ["worker", "--lease", "3", "--slots", "6"]
    try add(worker + ["--name", "w1"])
    try add(worker + ["--name", "w2", "--no-scheduler"])
    try add(worker + ["--name", "w3", "--no-scheduler", "--poll", "200"])
    try add(["scheduler", "--name", "s1", "--tick", "0.3"])
    try add(["scheduler", "--name", "s2", "--tick", "0.3"])
  }

  private func add(_ arguments: [String]) throws {
    members.append((arguments, try installation.start(arguments + ["--log-level", "warning"])))
  }

  /// Kills a worker, a scheduler or the database, and brings it back. Says which.
  func killSomething(_ random: inout SplitMix64) async throws -> String {
    kills += 1
    guard Int.random(in: 0..<10, using: &random) < 7 else {
      try await installation.postgres.kill()
      try await installation.postgres.start()
      return "PostgreSQL"
    }
    let index = Int.random(in: 0..<members.count, using: &random)
    let (arguments, program) = members.remove(at: index)
    await program.kill()
    lastErrors = lastErrors.suffix(5) + [program.errors]
    try add(arguments)
    return arguments[0]
  }

  /// Nobody may have ended but by our hand.
  func expectAlive(_ story: String) {
    for member in members where member.program.hasEnded {
      Issue.record("\(member.arguments) ended by itself: \(member.program.errors.suffix(1000))\n\(story)")
    }
  }

  func cancel(_ keys: [String]) async throws {
    let list = keys.map { "'\($0)'" }.joined(separator: ", ")
    try await eventually("a cancel") {
      (try? await installation.sql(
        "select holdfast.cancel(run_id, 'as asked') from holdfast.submit_key where key in (\(list))")) != nil
    }
  }

  func waitForEnd() async throws {
    try await eventually(within: .seconds(240), "the end of all runs and slots") {
      let over = try await installation.sql(
        """
        \(Installation.switchOffPolicies(after: 5))
        select not exists (select from holdfast.run where finished_at is null)
          and not exists (select from holdfast.policy where enabled);
        select l.name from holdfast.named_limit l where l.capacity <
          (select count(*) from holdfast.lease h join holdfast.lane n using (lane_id) where l.name = any (n.limits));
        """)
      if over.contains("narrow") || over.contains("wide") { throw TestSupportError("a limit is exceeded: \(over)") }
      return over == "t"
    }
  }

  /// Ends everybody politely; nothing of them may be left.
  func leave() async throws {
    for member in members { member.program.signal(SIGTERM) }
    for member in members { #expect(try await member.program.end() == 0) }
    // Longer than a lease.
    try await Task.sleep(for: .seconds(4))
    // Whoever was killed last is noticed by the next look of anybody.
    try await installation.sql("select holdfast.tick()")
    #expect(try await installation.workersLeft() == "")
  }

  var errors: String {
    (lastErrors + members.map(\.program.errors)).map { String($0.suffix(1500)) }.joined(separator: "\n--\n")
  }
}
