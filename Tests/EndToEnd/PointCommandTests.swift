import Foundation
import TestSupport
import Testing

/// The commands about restore points and about how policies fare, on a catalogue that was imported.
@Suite("Restore points and policies by command", .timeLimit(.minutes(20)))
struct PointCommandTests {
  private static let documents = """
    apiVersion: holdfast.dev/v1
    kind: Workflow
    metadata: {name: nothing}
    spec:
      params: {application: {}}
      steps: {a: {uses: noop}}
    ---
    apiVersion: holdfast.dev/v1
    kind: Application
    metadata: {name: shop}
    spec:
      volumes: [{name: data, driver: directory, path: /srv/shop}]
    ---
    apiVersion: holdfast.dev/v1
    kind: Policy
    metadata: {name: nightly}
    spec:
      workflow: nothing
      selector: {applications: "sh*"}
      rpo: 1h
      retention: {snapshots: {keep: 0}, exports: {daily: 1}}
    """

  @discardableResult
  private func run(
    _ installation: Installation, _ line: String, code: Int32 = 0, location: SourceLocation = #_sourceLocation
  ) async throws -> ProgramResult {
    let result = try await installation.run(line.split(separator: " ").map(String.init))
    #expect(result.exitCode == code, "\(line): \(result.output)\(result.errors)", sourceLocation: location)
    return result
  }

  private func objects(_ installation: Installation, _ line: String) async throws -> [[String: Any]] {
    let text = try await run(installation, line + " -o json").output
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try value as? [[String: Any]] ?? [try #require(value as? [String: Any])]
  }

  private func installation(adopts: Bool = true) async throws -> Installation {
    let installation = try await Installation(on: .shared)
    let file = NSTemporaryDirectory() + "holdfast-documents-\(UUID()).yaml"
    try Self.documents.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    try await run(installation, "apply \(file)")
    for day in 1...3 {
      let export = String(repeating: "0", count: 63) + "\(day)"
      try await installation.sql(
        """
        select holdfast.import_point('{"name": "shop-\(day)", "application": "shop", "policy": "nightly", "profile": "vault",
          "createdAt": "2026-01-0\(day)T10:00:00Z", "consistency": "crash", "artifacts": {"lsn": "0/1\(day)"},
          "volumes": [{"name": "data", "driver": "directory", "export": "\(export)", "bytes": 2048, "addedBytes": 512, "files": 3}]}')
        """)
    }
    if adopts { try await installation.sql("select holdfast.adopt_points('vault')") }
    return installation
  }

  @Test("points are listed, shown in full, pinned, and judged by their policy")
  func points() async throws {
    let installation = try await installation()
    #expect(try await run(installation, "points -o name").output == "shop-3\nshop-2\nshop-1\n")
    #expect(try await run(installation, "points shop --policy nightly -n 1 -o name").output == "shop-3\n")
    #expect(try await run(installation, "points --policy other").output == "no restore points\n")
    #expect(try await run(installation, "points").output.contains("2.00 KiB"))
    #expect(
      try await run(installation, "points shp", code: 3).errors
        == "holdfast: there is no restore point of an application 'shp'; did you mean 'shop'?\n")
    let first = try await objects(installation, "points")[0]
    #expect(
      first.keys.sorted().joined(separator: " ")
        == "addedBytes adopted ageSeconds application bytes consistency createdAt drillProblem expiresAt exports "
        + "heldBy kept lockUntil pinned point policy profile reason recoverySeconds run snapshots state verifiedAt verifiedOk volumes"
    )

    let page = try await run(installation, "points show shop").output
    #expect(page.hasPrefix("POINT        shop-3\n") && page.contains("lsn       0/13\n"), "\(page)")
    let sealed = try await objects(installation, "points show shop-1")[0]
    #expect(sealed["exportStates"] as? [String: String] == ["data": "exists"] && sealed["name"] as? String == "shop-1")
    try await run(installation, "points show shop-9", code: 3)

    #expect(try await run(installation, "points pin shop-1").output == "restore point shop-1 is pinned\n")
    #expect(try await run(installation, "points pin shop-1").output == "restore point shop-1 is already pinned\n")
    let decisions = try await run(installation, "policy retention nightly --dry-run").output.split(separator: "\n")
    #expect(decisions.count == 4)
    #expect(decisions[1].hasSuffix("stays    the newest, the last good one, daily of 2026-01-03"), "\(decisions[1])")
    #expect(decisions[2].hasSuffix("goes     no rule keeps its exports"), "\(decisions[2])")
    #expect(decisions[3].hasSuffix("stays    pinned"), "\(decisions[3])")
    #expect(try await run(installation, "points unpin shop-1").output == "restore point shop-1 is not pinned\n")
    let objects = try await objects(installation, "policy retention nightly --dry-run")
    #expect(objects.map { $0["goes"] as? Bool } == [false, true, true])
    #expect(try await run(installation, "policy retention nightli --dry-run", code: 3).errors.contains("'nightly'"))
  }

  @Test("points that were imported say that no policy retires them, and what ends that")
  func imported() async throws {
    let installation = try await installation(adopts: false)
    let reason = "imported, and not adopted yet: holdfast import vault --adopt"
    #expect(try await run(installation, "points").output.contains("imported, not adopted"))
    #expect(try await objects(installation, "points").map { $0["adopted"] as? Bool } == [false, false, false])
    #expect(try await run(installation, "points show shop-1").output.contains("ADOPTED      no: \(reason)\n"))
    let sealed = try await objects(installation, "points show shop-1")[0]
    #expect(sealed["imported"] as? Bool == true && sealed["adopted"] as? Bool == false)
    let decisions = try await run(installation, "policy retention nightly --dry-run").output.split(separator: "\n")
    #expect(decisions.count == 4 && decisions.dropFirst().allSatisfy { $0.contains(reason) }, "\(decisions)")
    let objects = try await objects(installation, "policy retention nightly --dry-run")
    #expect(objects.map { $0["goes"] as? Bool } == [false, false, false])
  }

  @Test("the status of a policy follows its documents, its runs and its points")
  func status() async throws {
    let installation = try await installation()
    var status = try await objects(installation, "policy status nightly")
    #expect(status.count == 1 && status[0]["application"] as? String == "shop")
    #expect(status[0]["state"] as? String == "breach" && status[0]["lastGoodPoint"] as? String == "shop-3")
    #expect(status[0]["rpoSeconds"] as? Int == 3600)
    let checked = try await run(installation, "policy status --check", code: 1)
    #expect(checked.output.contains("breach") && checked.errors.contains("nightly/shop (breach)"))
    let worker = try installation.worker("w")
    try await run(installation, "policy run nightly --wait")
    try await eventually("the outcome of the run") {
      status = try await objects(installation, "policy status")
      return status[0]["lastRunState"] as? String == "succeeded"
    }
    await worker.kill()
    #expect(try await run(installation, "policy status").output.contains("breach"))
    try await run(installation, "delete policy/nightly")
    #expect(
      try await run(installation, "policy status").output == "no policies; 'holdfast apply FILE' puts one into force\n")
    try await run(installation, "policy status --check")
    try await run(installation, "policy status nightly", code: 3)
  }
}
