import Backup
import Cryptography
import Foundation
import ObjectStores
import ResticFormat
import ResticRepository
import StoreTestSupport
import Synchronization
import TestSupport
import Testing

@Suite("Backups of files that change meanwhile")
struct ChangingTests {
  @Test(
    "What is written to while it is read is kept and told; what vanishes before it is opened is missing and told",
    arguments: [false, true])
  func changing(isKnown: Bool) async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    let noise = "head -c 30000000 /dev/urandom >a/1-written"
    try await shell(
      "mkdir -p a/folder; \(noise); echo 2 >a/2-gone; echo 2 >a/2-pipe; echo 3 >a/3-kept; echo 4 >a/folder/in",
      in: place)
    var request = BackupRequest(source: .files([place.path + "/a"]))
    // One worker does one after the other, and three packs of at most 9 MiB are on their way at once: while the store takes none,
    // the first file is not done.
    request.workers = 1
    request.writing.packSize = 1 << 20
    request.writing.openPacks = 1
    request.writing.uploads = 1
    if isKnown {
      try await test.backUp(request)
      try await shell(noise, in: place)
    }

    let gate = GatedStore(DirectoryStore(test.folder.path))
    defer { gate.isOpen.store(true, ordering: .relaxed) }
    let gated = try await Repository.open(gate, password: Password(Array(TestRepository.password.utf8)))
    let fixed = request
    let attempt = Task {
      try await gated.withLock(exclusive: false) { lock in
        try await backUp(fixed, to: gated, lock: lock, cache: .none)
      }
    }
    try await eventually("a pack at the gate") { gate.packs.load(ordering: .relaxed) > 0 }
    try await shell("echo more >>a/1-written; rm -r a/2-gone a/2-pipe a/folder; mkfifo a/2-pipe", in: place)
    gate.isOpen.store(true, ordering: .relaxed)
    let result = try await attempt.value

    let messages = result.problems.map(\.message)
    // What is compared with a parent is looked at again before it is opened.
    #expect(result.isIncomplete && result.problemCount == (isKnown ? 3 : 4), "\(messages)")
    #expect(result.problems.filter(\.isLoss).count == (isKnown ? 2 : 3), "\(messages)")
    #expect(isKnown || messages.contains { $0.contains("read as a file what became") && $0.contains("/a/2-pipe") })
    #expect(messages.contains { $0.contains("/a/1-written was written to while it was read") }, "\(messages)")
    for name in ["2-gone", "folder"] {
      #expect(messages.contains { $0.hasSuffix("/a/\(name): No such file or directory") }, "\(messages)")
    }
    let names = try await test.restic("ls", "--long", result.snapshot.id.hex).output
    #expect(names.contains("30000000 ") && names.contains("/a/1-written") && names.contains("/a/3-kept"), "\(names)")
    #expect(!names.contains("/a/2-gone") && !names.contains("/a/folder"), "\(names)")

    // A mix of before and after is not taken for what is there now.
    let next = try await test.backUp(request)
    #expect(!next.isIncomplete && next.problemCount == 0 && next.progress.bytesRead >= 30_000_005)
    #expect(try await test.restic("ls", "--long", next.snapshot.id.hex).output.contains("30000005 "))
    try await test.judge()
  }
}

/// A folder that lets packs wait until it is opened.
private final class GatedStore: ForwardingStore {
  /// How many packs have come.
  let packs = Atomic(0)
  let isOpen = Atomic(false)
  let base: any ObjectStore

  init(_ base: DirectoryStore) { self.base = base }

  func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError) {
    if name.kind == .pack { packs.wrappingAdd(1, ordering: .relaxed) }
    while name.kind == .pack, !isOpen.load(ordering: .relaxed), !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(5))
    }
    try await base.put(name, contents, overwrite: overwrite)
  }
}
