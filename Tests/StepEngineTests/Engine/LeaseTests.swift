import JSON
import PostgresClient
import StepEngine
import TestSupport
import Testing

@Suite("Leases")
struct LeaseTests {
  @Test("a worker that falls silent loses its steps within its lease, and its late report is refused")
  func lost() async throws {
    try await withEngine { engine in
      let silent = try await HandWorker(engine, name: "silent", kinds: ["noop"], lease: .milliseconds(600))
      let run = try await engine.submit([step("a", ["with": ["outputs": ["by": "other"]]])])
      let claimed = try await silent.claim(10)
      #expect(claimed.map(\.attempt) == [1])
      let start = ContinuousClock.now
      try await engine.working { try await engine.end(of: run) }
      #expect(try await engine.state(run) == "succeeded")
      // Sooner than the usual lease of 30 seconds would have ended.
      #expect(ContinuousClock.now - start < .seconds(25))
      #expect(try await engine.history("a", in: run) == ["lost", "succeeded"])
      let late = try await silent.report(claimed, .succeeded(outputs: #"{"by": "silent"}"#))
      #expect(late.stale == claimed.map(\.step) && late.isRetired)
      #expect(try await silent.heartbeat(claimed).isRetired)
      #expect(
        try await engine.value("select outputs ->> 'by' from holdfast.attempt where outputs is not null") == "other")
      let message = try await engine.value("select message from holdfast.attempt where state = 'lost'")
      #expect(message == "its worker silent was lost")
      #expect(
        try await engine.int("select count(*) from holdfast.event where kind = 'worker-lost' and subject = 'silent'")
          == 1)
    }
  }

  @Test("a lease is not taken as long as its worker is heard of; exchanges count, too")
  func renewed() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["noop"], lease: .seconds(30))
      let run = try await engine.submit([step("a")])
      let claimed = try await worker.claim(1)
      for round in 0..<12 {
        // As if 20 seconds had passed: twice that without a word would be too long.
        try await engine.execute("update holdfast.worker set expires_at = expires_at - interval '20 s'")
        if round % 2 == 0 { _ = try await worker.exchange() } else { try await worker.heartbeat(claimed) }
        try await engine.execute("select holdfast.tick()")
        #expect(try await engine.value("select expires_at > now() + interval '15 s' from holdfast.worker") == "true")
      }
      #expect(try await engine.states(run) == ["a": "leased"])
      #expect(try await worker.report(claimed).stale == [])
    }
  }

  @Test("of two holders only the one with the newest fence is heard")
  func twoHolders() async throws {
    try await withEngine { engine in
      let (first, second) = (
        try await HandWorker(engine, kinds: ["noop"]), try await HandWorker(engine, kinds: ["noop"])
      )
      let run = try await engine.submit([step("a")])
      let old = try await first.claim(1)
      #expect(try await second.claim(1) == [])
      try await first.leave()
      let new = try await second.claim(1)
      #expect(new.count == 1 && new[0].step.fence > old[0].step.fence && new[0].step.id == old[0].step.id)
      #expect(try await first.report(old).stale == old.map(\.step))
      // Not even with the right fence: the lease is another worker's.
      #expect(try await first.report(new).stale == new.map(\.step))
      #expect(try await first.report(old, .failed(StepFailure(.permanent, "late"))).stale == old.map(\.step))
      #expect(try await second.report(new).stale == [])
      #expect(try await second.report(new).stale == new.map(\.step))
      #expect(try await engine.state(run) == "succeeded")
      #expect(try await engine.history("a", in: run) == ["returned", "succeeded"])
    }
  }

  @Test("after a time in which nobody could reach the database, all workers have a lease's time to be heard of again")
  func outage() async throws {
    try await withEngine { engine in
      let heard = try await HandWorker(engine, name: "heard", kinds: ["noop"], lease: .milliseconds(100))
      let silent = try await HandWorker(engine, name: "silent", kinds: ["noop"], lease: .milliseconds(100))
      let run = try await engine.submit([step("a"), step("b")])
      #expect(try await heard.claim(1).map(\.name) == ["a"])
      #expect(try await silent.claim(1).map(\.name) == ["b"])
      func workers() async throws -> [[String]] {
        try await engine.rows("select name as a, state as b from holdfast.worker order by worker_id")
      }
      try await engine.execute(
        """
        insert into holdfast.look (what, at) values ('tick', now() - interval '1 min');
        update holdfast.worker set expires_at = now() - interval '30 s';
        select holdfast.tick()
        """)
      #expect(try await workers() == [["heard", "active"], ["silent", "active"]])
      #expect(try await engine.states(run) == ["a": "leased", "b": "leased"])

      // As if a lease had passed since, with a tick each second.
      try await engine.execute(
        """
        update holdfast.look set at = case what when 'blind' then now() - interval '2 s' else now() end;
        update holdfast.worker set expires_at = now() + interval '1 min' where name = 'heard';
        select holdfast.tick()
        """)
      #expect(try await workers() == [["heard", "active"], ["silent", "lost"]])
      #expect(try await engine.states(run) == ["a": "leased", "b": "ready"])
      #expect(try await engine.history("b", in: run) == ["lost"])
    }
  }

  @Test("a second outage soon after one takes nobody for lost who was heard of between the two")
  func outages() async throws {
    try await withEngine { engine in
      _ = try await HandWorker(engine, kinds: ["noop"], lease: .seconds(1))
      // The database was back a second before it was away again, and the worker's lease from then is over.
      try await engine.execute(
        """
        insert into holdfast.look (what, at) values ('dark', now() - interval '1 min'),
          ('blind', now() - interval '21 s'), ('tick', now() - interval '20 s');
        update holdfast.worker set expires_at = now() - interval '19 s';
        select holdfast.tick()
        """)
      #expect(try await engine.value("select state from holdfast.worker") == "active")
    }
  }

  @Test("where ticks are always far apart, a worker that is silent is lost nonetheless, and no other")
  func rareTicks() async throws {
    try await withEngine { engine in
      let heard = try await HandWorker(engine, name: "heard", kinds: ["noop"])
      _ = try await HandWorker(engine, name: "silent", kinds: ["noop"])
      try await engine.execute("select holdfast.tick()")
      var rounds = 0
      while rounds < 20, try await engine.value("select max(state) from holdfast.worker") == "active" {
        // As if 15 seconds had passed: less than a lease.
        try await engine.execute(
          """
          update holdfast.look set at = at - interval '15 s' where what in ('tick', 'dark', 'blind');
          update holdfast.worker set expires_at = expires_at - interval '15 s'
          """)
        try await heard.heartbeat()
        try await engine.execute("select holdfast.tick()")
        rounds += 1
      }
      #expect((3...6).contains(rounds), "after two leases and a gap or two")
      #expect(
        try await engine.rows("select name as a, state as b from holdfast.worker order by worker_id")
          == [["heard", "active"], ["silent", "lost"]])
    }
  }

  @Test("a time without ticks that seems to end in the future, as a clock was set back, protects nobody")
  func clockSetBack() async throws {
    try await withEngine { engine in
      _ = try await HandWorker(engine, name: "silent", kinds: ["noop"])
      try await engine.execute("select holdfast.tick()")
      try await engine.execute(
        """
        insert into holdfast.look (what, at) values ('dark', now() - interval '1 hour'), ('blind', now() + interval '1 day')
        on conflict (what) do update set at = excluded.at;
        update holdfast.worker set expires_at = now() - interval '1 s';
        select holdfast.tick()
        """)
      let states = try await engine.rows("select state as a from holdfast.worker")
      #expect(states == [["lost"]])
    }
  }

  @Test("a step that keeps losing its worker is put in quarantine with the reason")
  func quarantine() async throws {
    try await withEngine { engine in
      let run = try await engine.submit([step("a"), step("b", needs: ["a"])])
      for crash in 1...3 {
        let worker = try await HandWorker(engine, name: "w\(crash)", kinds: ["noop"])
        #expect(try await worker.claim(1).map(\.attempt) == [crash])
        try await engine.endLeases()
      }
      let states: [String: String] = try await engine.states(run)
      #expect(states == ["a": "quarantined", "b": "omitted"])
      #expect(try await engine.history("a", in: run) == ["lost", "lost", "quarantined"])
      #expect(try await engine.state(run) == "failed")
      #expect(try await engine.failure(run) == "step a: it lost its worker 3 times; look at it, then retry the run")
      #expect(try await engine.client.retry(run) == 2)
      try await engine.working { try await engine.end(of: run) }
      #expect(try await engine.state(run) == "succeeded")
    }
  }

  @Test("a worker holds one step at a time that lost its worker twice, so that its neighbours don't share its fate")
  func suspects() async throws {
    try await withEngine { engine in
      _ = try await engine.submit([step("a"), step("b"), step("c")])
      try await engine.execute("update holdfast.ready set crashes = 2 where step_id & 1048575 < 3")
      let (first, second) = try await (
        HandWorker(engine, name: "first", kinds: ["noop"]), HandWorker(engine, name: "second", kinds: ["noop"])
      )
      let held = try await first.claim(10)
      #expect(Set(held.map(\.name)) == ["a", "c"])
      #expect(try await first.claim(10).isEmpty)
      #expect(try await second.claim(10).map(\.name) == ["b"])
    }
  }

  @Test("a heartbeat says which steps to stop: those of cancelled runs, and those that are not held any more")
  func stopList() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["noop"])
      let run = try await engine.submit([step("a"), step("keep", ["always": true])])
      let other = try await engine.submit([step("b")])
      let claimed = try await worker.claim(10)
      #expect(claimed.count == 3)
      #expect(try await worker.heartbeat(claimed).stops == [])
      _ = try await engine.client.cancel(run, reason: "enough")
      let stale = HeldStep(id: claimed[2].step.id, fence: Fence(1))
      let stops = try await worker.heartbeat(claimed).stops
      #expect(stops == [.init(step: claimed[0].step, isStale: false, reason: "enough")])
      try await worker.report([claimed[0]], .cancelled)
      let report = try await worker.exchange([StepReport(step: stale, result: .succeeded(outputs: nil))])
      #expect(report.stale == [stale])
      #expect(
        try await worker.heartbeat(claimed).stops == [
          .init(step: claimed[0].step, isStale: true, reason: "its lease was lost")
        ])
      // What the worker does not know of goes back when it says so.
      try await worker.heartbeat([claimed[1]], reconcile: true)
      #expect(try await engine.states(other) == ["b": "ready"])
      #expect(try await engine.states(run)["keep"] == "leased")
    }
  }

  @Test("a worker that leaves hands back its steps, and no attempt is counted")
  func leave() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["noop"])
      let run = try await engine.submit([step("a"), step("b")])
      #expect(try await worker.claim(2).map(\.attempt) == [1, 1])
      #expect(try await worker.leave() == 2)
      let next = try await HandWorker(engine, kinds: ["noop"])
      let claimed = try await next.claim(2)
      #expect(claimed.map(\.attempt) == [1, 1])
      try await next.report(claimed)
      #expect(try await engine.history("a", in: run) == ["returned", "succeeded"])
    }
  }

  @Test("a drain finishes what runs and takes no more; a cancelled worker hands back at once")
  func drain() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      let crew = Crew(slots: 1, kinds: [barrier.kind])
      let run = try await engine.submit([step("a", "test"), step("b", "test", needs: ["a"])])
      let worker = engine.worker(crew)
      let working = Task { try await worker.run() }
      try await barrier.wait(for: "a")
      worker.drain()
      try await eventually { try await engine.value("select state from holdfast.worker") == "draining" }
      #expect(try await engine.states(run)["a"] == "leased")
      barrier.open("a")
      try await working.value
      let states: [String: String] = try await engine.states(run)
      #expect(states == ["a": "succeeded", "b": "ready"])

      let hasty = engine.worker(crew, name: "hasty")
      let cut = Task { try await hasty.run() }
      try await barrier.wait(for: "b")
      let start = ContinuousClock.now
      cut.cancel()
      try? await cut.value
      #expect(ContinuousClock.now - start < .seconds(30))
      #expect(try await engine.states(run)["b"] == "ready")
      #expect(try await engine.history("b", in: run) == ["returned"])
      #expect(
        try await engine.rows("select name as a, state as b from holdfast.worker order by worker_id")
          == [["worker", "stopped"], ["hasty", "stopped"]])
    }
  }

  @Test("a report that takes longer than the leases last gets through, holds up no other, and costs no step its lease")
  func longReport() async throws {
    try await withEngine { engine in
      // Longer than a lease of 10 s, and less than twice the 6.7 s that an exchange may usually take then.
      try await engine.execute(
        """
        create function holdfast.dawdle() returns trigger language plpgsql
        as $$ begin perform pg_sleep(11); return new; end $$;
        create trigger dawdle before insert on holdfast.attempt for each row when (new.step_id & 1048575 = 1)
          execute function holdfast.dawdle();
        """)
      let barrier = Barrier()
      try await engine.working(Crew(slots: 3, lease: .seconds(10), kinds: [barrier.kind])) {
        let run = try await engine.submit([step("long"), step("other"), step("held", "test")])
        try await engine.wait(for: ["other": "succeeded"], in: run)
        #expect(try await engine.states(run)["long"] == "leased")
        try await engine.wait(for: ["long": "succeeded"], in: run)
        barrier.openAll()
        #expect(try await engine.end(of: run) == "succeeded")
        for name in ["long", "other", "held"] { #expect(try await engine.history(name, in: run) == ["succeeded"]) }
      }
    }
  }

  @Test("a worker that was taken for lost stops its steps and begins anew")
  func retired() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit([step("a", "test")])
        try await barrier.wait(for: "a")
        // As tick does when a lease has run out.
        try await engine.execute("update holdfast.worker set state = 'lost', ended_at = now()")
        try await eventually { barrier.arrived == ["a", "a"] }
        barrier.openAll()
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(try await engine.history("a", in: run) == ["lost", "succeeded"])
      }
      #expect(
        try await engine.rows("select state as a from holdfast.worker order by worker_id") == [["lost"], ["stopped"]])
    }
  }

  @Test("lines of steps that hold their lease are kept, others dropped")
  func logs() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["noop"])
      _ = try await engine.submit([step("a")])
      let claimed = try await worker.claim(1)
      try await worker.log(claimed[0].step, ["one", "two"])
      try await worker.log(claimed[0].step, ["one", "again"])  // repeated after an unknown outcome
      try await worker.log(HeldStep(id: claimed[0].step.id, fence: Fence(1)), ["stale"])
      try await worker.report(claimed)
      try await worker.log(claimed[0].step, ["1", "2", "late"])
      #expect(
        try await engine.rows("select line as a, text as b from holdfast.step_log order by line") == [
          ["1", "one"], ["2", "two"],
        ])
    }
  }

  @Test("what a step prints reaches its log with the attempt that printed it, also the last lines")
  func printed() async throws {
    try await withEngine { engine in
      let kind = TestKind { step in
        step.log("try \(step.attempt)\0")
        step.log("end")
        if step.attempt == 1 { throw StepFailure(.retryable, "x") }
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit([step("a", "test", ["retry": ["initialSeconds": 0]])])
        #expect(try await engine.end(of: run) == "succeeded")
      }
      let lines = try await engine.rows(
        "select fence as z, line as b, text as c from holdfast.step_log order by fence, line")
      #expect(lines.map { $0.dropLast().joined(separator: " ") } == ["1 try 1", "2 end", "1 try 2", "2 end"])
    }
  }
}
