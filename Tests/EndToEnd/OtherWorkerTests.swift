import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Test("a worker in bash and psql does whole runs, beside ours")
  func psqlWorker() async throws {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("psql/worker.sh")
      .path
    let installation = try await Installation(on: .shared)
    let ours = try installation.worker("ours")
    let result = try await runProgram(
      "/usr/bin/env", ["PATH=/usr/local/bin:/usr/bin:/bin", "bash", script, installation.url], environment: [:])
    #expect(result.exitCode == 0 && result.output.hasSuffix("ok\n"), "\(result.output)\(result.errors)")
    #expect(!ours.hasEnded)
    await ours.kill()
  }

  @Test("worker and scheduler need no more than the worker's role")
  func leastPrivilege() async throws {
    let installation = try await Installation(on: .shared)
    try await installation.sql(
      "drop role if exists just_worker; create role just_worker login in role holdfast_worker")
    let url = installation.postgres.url(database: installation.database, user: "just_worker")
    // With its own scheduler, as by default.
    let worker = try installation.start(["worker", "--name", "w"], url: url)
    let noop = Plan("ok-slot", [["name": "a", "uses": "exec", "with": installation.effect("echo printed")]])
    try await installation.sql(
      """
      begin;
      select holdfast.put_policy('p', '{"cron": "* * * * *", "catchUp": "all", "overlap": "queue"}', \(noop.literal));
      update holdfast.policy set since = date_trunc('minute', now()) - interval '3 min',
        decided_through = date_trunc('minute', now()) - interval '3 min';
      commit;
      """)
    try await eventually("three slots\n\(worker.errors)") {
      try await installation.number("select count(*) from holdfast.run where state = 'succeeded'") >= 3
    }
    worker.signal(SIGTERM)
    #expect(try await worker.end() == 0, "\(worker.errors)")
    #expect(!worker.errors.contains("level=error"), "\(worker.errors)")
    let lines = try await installation.sql("select distinct text from holdfast.step_log")
    #expect(lines == "printed")
  }
}
