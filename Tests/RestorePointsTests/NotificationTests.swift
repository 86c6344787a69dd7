import Foundation
import HTTPClient
import HTTPTestServer
import JSON
import Log
import ResticFormat
import RestorePoints
import StepEngine
import StepKinds
import TestSupport
import Testing

/// Policies that tell a real server over HTTP how they fare.
@Suite("Notifications of policies")
struct NotificationTests {
  private static let server = Result { try HTTPTestServer() }

  /// Applies the policy `nightly`, which protects `shop`.
  private func apply(_ catalogue: Catalogue, rpo: JSONValue = .null, notify: [JSONValue]) async throws {
    let spec: JSONValue = [
      "workflow": "backup", "rpo": rpo, "selector": ["applications": ["shop"]], "notify": .array(notify),
    ]
    try await document(catalogue, "policy", "nightly", ["spec": spec])
    try await document(catalogue, "application", "shop", ["spec": [:]])
    try await catalogue.execute("select holdfast.follow_protection()")
  }

  private func document(_ catalogue: Catalogue, _ kind: String, _ name: String, _ content: JSONValue) async throws {
    try await catalogue.execute(
      "select * from holdfast.put_document('\(kind)', '\(name)', '{}', '\(UUID())', '\(content.text)')")
  }

  /// Makes one look at the policies, as the tick of once a minute does.
  private func look(_ catalogue: Catalogue) async throws {
    try await catalogue.execute("delete from holdfast.look; select holdfast.tick()")
  }

  /// Delivers what is due with a real worker, and returns what a channel was told so far.
  private func told(_ catalogue: Catalogue, _ key: String) async throws -> [JSONValue] {
    var options = Worker.Options()
    options.tick = .milliseconds(50)
    options.poll = .milliseconds(100)
    let worker = Worker(
      database: catalogue.configuration, profile: WorkerProfile(name: "teller", slots: 4, kinds: []),
      kinds: builtInStepKinds, options: options, logger: Logger(level: .error))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await worker.run() }
      try await eventually(within: .seconds(180), "the end of all notifications") {
        try await catalogue.value(
          "select count(*) from holdfast.run where workflow = 'notify' and finished_at is null") == "0"
      }
      worker.drain()
      try await group.waitForAll()
    }
    return try await kept(key)
  }

  private func kept(_ key: String) async throws -> [JSONValue] {
    let answer = try await HTTPClient.shared.send(HTTPRequest("GET", Self.server.get().url("keep?key=\(key)")))
    return try JSONValue(parsing: answer.text).array ?? []
  }

  /// Runs the policy for its application as a schedule does: one run around those of the applications.
  private func run(_ catalogue: Catalogue, failure: String? = nil) async throws -> RunID {
    let around = try await catalogue.client.submit([
      "workflow": "backup", "policy": "nightly", "params": ["applications": ["shop"]],
      "steps": [["name": "run", "uses": "by-hand", "with": [:]]],
    ])
    let outer = try await catalogue.claim(of: around)
    let run = try await catalogue.client.submit(
      ["workflow": "backup", "params": ["application": "shop"], "steps": [["name": "a", "uses": "by-hand"]]],
      parent: outer.id)
    try await catalogue.end(try await catalogue.claim(of: run), failure: failure)
    try await catalogue.end(outer, failure: failure)
    try await catalogue.execute("select holdfast.tick()")
    return run
  }

  @Test("each failure, recovery and missed RPO is told once, with what people and programs want to know")
  func changes() async throws {
    let url = try Self.server.get().url("keep?key=changes")
    try await withCatalogue { (catalogue) async throws in
      try await apply(catalogue, rpo: "1h", notify: [["url": .string(url), "headers": ["X-From": "holdfast"]]])
      _ = try await run(catalogue)
      #expect(try await told(catalogue, "changes") == [])

      let failed = try await run(catalogue, failure: "step export: the disk is full.")
      _ = try await run(catalogue, failure: "step export: again")
      try await look(catalogue)
      let first = try await told(catalogue, "changes")
      #expect(first.count == 1)
      let body = first.first?["body"]
      #expect(body?["event"] == "failure" && body?["policy"] == "nightly" && body?["application"] == "shop")
      #expect(body?["run"] == .int(failed.value) && body?["failure"] == "step export: the disk is full.")
      #expect(body?["lastGood"] == .null && body?["rpo"] == 3600 && body?["at"]?.string != nil)
      #expect(
        body?["text"]
          == .string(
            "Policy nightly, shop: run \(failed) failed: step export: the disk is full. There is no good restore point yet."
          ))
      #expect(first.first?["headers"]?["x-from"] == "holdfast")
      #expect(first.first?["headers"]?["idempotency-key"]?.string?.isEmpty == false)

      // A success with a point that is too old already.
      let old = Snapshot.Moment(seconds: Snapshot.Moment.now.seconds - 7210, nanoseconds: 0)
      try await catalogue.put(onePoint("shop-1", at: old.rfc3339, export: 1))
      _ = try await run(catalogue)
      try await look(catalogue)
      let second = try await told(catalogue, "changes").dropFirst(1).map { $0["body"] }
      #expect(
        second.map { $0?["event"] } == ["rpo-breach", "recovery"]
          || second.map { $0?["event"] } == ["recovery", "rpo-breach"])
      let breach = second.first { $0?["event"] == "rpo-breach" } ?? nil
      #expect(breach?["lastGood"]?["point"] == "shop-1" && breach?["failure"] == .null)
      #expect((breach?["age"]?.int ?? 0) >= 7210)
      #expect(
        breach?["text"]
          == "Policy nightly, shop: its recovery point objective of 60 min is missed. The last good restore point is shop-1, 2 h old."
      )

      // A fresh point ends the breach.
      try await catalogue.put(onePoint("shop-2", at: Snapshot.Moment.now.rfc3339, export: 2))
      try await look(catalogue)
      try await look(catalogue)
      #expect(try await told(catalogue, "changes").dropFirst(3).map { $0["body"]?["event"] } == ["recovery"])
      // Nobody tells of those who tell.
      #expect(try await catalogue.value("select count(*) from holdfast.ended_run") == "0")
    }
  }

  @Test("a channel is told what it asked for, and a refused notification is sent again; secrets stay references")
  func channels() async throws {
    let failing = try Self.server.get().url("keep?key=channels-failing&failures=2")
    let recovery = try Self.server.get().url("keep?key=channels-recovery")
    let secret = NSTemporaryDirectory() + "holdfast-url-\(UUID())"
    try recovery.write(toFile: secret, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: secret) }
    try await withCatalogue { (catalogue) async throws in
      try await apply(
        catalogue,
        notify: [
          ["url": .string(failing), "on": ["failure"]],
          ["urlFrom": ["file": .string(secret)], "on": "recovery"],
        ])
      _ = try await run(catalogue, failure: "no luck")
      _ = try await run(catalogue)
      #expect(try await told(catalogue, "channels-failing").map { $0["body"]?["event"] } == ["failure"])
      #expect(try await kept("channels-recovery").map { $0["body"]?["event"] } == ["recovery"])
      #expect(
        try await catalogue.value(
          "select count(*) from holdfast.step_body where spec::text like '%channels-recovery%'") == "0")
    }
  }

  @Test("what can't be submitted is said once, tried again with each look, and keeps nothing from its work")
  func problem() async throws {
    let url = try Self.server.get().url("keep?key=problem")
    try await withCatalogue { (catalogue) async throws in
      try await apply(catalogue, notify: [["url": .string(url)]])
      try await catalogue.execute("delete from holdfast.step_kind where uses = 'http'")
      _ = try await run(catalogue, failure: "no luck")
      try await look(catalogue)
      try await look(catalogue)
      #expect(
        try await catalogue.value("select count(*) from holdfast.event where kind = 'policy-problem'") == "1")
      #expect(
        try await catalogue.value("select problem from holdfast.policy_status where policy = 'nightly'")
          .contains("http"))
      try await catalogue.execute("insert into holdfast.step_kind (uses) values ('http')")
      try await look(catalogue)
      #expect(try await told(catalogue, "problem").map { $0["body"]?["event"] } == ["failure"])
      #expect(
        try await catalogue.value("select coalesce(problem, 'none') from holdfast.policy_status") == "none")
    }
  }

  @Test(
    "a run that failed before it could start one for an application counts for it; a cancelled one counts for nothing")
  func whole() async throws {
    try await withCatalogue { (catalogue) async throws in
      try await apply(catalogue, notify: [])
      let step = try await catalogue.step(policy: "nightly", params: ["applications": ["shop"]])
      try await catalogue.end(step, failure: "no such workflow")
      try await catalogue.execute("select holdfast.tick()")
      #expect(try await catalogue.value("select failing from holdfast.policy_status") == "true")
      _ = try await run(catalogue)
      #expect(try await catalogue.value("select failing from holdfast.policy_status") == "false")
      let cancelled = try await catalogue.step(policy: "nightly", params: ["applications": ["shop"]])
      _ = try await catalogue.client.cancel(cancelled.id.run, reason: "enough")
      try await catalogue.execute("select holdfast.tick()")
      #expect(try await catalogue.value("select failing from holdfast.policy_status") == "false")
    }
  }
}
