import Foundation
import Restore
import Synchronization
import TestSupport
import Testing

@Suite("Restores that outlive a power failure")
struct DurableTests {
  /// Whether a file has the time that it has in the backup.
  private func isStamped(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 == 1000
  }

  @Test(
    "a file gets the time that makes it look complete only once it is on the disk",
    arguments: [true, false], [true, false])
  func times(isDurable: Bool, verifies: Bool) async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(
      """
      mkdir d; for i in $(seq 50); do echo $i > f$i; done; head -c 30000000 /dev/urandom > big; : > none; echo x > d/f
      chmod 400 d/f; chmod 0 f1; touch -d @1000 * d/f d; chmod 500 d
      """)
    let target = fixture.target.path
    let stamped = Mutex(0)
    let result = try await fixture.restore(opened) {
      $0.isDurable = isDurable
      $0.verifies = verifies
      $0.onItem = { item in
        guard isStamped(target + "/" + String(decoding: item.path, as: UTF8.self)) else { return }
        stamped.withLock { $0 += 1 }
      }
    }
    #expect(result.problems.isEmpty && result.progress.files == 53)
    // Told of before they are read back, when no file has its time yet.
    #expect(stamped.withLock { $0 } == (isDurable || verifies ? 0 : 53))
    try await fixture.expectEqual()
  }

  @Test("only so many files wait for the disk at once")
  func bound() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(
      "mkdir d; for i in $(seq 1250); do echo $i > f$i; echo $i > d/f$i; done; touch -d @1000 * d/* d; chmod 500 d")
    let target = fixture.target.path
    let items = Atomic(0)
    let stamped = Atomic(0)
    let result = try await fixture.restore(opened) {
      $0.batchLimit = 1000
      $0.workers = 4
      $0.onItem = { _ in
        // By then a thousand have been waited for, with as many waiting.
        guard items.add(1, ordering: .relaxed).newValue == 2400 else { return }
        let paths = (1...1250).flatMap { ["\(target)/f\($0)", "\(target)/d/f\($0)"] }
        stamped.store(paths.count { isStamped($0) }, ordering: .relaxed)
      }
    }
    #expect(result.problems.isEmpty)
    let count = stamped.load(ordering: .relaxed)
    #expect(count >= 1000 && count < 2500, "\(count)")
    try await fixture.expectEqual()
  }

  @Test("what was written when a restore ended early is compared, not trusted and not fetched again")
  func early() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(
      "for i in $(seq 30); do head -c 1000000 /dev/urandom > f$i; done; touch -d @1000 *")
    var request = RestoreRequest(tree: opened.tree, target: fixture.target.path)
    let task = Mutex<Task<RestoreResult, any Error>?>(nil)
    request.onItem = { _ in
      guard let running = task.withLock({ $0 }) else { return }
      running.cancel()
    }
    request.workers = 1
    let running = Task { [request] in try await opened.repository.restore(request, index: opened.index) }
    task.withLock { $0 = running }
    // It was faster than the task could be told of.
    if case .success = await running.result { return }
    let target = fixture.target.path
    let names = try FileManager.default.contentsOfDirectory(atPath: target)
    #expect(!names.isEmpty && !names.contains { isStamped("\(target)/\($0)") })
    // As after a power failure: of the right size, and full of zeros.
    try await fixture.shell("head -c 1000000 /dev/zero > target/\(names[0])")
    let result = try await fixture.restore(opened) { $0.overwrite = .ifChanged }
    #expect(result.problems.isEmpty)
    #expect(names.count == 1 || result.progress.bytesRead < 30_000_000)
    try await fixture.expectEqual()
  }
}
