import Foundation
import TestSupport
import Testing

/// `kill -9` at random moments of the main job, round after round; `HOLDFAST_SOAK` says how many. Outside of `EndToEnd`, whose
/// tests have ten minutes.
///
///     HOLDFAST_SOAK=200 swift test --filter SoakTests
@Suite("A main job whose processes die at random")
struct SoakTests {
  static let rounds = ProcessInfo.processInfo.environment["HOLDFAST_SOAK"].flatMap { Int($0) } ?? 8

  @Test("each run ends right and wakes its application, the last point restores byte for byte, and nothing is left")
  func soak() async throws {
    guard let mount = try await LoopFileSystem.btrfs.mount(megabytes: 512),
      let disk = try await LoopFileSystem.ext4.mount(megabytes: 64)
    else { return }
    let postgres = try await PostgresInstance()
    let resting = try await RestingShop(
      on: mount, freezing: disk, installation: try await Installation(on: postgres))
    let shop = resting.shop
    let path = shop.volumes[0].path
    // A busy machine stands still for seconds, too, and that adds to the kills.
    try await shop.installation.sql("update holdfast.setting set value = '1000000' where name = 'max_crashes'")
    var worker = try shop.installation.worker("soak", lease: 2, slots: 8)
    var (killed, crashed) = (0, 0)
    for round in 1...Self.rounds {
      try await shop.shell("head -c 200000 /dev/urandom >'\(path)/orders/\(round % 7)'")
      let run = try await shop.holdfast(
        "submit", "backup", "-p", "application=shop", "-p", "profile=vault", "-p", #"retention={"last": 2}"#, "-o",
        "name"
      ).trimmingCharacters(in: .whitespacesAndNewlines)
      try await Task.sleep(for: .milliseconds(.random(in: 0...1800)))
      if round.isMultiple(of: 5) {
        try await postgres.kill()
        try await postgres.start()
        crashed += 1
      } else {
        await worker.kill()
        worker = try shop.installation.worker("soak", lease: 2, slots: 8)
        killed += 1
      }
      #expect(try await shop.end(of: run) == "succeeded", "round \(round), run \(run)")
      try await resting.expectAwake("round \(round), run \(run)")
    }
    // What ended runs left is removed within half a minute; snapshots of two points stay.
    try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
    let kept = try await shop.installation.number("select sum(snapshots) from holdfast.restore_point")
    #expect(try await shop.objects().count == kept)
    #expect(try await shop.installation.number("select sum(exports) from holdfast.restore_point") == 4)
    // A worker that lost its lease while it saved one may have left a twin.
    #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/snapshots").count >= 4)
    let before = try await shop.facts(path)
    try await shop.shell("rm -r '\(path)/orders'")
    try await shop.holdfast("restore", "shop", "--yes", "--from", "export")
    #expect(try await shop.facts(path) == before)
    #expect(try await shop.judge() == "")
    print("soak: \(Self.rounds) rounds, \(killed) workers killed, PostgreSQL crashed \(crashed) times")
    await worker.kill()
    try await shop.shell("umount '\(mount.path)' '\(disk.path)'")
    try await postgres.stop()
  }
}
