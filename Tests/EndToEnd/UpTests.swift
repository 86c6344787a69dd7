import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Everything on one machine", .serialized)
  struct UpTests {
    @Test("it makes all that is needed, others find it, a second is refused, and SIGTERM leaves nothing running")
    func life() async throws {
      let instance = try UpInstance()
      let up = try await instance.up()
      #expect(up.output.contains(instance.folder.path))
      let run = try await instance.submit("echo done >> $EFFECTS/done")
      #expect(try await instance.end(of: run) == "succeeded")
      let doctor = try await instance.run(["doctor"])
      #expect(doctor.exitCode == 0, "\(doctor.output)")

      let second = try await instance.run(["up"])
      #expect(second.exitCode == 1)
      #expect(second.errors.contains("process \(up.pid);"), "\(second.errors)")

      #expect(!instance.servers().isEmpty)
      up.signal(SIGTERM)
      #expect(try await up.end() == 0)
      #expect(instance.servers() == [])
      let late = try await instance.run(["sql", "select 1"])
      #expect(late.exitCode == 4)
      #expect(late.errors.contains("'holdfast up' is not running"), "\(late.errors)")

      let begin = ContinuousClock.now
      let again = try await instance.up()
      print("holdfast up: warm start in \(ContinuousClock.now - begin)")
      #expect(try await instance.sql("select state from run_status where run_id = \(run)") == "succeeded")
      again.signal(SIGINT)
      #expect(try await again.end() == 0)
    }

    @Test("kill -9 in the middle of a run: the next one takes PostgreSQL over and finishes the run")
    func killed() async throws {
      let instance = try UpInstance()
      let first = try await instance.up()
      let run = try await instance.submit(
        "echo x >> $EFFECTS/done; [ $HOLDFAST_ATTEMPT = 1 ] || exit 0; sleep 60")
      try await eventually("the step's start") { instance.effectCount == 1 }
      let servers = instance.servers()
      await first.kill()
      #expect(isAlive(try #require(servers.first)))

      let second = try await instance.up()
      #expect(instance.servers().first == servers.first)
      #expect(try await instance.end(of: run) == "succeeded")
      #expect(try await instance.attempts() == "lost succeeded")
      second.signal(SIGTERM)
      #expect(try await second.end() == 0)
      #expect(instance.servers() == [])
      endOrphans(of: instance)
    }

    @Test("kill -9 of PostgreSQL in the middle of a run: it is started again, and the run goes on")
    func postgresKilled() async throws {
      let instance = try UpInstance()
      let up = try await instance.up()
      let run = try await instance.submit("echo x >> $EFFECTS/done; until [ -e $EFFECTS/go ]; do sleep 0.1; done")
      try await eventually("the step's start") { instance.effectCount == 1 }
      let before = try #require(instance.servers().first)
      kill(before, SIGKILL)
      try Data().write(to: instance.effects.appendingPathComponent("go"))
      #expect(try await instance.end(of: run) == "succeeded")
      #expect(try #require(instance.servers().first) != before)
      up.signal(SIGTERM)
      #expect(try await up.end() == 0)
    }

    @Test("kill -9 of both: the next one recovers PostgreSQL and finishes the run")
    func bothKilled() async throws {
      let instance = try UpInstance()
      let first = try await instance.up()
      let run = try await instance.submit(
        "echo x >> $EFFECTS/done; [ $HOLDFAST_ATTEMPT = 1 ] || exit 0; sleep 60")
      try await eventually("the step's start") { instance.effectCount == 1 }
      first.signal(SIGSTOP)  // so that it does not start PostgreSQL again
      for server in instance.servers() { kill(server, SIGKILL) }
      await first.kill()
      let second = try await instance.up()
      #expect(try await instance.end(of: run) == "succeeded")
      second.signal(SIGTERM)
      #expect(try await second.end() == 0)
      endOrphans(of: instance)
    }

    @Test("kill -9 while the cluster is made leaves nothing half, and the next one makes it")
    func killedInTheMaking() async throws {
      var instance = try UpInstance()
      func unfinished() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: instance.folder.path)) ?? [])
          .filter { $0.hasPrefix("postgres.new-") }
      }
      func isMade() -> Bool { access(instance.folder.path + "/postgres", F_OK) == 0 }
      for _ in 1...5 {
        let first = try instance.start()
        try await eventually("an initdb") { !unfinished().isEmpty || isMade() }
        await first.kill()
        if !isMade() { break }
        // We came too late.
        for server in instance.servers() { kill(server, SIGKILL) }
        instance = try UpInstance()
      }
      #expect(!isMade())
      // An initdb that goes on alone could fill again what is being removed.
      try await eventually("the end of its initdb") { !instance.isMaking() }
      let second = try await instance.up()
      #expect(unfinished().isEmpty)
      second.signal(SIGTERM)
      #expect(try await second.end() == 0)
    }

    @Test("SIGTERM while it starts ends it in good order, and the next one carries on", arguments: [0.05, 0.5])
    func stoppedEarly(seconds: Double) async throws {
      let instance = try UpInstance()
      let first = try instance.start()
      // Before its first instructions, the signal just kills it.
      try await eventually("its lock") { access(instance.folder.path + "/holdfast.lock", F_OK) == 0 }
      try await Task.sleep(for: .seconds(seconds))
      first.signal(SIGTERM)
      #expect(try await first.end() == 0, "\(first.errors)")
      #expect(instance.servers() == [])
      let second = try await instance.up()
      second.signal(SIGTERM)
      #expect(try await second.end() == 0)
    }

    @Test("a second SIGTERM ends it at once; the step goes back, and the next one does it")
    func urgent() async throws {
      let instance = try UpInstance()
      let first = try await instance.up()
      let run = try await instance.submit(
        "echo x >> $EFFECTS/done; [ $(wc -l < $EFFECTS/done) = 1 ] || exit 0; sleep 60")
      try await eventually("the step's start") { instance.effectCount == 1 }
      first.signal(SIGTERM)
      try await eventually("its notice") { first.errors.contains("stopping") }
      #expect(!first.hasEnded)
      first.signal(SIGTERM)
      #expect(try await first.end() == 0)
      #expect(instance.servers() == [])
      let second = try await instance.up()
      #expect(try await instance.end(of: run) == "succeeded")
      #expect(try await instance.attempts() == "returned succeeded")
      second.signal(SIGTERM)
      #expect(try await second.end() == 0)
    }

    @Test("a database that is named elsewhere is a contradiction, and nothing is made")
    func otherDatabase() async throws {
      let instance = try UpInstance()
      let result = try await instance.run(["up"], ["HOLDFAST_DATABASE_URL": "postgres://db/holdfast"])
      #expect(result.exitCode == 2)
      #expect(try FileManager.default.contentsOfDirectory(atPath: instance.folder.path) == [])
    }

    @Test("without a database that is named or up, commands say what to do")
    func nothingThere() async throws {
      let instance = try UpInstance()
      let result = try await instance.run(["sql", "select 1"])
      #expect(result.exitCode == 2)
      #expect(result.errors.contains("'holdfast up'") && result.errors.contains("--database URL"), "\(result.errors)")
    }

    /// Ends the first attempt's program, which nobody knows any more.
    private func endOrphans(of instance: UpInstance) {
      let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }) ?? []
      for pid in pids {
        let environment = (try? String(contentsOfFile: "/proc/\(pid)/environ", encoding: .utf8)) ?? ""
        if environment.contains("EFFECTS=" + instance.effects.path) { kill(pid, SIGKILL) }
      }
    }
  }
}
