import JSON
import StepEngine
import Synchronization
import TestSupport
import Testing

@Suite("Ledger, janitor and events")
struct LedgerTests {
  /// Remembers what it released; can't release names that begin with "stuck".
  private final class Releaser: ResourceReleaser {
    let kind = "snapshot"
    let names = Mutex<[String]>([])
    func release(_ entry: ResourceLedger.Entry) async throws {
      if entry.name.hasPrefix("stuck") { throw StepFailure(.retryable, "busy") }
      names.withLock { $0.append(entry.name) }
    }
  }

  @Test("a later attempt finds what an earlier one made, and a stale fence may not write")
  func attempts() async throws {
    try await withEngine { engine in
      let ledger = ResourceLedger(pool: engine.pool)
      let worker = try await HandWorker(engine, kinds: ["noop"])
      _ = try await engine.submit([step("a", ["retry": ["initialSeconds": 0]])])
      let first = try await worker.claim(1)[0]
      let intent = try await ledger.intend(first.step, kind: "snapshot", driver: "d", name: "n", detail: ["at": "here"])
      #expect(!intent.exists && intent.detail == ["at": "here"])
      try await ledger.made(intent, by: first.step, detail: ["id": 7])
      try await worker.report([first], .failed(StepFailure(.retryable, "after it was made")))
      try await engine.execute("select holdfast.tick()")
      let second = try await worker.claim(1)[0]
      let stale = await storeError { _ = try await ledger.intend(first.step, kind: "snapshot", driver: "d", name: "n") }
      #expect(stale?.kind == .staleFence)
      #expect(await storeError { try await ledger.made(intent, by: first.step) }?.kind == .staleFence)
      let found = try await ledger.intend(second.step, kind: "snapshot", driver: "d", name: "n")
      #expect(found.exists && found.id == intent.id && found.detail == ["id": 7])

      let run = try await engine.submit([step("b")])
      let other = try await worker.claim(1)[0]
      #expect(other.step.id.run == run)
      let error = await storeError { _ = try await ledger.intend(other.step, kind: "snapshot", driver: "d", name: "n") }
      #expect(error == StoreError(.wrongState, "snapshot n belongs to run \(first.step.id.run)"))
      try await ledger.released(found)
      try await ledger.released(found)
      #expect(await storeError { try await ledger.made(found, by: second.step) }?.kind == .notFound)
      #expect(try await ledger.intend(other.step, kind: "snapshot", driver: "d", name: "n").exists == false)
    }
  }

  @Test(
    "what drivers have and the ledger does not know is reported; what was released during the look was ours; what was released before, and is there, is released again"
  )
  func unknown() async throws {
    try await withEngine { engine in
      let ledger = ResourceLedger(pool: engine.pool)
      let worker = try await HandWorker(engine, kinds: ["noop"])
      _ = try await engine.submit([step("a")])
      let claimed = try await worker.claim(1)[0]
      for name in ["mine", "freed"] {
        let entry = try await ledger.intend(claimed.step, kind: "snapshot", driver: "d", name: name)
        if name == "freed" { try await ledger.released(entry) }
      }
      func volume(_ name: String, _ objects: [String]?) -> JSONValue {
        var volume: [String: JSONValue] = ["application": "shop", "volume": .string(name), "driver": "d"]
        volume["objects"] = objects.map { names in
          .array(names.map { ["kind": "snapshot", "name": .string($0), "bytes": 7, "createdAt": .null] })
        }
        return .object(volume)
      }
      func report(_ volumes: [JSONValue], node: String = "a", age: Duration = .zero) async throws -> Int {
        try await ledger.reportUnknown(.array(volumes), on: node, lookedFor: age)
      }
      func known() async throws -> [[String?]] {
        try await engine.rows("select node as a, volume as b, name as c from holdfast.unknown_objects order by 1, 2, 3")
      }
      #expect(try await report([volume("data", ["mine", "freed", "alien"])], age: .seconds(60)) == 1)
      #expect(try await known() == [["a", "data", "alien"]])
      // The look began after the release: it should not be there any more. As long as its run lives, nobody takes it up.
      try await engine.execute(
        "update holdfast.resource set released_at = now() - interval '1 minute', detail = '{\"keep\": true}' where name = 'freed'"
      )
      #expect(try await report([volume("data", ["mine", "freed", "alien"]), volume("logs", ["other"])]) == 2)
      #expect(try await report([volume("data", ["theirs"])], node: "b") == 1)
      // One that could not be looked at keeps what is known of it; another node's look is its own affair.
      #expect(try await report([volume("data", nil), volume("logs", [])]) == 0)
      #expect(try await known() == [["a", "data", "alien"], ["a", "data", "freed"], ["b", "data", "theirs"]])
      #expect(try await report([]) == 0)
      #expect(try await known() == [["b", "data", "theirs"]])
      #expect(try await engine.int("select count(*) from holdfast.event where kind = 'unknown-object'") == 4)

      try await worker.report([claimed])
      #expect(try await ledger.toRelease(kind: "snapshot").map(\.name) == ["mine"])
      #expect(try await report([volume("data", ["freed"])]) == 0)
      #expect(try await known() == [["b", "data", "theirs"]])
      #expect(try await ledger.toRelease(kind: "snapshot").map(\.name) == ["mine", "freed"])
      let told = try await engine.rows("select message as a from holdfast.event where kind = 'object-returned'")
      #expect(
        told == [["volume shop/data on a has what counted as released, and the janitor removes it now: snapshot freed"]]
      )
    }
  }

  @Test("the janitor releases what ended runs left, but not what live runs use or restore points keep")
  func janitor() async throws {
    try await withEngine { engine in
      let ledger = ResourceLedger(pool: engine.pool)
      let worker = try await HandWorker(engine, kinds: ["noop"])
      _ = try await engine.submit([step("ended")])
      _ = try await engine.submit([step("live")])
      let steps = try await worker.claim(2)
      for claimed in steps {
        for name in ["made", "meant", "kept", "stuck"] {
          let entry = try await ledger.intend(
            claimed.step, kind: "snapshot", driver: "d", name: "\(name)-\(claimed.name)")
          if name != "meant" {
            try await ledger.made(entry, by: claimed.step, detail: name == "kept" ? ["keep": true] : [:])
          }
        }
        _ = try await ledger.intend(claimed.step, kind: "clone", driver: "d", name: "clone-\(claimed.name)")
      }
      try await worker.report([steps[0]])
      let releaser = Releaser()
      let janitor = Janitor(ledger: ledger, releasers: [releaser])
      let round = try await janitor.sweep()
      #expect(round.released.map(\.name) == ["made-ended", "meant-ended"])
      #expect(round.failed.map(\.entry.name) == ["stuck-ended"] && round.failed.map(\.reason) == ["busy"])
      #expect(releaser.names.withLock { $0 } == ["made-ended", "meant-ended"])
      #expect(try await janitor.sweep().released == [])
      #expect(try await engine.int("select count(*) from holdfast.resource where state <> 'released'") == 8)
    }
  }

  @Test("what people ask about later is in the event log")
  func events() async throws {
    try await withEngine { engine in
      try await engine.working {
        let run = try await engine.submit([step("a", "fail", ["with": ["class": "permanent", "message": "no luck"]])])
        try await engine.end(of: run)
        let other = try await engine.submit([step("w", "approval")])
        _ = try await engine.client.cancel(other, reason: "enough")
        try await engine.end(of: other)
      }
      let events = try await engine.rows("select kind as a, message as b from holdfast.event order by at").map {
        $0.joined(separator: ": ")
      }
      let expected = [
        "worker-started: worker worker-0 started on  with 8 slots", "step-failed: step a failed: no luck",
        "run-failed: run of test failed: step a: no luck", "run-cancelling: run of test is being stopped: enough",
        "run-cancelled: run of test cancelled: enough", "worker-stopped: worker worker-0 stopped; 0 steps went back",
      ]
      #expect(events == expected)
    }
  }

  @Test("events and runs find their partitions after a long time without any")
  func partitions() async throws {
    try await withEngine { engine in
      // As if the last one to make partitions had been here weeks ago.
      try await engine.execute(
        """
        do $$
        declare v record;
        begin
          for v in select c.oid::regclass as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where c.relkind = 'r'
          loop execute 'drop table ' || v.name; end loop;
        end $$
        """)
      try await engine.working {
        let run = try await engine.submit([step("a")])
        #expect(try await engine.end(of: run) == "succeeded")
      }
      // And those of tomorrow are there before they are needed.
      try await engine.execute(
        """
        do $$
        declare v record;
        begin
          for v in select c.oid::regclass as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where c.relkind = 'r' and right(c.relname, 8) > to_char(now() at time zone 'UTC', 'YYYYMMDD')
          loop execute 'drop table ' || v.name; end loop;
        end $$;
        select holdfast.tick()
        """)
      #expect(
        try await engine.int(
          "select count(*) from pg_inherits i join pg_class c on c.oid = i.inhrelid where c.relkind = 'r'") == 10)
    }
  }
}
