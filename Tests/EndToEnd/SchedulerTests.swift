import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Test("the leading scheduler is killed: another leads within seconds, and no slot is lost or fired twice")
  func leaderDies() async throws {
    let installation = try await Installation(on: .shared)
    let worker = try installation.worker("w")
    var schedulers: [String: BackgroundProgram] = [:]
    for name in ["s1", "s2", "s3"] {
      schedulers[name] = try installation.start(["scheduler", "--name", name, "--tick", "0.5"])
    }
    func leader() async throws -> String {
      try await installation.sql("select holder from holdfast.leader where expires_at > now()")
    }
    let noop = Plan("ok-slot", [["name": "a", "uses": "noop"]])
    for round in 1...2 {
      var first = ""
      try await eventually("a leader") {
        first = try await leader()
        return first != ""
      }
      // Slots fall due while nobody leads, and while somebody fires them.
      try await installation.sql(
        """
        begin;
        select holdfast.put_policy('p\(round)', '{"cron": "* * * * *", "catchUp": "all", "overlap": "queue"}', \(noop.literal));
        update holdfast.policy set since = date_trunc('minute', now()) - interval '30 min',
          decided_through = date_trunc('minute', now()) - interval '30 min' where policy = 'p\(round)';
        commit;
        """)
      if round == 2 {
        try await eventually("the first slots") {
          try await installation.number(
            "select count(*) from holdfast.policy_slot where policy = 'p2' and state = 'fired'") > 2
        }
      }
      await schedulers[first]?.kill()
      try await eventually("another leader") {
        let now = try await leader()
        return now != "" && now != first
      }
    }
    // One after the other, each with a tick of its own.
    try await eventually(within: .seconds(300), "all slots") {
      try await installation.sql(
        """
        \(Installation.switchOffPolicies(after: 30))
        select count(*) from holdfast.policy where enabled;
        """) == "0"
    }
    try await installation.runsEnd()
    #expect(try await installation.brokenRules() == [])
    await worker.kill()
    for scheduler in schedulers.values { await scheduler.kill() }
  }
}
