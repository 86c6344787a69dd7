import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Backups of a filesystem in an image, which is frozen while the image is snapshotted, under a writer that syncs each of its writes.
  @Suite("A backup that freezes")
  struct FrozenBackupTests {
    /// An image on a filesystem with reflinks, the filesystem in it, and a shop whose volume is the image.
    private struct Frozen {
      let shop: ProtectedShop
      let inside: String
      let moments: Moments

      /// Writes a number to the file `a`, then to `b`, each synced, for ever: so `b` is never ahead of `a`, nor far behind.
      func startWriter() throws -> BackgroundProgram {
        try BackgroundProgram(
          "/bin/bash",
          [
            "-c",
            #"""
            n=0
            while :; do
              n=$((n + 1))
              for file in a b; do
                printf '%012d\n' $n | dd of="$0/$file" conv=fsync,notrunc status=none
              done
              [ -e "$0/filler" ] || head -c 500000 /dev/urandom >"$0/filler"
            done
            """#, inside,
          ])
      }

      /// Says that it begins, and writes once.
      func startWrite() throws -> BackgroundProgram {
        try BackgroundProgram(
          "/bin/sh", ["-c", "echo begins; date +%N >\"$0/probe\"; sync -f \"$0/probe\"", inside])
      }

      /// How long a write takes now.
      func writing() async throws -> Duration {
        let start = ContinuousClock.now
        try await shop.shell("date +%N >'\(inside)/probe'; sync -f '\(inside)/probe'")
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

      /// Restores the newest point's export, mounts the image, and checks what the writer wrote.
      /// - Parameter wasAtRest: whether the filesystem must look as if it had been unmounted.
      func expectConsistent(wasAtRest: Bool, _ comment: String) async throws {
        let target = shop.folder.path + "/restored"
        try await shop.holdfast("restore", try await shop.newestPoint(), "--from", "export", "--target", target)
        let image = target + "/data/data"
        let state = try await shop.shell("dumpe2fs -h '\(image)' 2>&1 | grep -c needs_recovery || true")
        if wasAtRest { #expect(state == "0\n", "\(comment): the journal is not empty") }
        try await shop.shell(
          "mkdir '\(target)/mount'; mount -o loop '\(image)' '\(target)/mount'")
        let numbers = try await shop.shell("cat '\(target)/mount/a' '\(target)/mount/b'").split(separator: "\n")
          .compactMap { Int($0) }
        try await shop.shell(
          "umount '\(target)/mount'; e2fsck -fn '\(image)' >&2; rm -r '\(target)'")
        #expect(
          numbers.count == 2 && numbers[0] - numbers[1] >= 0 && numbers[0] - numbers[1] <= 1, "\(comment): \(numbers)")
      }
    }

    private func withFrozen(deadline: String = "120s", _ body: (Frozen) async throws -> Void) async throws {
      guard let folder = try await LoopFileSystem.xfs.sharedFolder("frozen") else { return }
      let inside = try scratchDirectory("inside").path
      let shop = try await ProtectedShop(
        "reflink", on: folder, volume: ", freeze: {path: \(inside), deadline: \(deadline)}"
      ) { path in
        let made = try await runProgram(
          "/bin/bash",
          [
            "-euc",
            "truncate -s 24M \"$0\"; mkfs.ext4 -q \"$0\"; mount -o loop \"$0\" \"$1\"; for f in a b; do printf '%012d\\n' 0 >\"$1/$f\"; done",
            path, inside,
          ])
        guard made.exitCode == 0 else { throw TestSupportError("no filesystem in an image: \(made.errors)") }
      }
      let frozen = Frozen(shop: shop, inside: inside, moments: try Moments())
      let writer = try frozen.startWriter()
      let result: Result<Void, any Error>
      do { result = .success(try await body(frozen)) } catch { result = .failure(error) }
      await writer.kill()
      // It must not be left frozen, whatever else went wrong.
      let thawed = try await runProgram("/sbin/fsfreeze", ["--unfreeze", inside])
      #expect(thawed.exitCode != 0, "it is left frozen")
      _ = try await runProgram("/bin/umount", ["--lazy", inside])
      try result.get()
      #expect(try await shop.judge() == "")
    }

    @Test("writers rest while the snapshot is taken, and go on as soon as it is; the point has what they synced")
    func whole() async throws {
      try await withFrozen { frozen in
        let (shop, moments) = (frozen.shop, frozen.moments)
        let worker = try shop.installation.worker("main", environment: moments.environment)
        try moments.hold(at: "snapshot.taken")
        let run = try await shop.submitBackup()
        let held = try await moments.held(at: "snapshot.taken")
        let write = try frozen.startWrite()
        try await eventually("a write") { write.output == "begins\n" }
        try await Task.sleep(for: .milliseconds(500))
        #expect(!write.hasEnded, "it was not frozen")
        held.letGo()
        #expect(try await write.end() == 0)
        #expect(try await shop.end(of: run) == "succeeded")
        #expect(try await frozen.thaw(run) == "worker true")
        #expect(
          try await shop.installation.sql("select consistency from holdfast.restore_point") == "crash")
        #expect(try await shop.leftBehind() == "")
        try await frozen.expectConsistent(wasAtRest: true, "whole")
        await worker.kill()
      }
    }

    @Test("two policies that freeze the same filesystem at once: one waits for the other, and both have it at rest")
    func two() async throws {
      try await withFrozen { frozen in
        let (shop, moments) = (frozen.shop, frozen.moments)
        let worker = try shop.installation.worker("main", slots: 8, environment: moments.environment)
        try moments.rest(at: "snapshot.taken", seconds: 2)
        let runs = [try await shop.submitBackup("-p", "policy=one"), try await shop.submitBackup("-p", "policy=two")]
        for run in runs {
          #expect(try await shop.end(of: run) == "succeeded")
          #expect(try await frozen.thaw(run) == "worker true")
        }
        #expect(
          try await shop.installation.sql("select string_agg(policy, ' ' order by policy) from holdfast.restore_point")
            == "one two")
        #expect(try await shop.leftBehind() == "")
        try await frozen.expectConsistent(wasAtRest: true, "two")
        await worker.kill()
      }
    }

    /// `wasAtRest`: whether the snapshot was taken while frozen; `thaw`: what the thaw step of the other worker finds.
    struct Death: Sendable, CustomTestStringConvertible {
      let moment: String
      let wasAtRest: Bool
      let thaw: String
      var testDescription: String { moment }
    }

    @Test(
      "the guard's parent, its worker, is killed: it thaws at once, and another worker ends the run right",
      arguments: [
        // It is frozen once more.
        Death(moment: "freeze.frozen", wasAtRest: true, thaw: "worker true"),
        Death(moment: "snapshot.intended", wasAtRest: false, thaw: "worker-died false"),
        Death(moment: "snapshot.taken", wasAtRest: true, thaw: "worker-died false"),
        Death(moment: "snapshot.noted", wasAtRest: true, thaw: "worker-died false"),
        Death(moment: "thaw.thawed", wasAtRest: true, thaw: "worker true"),
      ])
    func killed(death: Death) async throws {
      try await withFrozen { frozen in
        let (shop, moments) = (frozen.shop, frozen.moments)
        let first = try shop.installation.worker("first", lease: 5, environment: moments.environment)
        try moments.die(at: death.moment)
        let run = try await shop.submitBackup()
        try await moments.passed(death.moment)
        _ = try await first.end()
        // Long before the deadline, with nobody there but the guard.
        #expect(try await frozen.writing() < .seconds(30), "\(death.moment)")
        let second = try shop.installation.worker("second")
        #expect(try await shop.end(of: run) == "succeeded", "\(death.moment)")
        #expect(try await frozen.thaw(run) == death.thaw, "\(death.moment)")
        #expect(try await shop.leftBehind() == "", "\(death.moment)")
        #expect(try await shop.objects().count == 1, "\(death.moment)")
        try await frozen.expectConsistent(wasAtRest: death.wasAtRest, death.moment)
        await second.kill()
      }
    }

    @Test("a worker that hangs while it holds writers: they go on at the deadline, and the run knows")
    func deadline() async throws {
      try await withFrozen(deadline: "3s") { frozen in
        let (shop, moments) = (frozen.shop, frozen.moments)
        let worker = try shop.installation.worker("main", environment: moments.environment)
        try moments.rest(at: "snapshot.intended", seconds: 30)
        let run = try await shop.submitBackup()
        try await moments.passed("snapshot.intended")
        #expect(try await frozen.writing() < .seconds(20), "the deadline did not count")
        #expect(try await shop.end(of: run) == "succeeded")
        // The guard thaws it, or the worker for a guard that is late.
        #expect(["deadline false", "guard false"].contains(try await frozen.thaw(run)))
        try await frozen.expectConsistent(wasAtRest: false, "deadline")
        await worker.kill()
      }
    }
  }
}
