import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite("PostgreSQL is away, or has no room", .serialized)
  struct DatabaseOutageTests {
    /// What was done when the database went away is reported when it is back.
    @Test("PostgreSQL stopped for 10 s under load: what ends meanwhile is reported later, and all goes on")
    func outage() async throws {
      let installation = try await Installation(on: try await PostgresInstance(durability: .durable))
      // However long PostgreSQL takes to stop and to start.
      let workers = try ["w1", "w2"].map { try installation.worker($0, lease: 300, slots: 8) }
      let scheduler = try installation.start(["scheduler", "--name", "s"])
      for number in 0..<20 {
        let steps: [[String: Any]] = (0..<4).map { index in
          [
            "name": "s\(index)", "uses": "exec", "with": installation.effect("sleep 0.3"), "retry": ["attempts": 1],
            "needs": index == 0 ? [] : ["s\(index - 1)"],
          ]
        }
        _ = try await installation.submit(Plan("ok-chain\(number)", steps))
      }
      try await eventually("the first results") {
        try await installation.number("select count(*) from holdfast.attempt where state = 'succeeded'") > 0
      }
      try await installation.postgres.stop(.fast)
      try await Task.sleep(for: .seconds(10))
      try await installation.postgres.start()
      do { try await installation.runsEnd() } catch {
        throw TestSupportError("\(error)\n\(workers.map { $0.errors.suffix(3000) })")
      }
      #expect(try await installation.brokenRules() == [])
      // The leases outlived the outage, so nothing was done again.
      let states = try await installation.sql("select distinct state from holdfast.attempt")
      #expect(!states.contains("lost"))
      for program in workers + [scheduler] {
        #expect(!program.hasEnded, "\(program.errors.suffix(1000))")
        program.signal(SIGTERM)
        #expect(try await program.end() == 0)
      }
    }

    @Test("an outage that outlasts the leases: steps are stopped and done again, but it counts as nobody's crash")
    func longOutage() async throws {
      let installation = try await Installation(on: try await PostgresInstance(durability: .durable))
      let worker = try installation.worker("w", lease: 5)
      let with = installation.effect(#"[ "$(wc -l < "$EFFECTS/$HOLDFAST_RUN.$HOLDFAST_STEP")" -gt 3 ] || sleep 60"#)
      let run = try await installation.submit(
        Plan("ok-long", [["name": "held", "uses": "exec", "with": with, "retry": ["attempts": 1]]]))
      for outage in 1...3 {
        try await eventually("start \(outage) of the step") { installation.timesRun("held", in: run) >= outage }
        try await installation.postgres.stop(.fast)
        try await Task.sleep(for: .seconds(8))
        try await installation.postgres.start()
      }
      do { try await installation.runsEnd() } catch {
        throw TestSupportError("\(error)\n\(worker.errors.suffix(4000))")
      }
      let attempts = try await installation.attempts(of: "held", in: run)
      #expect(
        attempts.count >= 4 && attempts.last == "succeeded" && attempts.dropLast().allSatisfy { $0 == "returned" },
        "\(attempts)")
      #expect(try await installation.brokenRules() == [])
      await worker.kill()
    }

    @Test(
      "a database that is replaced by a newer one while steps run: the worker ends with a sentence, and so do its steps"
    )
    func replaced() async throws {
      let installation = try await Installation(on: .shared)
      let worker = try installation.worker("w")
      let pid = installation.effects.appendingPathComponent("pid").path
      _ = try await installation.submit(
        Plan(
          "ok-held",
          [
            [
              "name": "held", "uses": "exec",
              "with": installation.effect("echo $$ > \(pid).new; mv \(pid).new \(pid); exec sleep 60"),
            ]
          ]))
      try await eventually("the step's start") { access(pid, F_OK) == 0 }
      try await installation.sql(
        """
        insert into holdfast.migration (version, name, checksum) values (9999, 'later', '');
        select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid();
        """)
      #expect(try await worker.end() == 1)
      #expect(worker.errors.split(separator: "\n").last?.contains("schema 9999") == true, "\(worker.errors)")
      let child = try #require(
        Int32(try String(contentsOfFile: pid, encoding: .utf8).trimmingCharacters(in: .newlines)))
      try await eventually("the end of the step") { !isAlive(child) }
    }

    @Test("a full disk: workers say so in one sentence, wait, and go on when there is room")
    func fullDisk() async throws {
      guard let disk = try await SmallDisk(megabytes: 64) else {
        print("skipped: a disk to fill needs root and mount namespaces")
        return
      }
      let installation = try await Installation(on: disk.postgres)
      let worker = try installation.worker("w", lease: 5, slots: 8)
      for number in 0..<10 { _ = try await installation.submit(Self.chatty(installation, number)) }
      try await disk.fill()
      try installation.openGate("full")
      try await eventually("a complaint") { worker.errors.contains("No space left on device") }
      // Long enough for leases to run out.
      try await Task.sleep(for: .seconds(7))
      #expect(!worker.hasEnded, "\(worker.errors.suffix(2000))")
      let complaints = worker.errors.split(separator: "\n").filter { $0.contains("No space left") }
      for complaint in complaints {
        #expect(complaint.contains("level=error") && complaint.count < 600, "\(complaint)")
      }

      try await disk.free()
      do { try await installation.runsEnd() } catch {
        throw TestSupportError("\(error)\n\(worker.errors.suffix(4000))")
      }
      #expect(try await installation.brokenRules() == [])
      await worker.kill()
    }

    /// Steps that print and put out much, so that tables have to grow; once the disk is full.
    private static func chatty(_ installation: Installation, _ number: Int) -> Plan {
      let print = "head -c 60000 /dev/urandom | base64 -w 1000"
      let steps: [[String: Any]] = (0..<6).map { index in
        [
          "name": "s\(index)", "uses": "exec", "with": installation.effect(Installation.gate("full") + "\n" + print),
          "needs": index == 0 ? [] : ["s\(index - 1)"],
          "retry": ["attempts": 1],
        ]
      }
      return Plan("ok-chatty\(number)", steps)
    }
  }
}
