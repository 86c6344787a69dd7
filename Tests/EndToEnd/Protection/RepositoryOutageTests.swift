import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// A repository in S3 that cannot be reached for a while, in the middle of a run. `HOLDFAST_OUTAGE` says for how many seconds.
  ///
  ///     HOLDFAST_OUTAGE=120 swift test --filter RepositoryOutageTests
  @Suite("A repository that cannot be reached for a while")
  struct RepositoryOutageTests {
    static let seconds = ProcessInfo.processInfo.environment["HOLDFAST_OUTAGE"].flatMap { Int($0) }

    struct Outage: Sendable, CustomTestStringConvertible {
      /// When it begins.
      let moment: String
      let mode: TCPProxy.Mode
      /// Whether the worker is another one from then on, which never had an answer from the repository.
      var hasNewWorker = false
      /// What is submitted. No snapshot is retired beside the export: that step could come by the moment first.
      var workflow = [
        "submit", "backup", "-p", "application=shop", "-p", "profile=vault", "-p",
        #"retention={"snapshots": {"last": 9}, "exports": {"last": 1}}"#,
      ]
      var testDescription: String {
        "\(workflow[1]) from \(moment) on, \(mode)\(hasNewWorker ? ", with another worker" : "")"
      }
    }

    static let dump = [
      "submit", "backup-logical", "-p", "application=shop", "-p", "profile=vault", "-p", "file=shop.dump", "-p",
      #"command=["seq", "300000"]"#,
    ]

    @Test(
      "the run waits for it, says so, and ends right without help",
      arguments: [
        Outage(moment: "export.intended", mode: .silent),
        Outage(moment: "retire.begun", mode: .refuse, hasNewWorker: true),
        Outage(moment: "export.intended", mode: .refuse, hasNewWorker: true, workflow: dump),
      ])
    func away(outage: Outage) async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("outage"), let server = try await S3Server() else {
        return
      }
      let proxy = try TCPProxy(to: server.port)
      let shop = try await ProtectedShop("btrfs", on: mount)
      try await useBucket(server, proxy.port, shop)
      let moments = try Moments()
      var worker = try shop.installation.worker(
        "first", lease: outage.hasNewWorker ? 5 : 30, environment: moments.environment)
      _ = try await shop.backup()
      try await shop.shell("head -c 3000000 /dev/urandom >'\(shop.volumes[0].path)/orders/3'")

      try moments.hold(at: outage.moment)
      let run = try await shop.holdfast(outage.workflow + ["-o", "name"])
        .trimmingCharacters(in: .whitespacesAndNewlines)
      let held = try await moments.held(at: outage.moment)
      proxy.set(outage.mode)
      proxy.cut()
      let start = ContinuousClock.now
      if outage.hasNewWorker {
        await worker.kill()
        worker = try shop.installation.worker("second")
        try await eventually(within: .seconds(120), "a step that waits") {
          try await shop.installation.number(
            "select count(*) from holdfast.waiting where reason like '%profile vault: %'") > 0
        }
      }
      held.letGo()
      try await Task.sleep(for: .seconds(Self.seconds ?? 5) - (.now - start))
      proxy.set(.pass)

      #expect(try await shop.end(of: run) == "succeeded")
      let target = shop.folder.path + "/restored"
      try await shop.holdfast("restore", try await shop.newestPoint(), "--from", "export", "--target", target)
      if outage.workflow == Self.dump {
        #expect(try await shop.shell("seq 300000 | cmp - '\(target)/dump/shop.dump' && echo same") == "same\n")
      } else {
        #expect(try await shop.facts(target + "/data") == shop.facts(shop.volumes[0].path))
      }
      #expect(try await shop.leftBehind() == "")
      let check = try await runProgram(
        "restic", ["check", "--read-data", "--no-lock", "--no-cache"],
        environment: [
          "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": shop.folder.path, "RESTIC_PASSWORD": "correct horse",
          "RESTIC_REPOSITORY": server.location(prefix: "vault"),
        ].merging(server.writer.environment) { $1 })
      #expect(check.exitCode == 0 && check.output.contains("no errors were found"), "\(check)")
      await worker.kill()
      proxy.close()
    }

    /// From now on the profile's repository is in the server's bucket.
    private func useBucket(_ server: S3Server, _ port: Int, _ shop: ProtectedShop) async throws {
      let folder = shop.folder
      for (name, text) in [("key", server.writer.id), ("secret", server.writer.secret)] {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
      }
      try await shop.apply(
        """
        apiVersion: holdfast.dev/v1
        kind: Profile
        metadata: {name: vault}
        spec:
          location: {s3: {endpoint: "http://127.0.0.1:\(port)", bucket: \(server.bucket), prefix: vault}}
          password: {file: \(folder.path)/password}
          credentials: {accessKey: {file: \(folder.path)/key}, secretKey: {file: \(folder.path)/secret}}
        """)
    }
  }
}
