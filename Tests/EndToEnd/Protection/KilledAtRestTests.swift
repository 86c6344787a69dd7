import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `kill -9` at every named moment at which a backup has its application, brings it to rest, freezes, thaws and lets it go on.
  @Suite("What dies while an application rests")
  struct KilledAtRestTests {
    /// The workers of one run die one after the other, each at the next moment.
    private struct Deaths {
      let moments: [String]
      /// What the hooks have done in the end.
      let hooks: [String]
      /// What the thaw finds.
      let thaw: String
      /// What the point says.
      let consistency: String
    }

    private static let deaths = [
      // Whoever comes after brings it to rest again, freezes it again, and wakes it again.
      Deaths(
        moments: [
          "hold.taken", "hook.begun", "hook.done", "freeze.frozen", "thaw.thawed", "hook.begun", "hook.done",
          "hold.freed",
        ],
        hooks: ["rest", "rest", "resume", "resume"], thaw: "worker true", consistency: "application"),
      // The guard of the one that died has thawed it, and the snapshots may be torn.
      Deaths(
        moments: ["freeze.begun", "thaw.begun"],
        hooks: ["rest", "resume"], thaw: "worker-died false", consistency: "none"),
    ]

    @Test("the worker, at each moment: others end the run right, the application goes on, and nothing is frozen")
    func worker() async throws {
      try await RestingShop.with("killed-at-rest") { resting in
        let shop = resting.shop
        let moments = try Moments()
        // What they do beside is interrupted as often as they die.
        try await shop.installation.sql("update holdfast.setting set value = '100' where name = 'max_crashes'")
        var hired = 0
        func hire() throws -> BackgroundProgram {
          hired += 1
          return try shop.installation.worker("w\(hired)", slots: 8, environment: moments.environment)
        }
        for deaths in Self.deaths {
          try resting.forgetHooks()
          try await shop.shell("head -c 100000 /dev/urandom >'\(shop.volumes[0].path)/orders/3'")
          var run = ""
          for moment in deaths.moments {
            try moments.die(at: moment)
            let worker = try hire()
            if run.isEmpty { run = try await shop.submitBackup("-p", #"retention={"last": 1}"#) }
            try await moments.passed(moment)
            _ = try await worker.end()
            // Long before the deadline, with nobody there but the guard.
            #expect(try await resting.writing() < .seconds(30), "\(moment)")
            try await shop.installation.endLease(of: "w\(hired)")
          }
          let worker = try hire()
          let comment = "\(deaths.moments)"
          #expect(try await shop.end(of: run) == "succeeded", "\(comment)")
          #expect(resting.hooks == deaths.hooks, "\(comment)")
          #expect(try await resting.thaw(run) == deaths.thaw, "\(comment)")
          try await resting.expectAwake(comment)
          #expect(
            try await shop.installation.sql("select consistency from holdfast.restore_point where state = 'complete'")
              == deaths.consistency, "\(comment)")
          #expect(try await shop.leftBehind() == "", "\(comment)")
          #expect(try await shop.objects().count == 2, "\(comment)")
          await worker.kill()
        }
        let worker = try hire()
        let target = shop.folder.path + "/restored"
        try await shop.holdfast("restore", "shop", "--from", "export", "--target", target)
        #expect(try await shop.facts(target + "/data") == shop.facts(shop.volumes[0].path))
        #expect(try await shop.judge() == "")
        await worker.kill()
      }
    }

    @Test("PostgreSQL, at each moment: the worker goes on when it is back, and does nothing twice")
    func database() async throws {
      let postgres = try await PostgresInstance()
      try await RestingShop.with("killed-at-rest", installation: try await Installation(on: postgres)) { resting in
        let shop = resting.shop
        let moments = try Moments()
        let worker = try shop.installation.worker("main", slots: 8, environment: moments.environment)
        var rest = Moments.ofRest[...]
        try moments.hold(at: rest.removeFirst())
        let run = try await shop.submitBackup()
        for (index, moment) in Moments.ofRest.enumerated() {
          let held = try await moments.held(at: moment)
          if let next = rest.popFirst() { try moments.hold(at: next) }
          try await postgres.kill()
          // Either it is back before the worker asks again, or the worker finds nobody.
          if index.isMultiple(of: 2) {
            try await postgres.start()
            held.letGo()
          } else {
            held.letGo()
            try await postgres.start()
          }
        }
        #expect(try await shop.end(of: run) == "succeeded")
        #expect(!worker.hasEnded)
        #expect(resting.hooks == ["rest", "resume"])
        #expect(try await resting.thaw(run) == "worker true")
        try await resting.expectAwake("PostgreSQL died")
        #expect(try await shop.leftBehind() == "")
        #expect(try await shop.objects().count == 2)
        await worker.kill()
      }
      try await postgres.stop()
    }
  }
}
