import JSON
import Log
import PostgresClient
import StepEngine
import TestSupport
import Testing

@Suite("Firing schedules")
struct SchedulerTests {
  private static let year = "extract(year from now() at time zone 'UTC')::int"

  /// A policy that runs each New Year, and whose last four slots are due.
  private func due(
    _ engine: Engine, _ name: String = "p", _ schedule: [String: JSONValue] = [:], _ steps: [JSONValue] = [step("a")]
  ) async throws {
    let schedule = JSONValue.object(["cron": "0 0 1 1 *"].merging(schedule) { $1 })
    try await engine.client.putPolicy(name, schedule: schedule, plan: ["workflow": "test", "steps": .array(steps)])
    try await engine.execute(
      """
      update holdfast.policy set since = make_timestamptz(\(Self.year) - 4, 6, 1, 0, 0, 0, 'UTC'),
        decided_through = make_timestamptz(\(Self.year) - 4, 6, 1, 0, 0, 0, 'UTC'), passed_through = null, look_at = null
      where policy = '\(name)'
      """)
  }

  private func scheduler(_ engine: Engine, _ name: String, tick: Duration = .milliseconds(50)) -> Scheduler {
    Scheduler(database: engine.configuration, name: name, tick: tick, logger: Logger(level: .error))
  }

  private func scheduling(_ engine: Engine, _ count: Int = 1, _ body: () async throws -> Void) async throws {
    let all = (0..<count).map { scheduler(engine, "scheduler-\($0)") }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for scheduler in all { group.addTask { try await scheduler.run() } }
      do { try await body() } catch {
        group.cancelAll()
        throw error
      }
      for scheduler in all { scheduler.drain() }
      try await group.waitForAll()
    }
  }

  /// What became of each slot, oldest first.
  private func slots(_ engine: Engine, _ policy: String = "p") async throws -> [String] {
    try await engine.rows(
      "select \(Self.year) - extract(year from slot at time zone 'UTC')::int as a, state as b from holdfast.policy_slot where policy = $1 order by slot",
      [.text(policy)]
    ).map { "\($0[0]) \($0[1])" }
  }

  /// A run of the policy, as an earlier slot would have started it.
  private func live(_ engine: Engine) async throws -> RunID {
    RunID(
      Int64(
        try await engine.int(
          #"select holdfast.submit('{"workflow": "test", "policy": "p", "steps": [{"name": "w", "uses": "approval"}]}', null, null, now() - interval '20 years')"#
        )))
  }

  @Test("with five schedulers at once, each slot fires once")
  func once() async throws {
    try await withEngine { engine in
      for policy in 0..<10 { try await due(engine, "p\(policy)") }
      try await scheduling(engine, 5) {
        try await eventually {
          try await engine.int("select count(*) from holdfast.policy_slot") >= 40
        }
        try await Task.sleep(for: .milliseconds(200))
      }
      #expect(try await engine.int("select count(*) from holdfast.run") == 10)
      #expect(
        try await engine.int("select count(*) from holdfast.policy_slot where state = 'fired' and run_id is not null")
          == 10)
      #expect(try await engine.int("select count(*) from holdfast.leader") == 0)
    }
  }

  @Test("even without a leader, decisions about one slot at the same moment start one run")
  func race() async throws {
    try await withEngine { engine in
      try await due(engine)
      let fired = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<8 {
          group.addTask {
            try await engine.rows(
              "select d.run_id as a from holdfast.policy p cross join lateral holdfast.decide_slots('p', array[date_trunc('year', now())], '{fire}', '{null}', '{}', now(), null, 'infinity', p.decided_through, '{}') d"
            ).count
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(fired.reduce(0, +) == 1 && fired.count == 8)
      #expect(try await engine.int("select count(*) from holdfast.run") == 1)
    }
  }

  @Test("when the leader dies another takes over; when it leaves, at once")
  func takeover() async throws {
    try await withEngine { engine in
      // Their lead lasts ten seconds: long enough that no busy machine ends it.
      let first = scheduler(engine, "first", tick: .seconds(2))
      let second = scheduler(engine, "second", tick: .seconds(2))
      try await due(engine)
      try await engine.execute("insert into holdfast.leader values ('scheduler', 'dead', now() + interval '1 s')")
      let end = try await engine.value("select expires_at from holdfast.leader")
      let firstRun = Task { try await first.run() }
      try await eventually { try await slots(engine).count == 4 }
      #expect(try await engine.value("select min(decided_at) > '\(end)' from holdfast.policy_slot") == "true")
      let secondRun = Task { try await second.run() }
      try await Task.sleep(for: .milliseconds(200))
      #expect(try await engine.value("select holder from holdfast.leader") == "first")
      first.drain()
      try await firstRun.value
      #expect(try await engine.int("select count(*) from holdfast.leader where holder = 'first'") == 0)
      try await eventually {
        try await engine.value("select holder from holdfast.leader") == "second"
      }
      second.drain()
      try await secondRun.value
    }
  }

  static let catchUps: [(rule: JSONValue, slots: [String])] = [
    ("none", ["3 missed", "2 missed", "1 missed", "0 missed"]),
    ("latest", ["3 missed", "2 missed", "1 missed", "0 fired"]),
    ("all", ["3 skipped", "2 skipped", "1 skipped", "0 fired"]),
  ]

  @Test("late slots are made up for by the rule", arguments: catchUps)
  func catchUp(_ rule: (rule: JSONValue, slots: [String])) async throws {
    try await withEngine { engine in
      try await due(engine, "p", ["catchUp": rule.rule])
      try await scheduling(engine) {
        try await eventually { try await slots(engine).count == 4 }
      }
      #expect(try await slots(engine) == rule.slots)
      #expect(
        try await engine.value(
          "select next_slot = make_timestamptz(\(Self.year) + 1, 1, 1, 0, 0, 0, 'UTC') from holdfast.policy") == "true")
      let missed = try await engine.int(
        "select count(*) from holdfast.event where kind in ('slot-missed', 'slot-skipped')")
      #expect(missed == rule.slots.count { !$0.hasSuffix("fired") })
    }
  }

  @Test("queued slots run one after the other, in order")
  func queued() async throws {
    try await withEngine { engine in
      try await due(engine, "p", ["catchUp": "all", "overlap": "queue"])
      try await engine.working {
        try await scheduling(engine) {
          try await eventually {
            try await slots(engine) == ["3 fired", "2 fired", "1 fired", "0 fired"]
          }
        }
        for run in try await engine.rows("select run_id as a from holdfast.run") {
          try await engine.end(of: RunID(Int64(run[0]) ?? 0))
        }
      }
      let order = try await engine.rows(
        "select run_id as a, slot as b, submitted_at as c, finished_at as d from holdfast.run order by run_id")
      #expect(order.map { $0[1] } == order.map { $0[1] }.sorted())
      // Each began after the one before had ended.
      #expect(zip(order, order.dropFirst()).allSatisfy { $0[3] <= $1[2] })
    }
  }

  @Test(
    "a slot that falls due beside a live run is skipped, waits, or takes its place",
    arguments: ["skip", "queue", "replace"])
  func overlap(_ rule: String) async throws {
    try await withEngine { engine in
      try await engine.working {
        let live = try await live(engine)
        try await engine.wait(for: ["w": "parked"], in: live)
        try await due(engine, "p", ["overlap": .string(rule)])
        try await scheduling(engine) {
          try await eventually { try await slots(engine).count == 4 }
          switch rule {
          case "skip":
            #expect(try await slots(engine).last == "0 skipped")
            #expect(try await engine.state(live) == "running")
          case "queue":
            #expect(try await slots(engine).last == "0 queued")
            #expect(try await engine.state(live) == "running")
            _ = try await engine.client.signal(live, "approval/w")
            try await eventually { try await slots(engine).last == "0 fired" }
            #expect(try await engine.state(live) == "succeeded")
          default:
            try await eventually { try await slots(engine).last == "0 fired" }
            #expect(try await engine.state(live) == "cancelled")
            #expect(
              try await engine.value("select stop_reason from holdfast.run where run_id = \(live)")
                == "a newer slot of its policy replaces it")
          }
        }
        if rule == "skip" { _ = try await engine.client.signal(live, "approval/w") }
        try await eventually {
          try await engine.int("select count(*) from holdfast.run where finished_at is null") == 0
        }
      }
    }
  }

  @Test("a paused policy fires nothing, and what fell due meanwhile is not made up for when it is resumed")
  func paused() async throws {
    try await withEngine { engine in
      try await engine.client.pause(.policy, "p", reason: "x")
      try await due(engine)
      try await scheduling(engine) {
        try await Task.sleep(for: .milliseconds(300))
        #expect(try await slots(engine) == [])
        _ = try await engine.client.resume(.policy, "p")
        try await eventually {
          try await engine.int("select count(*) from holdfast.policy where next_slot > now()") == 1
        }
        #expect(try await slots(engine) == [])
        try await due(engine)
        try await eventually { try await slots(engine).last == "0 fired" }
      }
    }
  }

  @Test("neither a pause nor a change of the schedule loses a slot that waits for its window")
  func waitingSlot() async throws {
    try await withEngine { engine in
      // A slot of an hour ago, and a window that opens in two hours.
      func utc(_ ago: String, _ format: String) async throws -> String {
        try await engine.value("to_char((now() - interval '\(ago)') at time zone 'UTC', '\(format)')")
      }
      let time = try await utc("1 hour", "FMMI FMHH24")
      let window: JSONValue = [
        "from": .string(try await utc("-2 hours", "HH24:MI")), "to": .string(try await utc("-3 hours", "HH24:MI")),
      ]
      func put(_ change: [String: JSONValue]) async throws {
        let schedule: [String: JSONValue] = ["cron": .string("\(time) * * *"), "windows": [window]]
        try await engine.client.putPolicy(
          "p", schedule: .object(schedule.merging(change) { $1 }), plan: ["workflow": "test", "steps": [step("a")]])
        try await expectWaiting()
      }
      func expectWaiting() async throws {
        try await scheduling(engine) {
          try await eventually {
            try await engine.int("select count(*) from holdfast.policy where look_at is not null") == 1
          }
        }
      }
      func waits() async throws -> String {
        try await engine.value(
          "select look_at - now() between interval '110 min' and interval '2 hours' from holdfast.policy")
      }
      try await put([:])
      #expect(try await waits() == "false", "the policy is younger than the slot")
      let before = "now() - interval '90 min'"
      try await engine.execute(
        "update holdfast.policy set since = \(before), decided_through = \(before), look_at = null")
      try await engine.client.pause(.policy, "p", reason: "x")
      _ = try await engine.client.resume(.policy, "p")
      try await expectWaiting()
      #expect(try await waits() == "true")
      // Whether the times are changed or something else.
      try await put(["overlap": "queue"])
      #expect(try await waits() == "true")
      try await put(["cron": .string("\(time) * * 0-6")])
      #expect(try await waits() == "true")
      #expect(try await slots(engine) == [])
    }
  }

  @Test("a decision about a schedule that was changed meanwhile is not written")
  func changedMeanwhile() async throws {
    try await withEngine { engine in
      try await due(engine)
      let seen = try await engine.value("select changed_at from holdfast.due_policies()")
      try await due(engine, "p", ["catchUp": "all"])
      let written = try await engine.rows(
        """
        select d.run_id as a from holdfast.policy p
        cross join lateral holdfast.decide_slots('p', array[date_trunc('year', now())], '{fire}', '{null}', '{}', now(), null,
          'infinity', p.decided_through, '{}', '\(seen)') d
        """)
      #expect(written == [])
      #expect(try await engine.value("select look_at is null from holdfast.policy") == "true")
    }
  }

  @Test("a schedule or a plan that can't be followed is noted, and other policies go on")
  func problems() async throws {
    try await withEngine { engine in
      try await engine.client.setLimit("gone", 1)
      try await due(engine, "bad")
      try await engine.execute(#"update holdfast.policy set schedule = '{"cron": "61 * * * *"}'"#)
      try await due(engine, "limit", [:], [step("a", ["limits": ["gone"]])])
      try await due(engine, "name", [:])
      try await engine.execute("update holdfast.policy set plan = plan - 'workflow' where policy = 'name'")
      try await due(engine, "good")
      try await engine.execute("delete from holdfast.named_limit")
      try await scheduling(engine) {
        try await eventually { try await slots(engine, "good").last == "0 fired" }
        try await eventually {
          try await engine.int("select count(*) from holdfast.policy where problem is not null") == 3
        }
      }
      let problems = try await engine.rows("select policy as a, problem as b from holdfast.policy order by policy").map
      { $0[1] }
      let expected = [
        "schedule key 'cron': field 1 (minute), column 1: '61' is not between 0 and 59", "∅",
        "limit 'gone' is not defined (holdfast limits set gone 4)",
        #"a plan needs "workflow", the name of what is run"#,
      ]
      #expect(problems == expected)
      #expect(try await engine.int("select count(*) from holdfast.event where kind = 'policy-problem'") == 3)
      // Nothing half-done: no slot of them is taken.
      #expect(try await engine.int("select count(*) from holdfast.policy_slot where policy <> 'good'") == 0)
      let error = await storeError { try await engine.client.putPolicy("x", schedule: ["cron": "x"], plan: [:]) }
      #expect(error?.kind == .invalid && error?.description.hasPrefix("policy x: schedule key 'cron'") == true)
    }
  }

  @Test("a policy with a problem is tried again, and scheduled once what stood in its way is gone")
  func problemsPass() async throws {
    try await withEngine { engine in
      try await engine.client.setLimit("disk", 1)
      try await due(engine, "limit", [:], [step("a", ["limits": ["disk"]])])
      try await engine.execute("delete from holdfast.named_limit")
      // A server that has no room, for one policy.
      try await due(engine, "room")
      try await engine.execute(
        """
        create function public.no_room() returns trigger language plpgsql as
          'begin if new.policy = ''room'' then raise exception using errcode = ''disk_full'', message = ''full''; end if; return new; end';
        create trigger no_room before insert on holdfast.policy_slot for each row execute function public.no_room()
        """)
      try await due(engine, "z")
      try await scheduling(engine) {
        try await eventually { try await slots(engine, "z").last == "0 fired" }
        try await eventually {
          try await engine.int("select count(*) from holdfast.policy where problem is not null") == 2
        }
        #expect(try await slots(engine, "room") == [])
        #expect(
          try await engine.value(
            "select bool_and(retry_at < now() + interval '11 s') from holdfast.policy where policy <> 'z'") == "true")
        // A long problem is looked at less often.
        try await engine.execute(
          """
          update holdfast.policy set problem_since = now() - interval '1 hour' where policy = 'room';
          select holdfast.policy_problem('room', 'no room');
          """)
        #expect(
          try await engine.value(
            "select retry_at > now() + interval '4 min' from holdfast.policy where policy = 'room'") == "true")
        try await engine.client.setLimit("disk", 1)
        try await engine.execute("drop trigger no_room on holdfast.policy_slot")
        try await engine.execute("update holdfast.policy set retry_at = now() where problem is not null")
        for policy in ["limit", "room"] { try await eventually { try await slots(engine, policy).last == "0 fired" } }
      }
      #expect(
        try await engine.int(
          "select count(*) from holdfast.policy where coalesce(problem, problem_since::text, retry_at::text) is not null"
        )
          == 0)
    }
  }

  /// Two days of history, 60 and 50 days ago, with a failed run each, `old60` and `old50`.
  private func oldDays(_ engine: Engine) async throws {
    try await engine.execute(
      """
      do $$
      declare v_day date; v_number bigint; v_table text;
      begin
        foreach v_day in array array[current_date - 60, current_date - 50] loop
          v_number := v_day - date '2020-01-01';
          foreach v_table in array array['run', 'step', 'attempt', 'step_log'] loop
            execute format('create table holdfast.%I partition of holdfast.%I for values from (%s) to (%s)',
              v_table || '_' || to_char(v_day, 'YYYYMMDD'), v_table,
              v_number << case v_table when 'run' then 28 else 48 end,
              (v_number + 1) << case v_table when 'run' then 28 else 48 end);
          end loop;
          insert into holdfast.run (run_id, workflow, next_ordinal, state, finished_at)
          values (v_number << 28, 'old' || current_date - v_day, 2, 'failed', now());
          insert into holdfast.step (step_id, body_id, lane_id, needs, name, children)
          values ((v_number << 48) | 1, (holdfast.body_ids(array['{"uses": "noop"}'::jsonb]))[1],
            (holdfast.lane_ids(array['{"uses": "noop"}'::jsonb], 'default', '', 0::smallint))[1], 0, 'a', '{2}');
        end loop;
      end $$
      """)
  }

  /// How many hold the runs' table in this mode.
  /// How many wait for a lock on a table.
  private func waits(_ engine: Engine) async throws -> Int {
    try await engine.int(
      """
      select count(*) from pg_locks l join pg_database d on d.oid = l.database
      where d.datname = current_database() and l.locktype = 'relation' and not l.granted
      """)
  }

  @Test("history that a retry has opened again stays, and a retry of what is being dropped finds no run")
  func historyBesideRetries() async throws {
    try await withEngine { engine in
      try await oldDays(engine)
      let first = RunID(Int64(try await engine.int("select run_id from holdfast.run where workflow = 'old60'")))
      let second = RunID(Int64(try await engine.int("select run_id from holdfast.run where workflow = 'old50'")))
      // The retry commits while a drop waits for its tables, which it does again and again.
      let connection = try await engine.connect()
      try await connection.execute("begin; select holdfast.retry(\(first))")
      let dropping = Task {
        while !Task.isCancelled { _ = try await engine.value("holdfast.drop_history()") }
      }
      try await eventually { try await waits(engine) > 0 }
      try await connection.execute("commit")
      dropping.cancel()
      _ = await dropping.result
      try await eventually {
        _ = try await engine.value("holdfast.drop_history()")
        return try await engine.int("select count(*) from holdfast.run") == 1
      }
      #expect(try await engine.state(first) == "running")
      #expect(try await engine.states(first) == ["a": "ready"])

      // The other way round.
      try await engine.execute(
        "delete from holdfast.ready; update holdfast.run set state = 'failed', finished_at = now()")
      try await connection.execute("begin; select holdfast.drop_history()")
      let retrying = Task { await storeError { _ = try await engine.client.retry(first) } }
      try await eventually { try await waits(engine) > 0 }
      try await connection.execute("commit")
      let error = await retrying.value
      #expect(error == StoreError(.notFound, "there is no run \(first)"))
      #expect(await storeError { _ = try await engine.client.retry(second) }?.kind == .notFound)
    }
  }

  @Test("days of history go one by one, and lanes with the last steps that were in them")
  func historyPiecemeal() async throws {
    try await withEngine { engine in
      try await oldDays(engine)
      let worker = try await HandWorker(engine, kinds: ["noop", "test"])
      let unused = try await engine.int("select lane_id from holdfast.lane")
      try await engine.execute("update holdfast.lane set used_on = current_date - 50")
      #expect(try await engine.int("select cardinality(holdfast.drop_history(p_most => 1))") == 1)
      // There is a step in it.
      #expect(try await engine.int("select count(*) from holdfast.lane") == 1)
      let run = try await engine.submit([step("b", "test")])
      #expect(try await engine.int("select cardinality(holdfast.drop_history(p_most => 1))") == 1)
      #expect(try await engine.int("select cardinality(holdfast.drop_history(p_most => 1))") == 0)
      #expect(try await engine.int("select count(*) from holdfast.lane where lane_id = \(unused)") == 0)
      #expect(try await engine.int("select count(*) from holdfast.worker_lane") == 1)
      let claimed = try await worker.claim(10)
      #expect(claimed.map(\.name) == ["b"])
      try await worker.report(claimed)
      #expect(try await engine.state(run) == "succeeded")
      // It is made again for the next who needs it, and noted as used however old it is.
      try await engine.execute("update holdfast.lane set used_on = current_date - 20")
      _ = try await engine.submit([step("a"), step("b", "test")])
      #expect(try await engine.int("select count(*) from holdfast.lane where used_on = current_date") == 2)
      #expect(try await worker.claim(10).count == 2)
    }
  }

  @Test("slots that waited are skipped when their policy is removed")
  func droppedPolicy() async throws {
    try await withEngine { engine in
      _ = try await live(engine)
      try await due(engine, "p", ["overlap": "queue"])
      try await scheduling(engine) {
        try await eventually { try await slots(engine).last == "0 queued" }
      }
      #expect(try await engine.client.dropPolicy("p"))
      #expect(try await slots(engine).last == "0 skipped")
      #expect(
        try await engine.int("select count(*) from holdfast.policy_slot where reason = 'the policy was removed'") == 1)
      #expect(try await engine.client.dropPolicy("p") == false)
    }
  }

  @Test("the leading scheduler drops days of history that are over and old, and keeps a day with a live run")
  func history() async throws {
    try await withEngine { engine in
      // Two days, long ago: one with an ended run, one with a live one.
      try await oldDays(engine)
      try await engine.execute("update holdfast.run set state = 'running', finished_at = null where workflow = 'old50'")
      try await scheduling(engine) {
        try await eventually { try await engine.int("select count(*) from holdfast.run") == 1 }
      }
      #expect(try await engine.int("select count(*) from holdfast.run where finished_at is null") == 1)
      #expect(
        try await engine.int(
          "select count(*) from pg_class where relname in ('step_' || to_char(current_date - 60, 'YYYYMMDD'), 'step_' || to_char(current_date - 50, 'YYYYMMDD'))"
        ) == 1)
    }
  }
}
