import Foundation
import TestSupport
import Testing

/// A shop whose application is brought to rest: hooks write what they do into a file, and a filesystem is frozen while the snapshots are
/// taken.
struct RestingShop {
  /// Its first volume is `data`; there is another one, `logs`.
  let shop: ProtectedShop
  /// Where the filesystem that is frozen is mounted.
  private let frozen: String
  private let log: URL

  /// - Parameters:
  ///   - mount: where its volumes are, on btrfs.
  ///   - disk: the filesystem that is frozen.
  init(on mount: URL, freezing disk: URL, installation: Installation? = nil) async throws {
    let log = try scratchDirectory("resting").appendingPathComponent("log")
    let logs = mount.path + "/logs"
    func hook(_ word: String) -> String { "[{exec: {command: [sh, -c, 'echo \(word) >>\(log.path)']}}]" }
    self.log = log
    frozen = disk.path
    // The driver btrfs wants no freeze, so another volume has it.
    shop = try await ProtectedShop(
      "btrfs", on: mount, installation: installation,
      application: """
            - {name: logs, driver: reflink, path: \(logs), freeze: {path: \(disk.path), deadline: 120s}}
          hooks:
            backupPrehook: \(hook("rest"))
            backupPosthook: \(hook("resume"))
            restorePrehook: \(hook("stop"))
            restorePosthook: \(hook("start"))
            onFailure: \(hook("failed"))
            onCancel: \(hook("cancelled"))
        """)
    try await shop.shell("mkdir '\(logs)'")
    try await shop.fill(logs)
  }

  /// Runs `body` with such a shop; nothing where this machine has no such filesystems.
  static func with(
    _ label: String, installation: Installation? = nil, _ body: (RestingShop) async throws -> Void
  ) async throws {
    guard let mount = try await LoopFileSystem.btrfs.sharedFolder(label) else { return }
    _ = try await LoopFileSystem.ext4.withOwn(megabytes: 64) { disk in
      let resting = try await RestingShop(on: mount, freezing: disk, installation: installation)
      let result: Result<Void, any Error>
      do { result = .success(try await body(resting)) } catch { result = .failure(error) }
      // Whatever else went wrong: nobody could unmount it.
      try await resting.expectThawed("at the end")
      try result.get()
    }
  }

  /// What the hooks have done: rest, resume, stop, start, failed and cancelled.
  var hooks: [String] {
    let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  /// As if no hook had done anything.
  func forgetHooks() throws { try Data().write(to: log) }

  /// How long a write to the filesystem takes now.
  func writing() async throws -> Duration {
    let start = ContinuousClock.now
    try await shop.shell("date +%N >'\(frozen)/probe'; sync -f '\(frozen)/probe'")
    return .now - start
  }

  /// What the run's thaw said: what ended the freeze, and whether it lasted until then.
  func thaw(_ run: String) async throws -> String {
    try await shop.installation.sql(
      """
      select (a.outputs ->> 'endedBy') || ' ' || (a.outputs ->> 'intact')
      from holdfast.attempt a join holdfast.step s using (step_id)
      where s.step_id >> 20 = \(run) and s.name like 'thaw%.release' and a.state = 'succeeded'
      """)
  }

  /// The filesystem is not frozen.
  func expectThawed(_ comment: String) async throws {
    let result = try await runProgram("/sbin/fsfreeze", ["--unfreeze", frozen])
    #expect(result.exitCode != 0, "\(comment): it is left frozen")
  }

  /// The application goes on: it was told so after it was last brought to rest, its filesystem is not frozen, and no run keeps it from
  /// others.
  func expectAwake(_ comment: String) async throws {
    let last = hooks.last { ["rest", "resume", "stop", "start"].contains($0) }
    #expect(last == "resume" || last == "start", "\(comment): \(hooks)")
    try await expectThawed(comment)
    #expect(
      try await shop.installation.number("select count(*) from holdfast.application_hold") == 0, "\(comment)")
  }
}
