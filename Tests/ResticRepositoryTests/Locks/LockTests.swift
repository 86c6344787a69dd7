import BlobIndex
import Concurrency
import Cryptography
import Foundation
import ObjectStores
import ResticFormat
import StoreTestSupport
import Synchronization
import TestSupport
import Testing

@testable import ResticRepository

/// A folder that is out of reach for as long as `isAway`.
private final class DistantStore: ForwardingStore {
  let isAway = Atomic(false)
  let base: any ObjectStore

  init(_ base: DirectoryStore) { self.base = base }

  private func reached() throws(StoreError) -> any ObjectStore {
    if isAway.load(ordering: .relaxed) { throw StoreError(.failed, location, "is out of reach") }
    return base
  }

  func prepare() async throws(StoreError) { try await reached().prepare() }
  func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError) {
    try await reached().put(name, contents, overwrite: overwrite)
  }
  func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    try await reached().get(name, range: range)
  }
  func size(of name: ObjectName) async throws(StoreError) -> Int { try await reached().size(of: name) }
  func list(_ kind: ObjectKind) async throws(StoreError) -> [ObjectListing] { try await reached().list(kind) }
  func remove(_ name: ObjectName) async throws(StoreError) { try await reached().remove(name) }
}

/// A folder that stores locks and then says that it didn't, after so many that it told of.
private final class SilentStore: ForwardingStore {
  /// How many more locks it tells of.
  let told = Atomic(0)
  let base: any ObjectStore
  private let kind: StoreError.Kind

  init(_ base: DirectoryStore, _ kind: StoreError.Kind) {
    self.base = base
    self.kind = kind
  }

  func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError) {
    try await base.put(name, contents, overwrite: overwrite)
    guard name.kind == .lock, told.subtract(1, ordering: .relaxed).oldValue <= 0 else { return }
    throw StoreError(kind, location, "no answer")
  }
}

@Suite("Locks", .serialized)
struct LockTests {
  private let fixture: ResticFixture
  private let repository: Repository
  // No machine stands still for so long that a lock is lost to it.
  private let fast = LockTimes(
    settling: .milliseconds(20), refresh: .milliseconds(100), retry: .milliseconds(50), lost: .seconds(60),
    attempts: .milliseconds(20)...(.milliseconds(100)))

  init() async throws { (fixture, repository) = try await ResticFixture.initialized() }

  private func expectLocked(_ body: () async throws -> Void) async {
    let error = await #expect(throws: RepositoryError.self) { try await body() }
    #expect(error?.kind == .locked, "\(String(describing: error))")
  }

  private func save(
    age: Int64, exclusive: Bool = false, host: String = "elsewhere", pid: Int = 4242, mark: String = ""
  ) async throws -> FileID {
    var time = Snapshot.Moment.now
    time.seconds -= age
    var lock = LockFile(
      time: time, exclusive: exclusive, hostname: host, username: "somebody", pid: pid, uid: 1, gid: 1)
    lock.processMark = mark
    return try await repository.saveSealed(.lock, lock.encoded())
  }

  @Test("a lock is there while the body runs, and gone after its end, its error and its cancellation")
  func lifetime() async throws {
    for exclusive in [true, false] {
      try await repository.withLock(exclusive: exclusive) { lock in
        let locks = try await repository.locks()
        #expect(locks.count == 1)
        #expect(locks.first?.lock.exclusive == exclusive)
        #expect(locks.first?.lock.pid == Int(getpid()))
        try lock.checkHeld()
      }
      #expect(try await repository.locks().isEmpty)
    }
    struct Stop: Error {}
    await #expect(throws: Stop.self) { try await repository.withLock(exclusive: true) { _ in throw Stop() } }
    #expect(try await repository.locks().isEmpty)
    let (shared, isHeld) = (repository, Counter())
    let task = Task {
      try await shared.withLock(exclusive: true) { _ in
        isHeld.add(1)
        try await Task.sleep(for: .seconds(60))
      }
    }
    while isHeld.add(0) == 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(try await repository.locks().count == 1)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await repository.locks().isEmpty)
  }

  @Test("shared locks live together; an exclusive one is alone")
  func conflicts() async throws {
    try await repository.withLock(exclusive: false, times: fast) { _ in
      try await repository.withLock(exclusive: false, times: fast) { _ in }
      await expectLocked { try await repository.withLock(exclusive: true, times: fast) { _ in } }
    }
    try await repository.withLock(exclusive: true, times: fast) { _ in
      await expectLocked { try await repository.withLock(exclusive: false, times: fast) { _ in } }
      await expectLocked { try await repository.withLock(exclusive: true, times: fast) { _ in } }
    }
    #expect(try await repository.locks().isEmpty)
  }

  @Test("the message tells who holds the lock, where, since when, and what to do")
  func message() async throws {
    _ = try await save(age: 60, exclusive: true)
    let error = await #expect(throws: RepositoryError.self) { try await repository.withLock(exclusive: false) { _ in } }
    for part in ["somebody", "elsewhere", "4242", "20", "exclusively", "holdfast repo unlock", fixture.path] {
      #expect(error?.message.contains(part) == true, "\(part) in \(error?.message ?? "")")
    }
  }

  @Test("waiting gets the lock once it is free")
  func retry() async throws {
    let (repository, fast, isHeld) = (repository, fast, Counter())
    let holder = Task {
      try await repository.withLock(exclusive: true, times: fast) { _ in
        isHeld.add(1)
        try await Task.sleep(for: .milliseconds(500))
      }
    }
    while isHeld.add(0) == 0 { try await Task.sleep(for: .milliseconds(10)) }
    try await repository.withLock(exclusive: true, retryFor: .seconds(20), times: fast) { _ in }
    try await holder.value
  }

  @Test(
    "of many that want to be alone at the same time, one at most is", arguments: [Duration.milliseconds(20), .zero])
  func race(settling: Duration) async throws {
    let inside = Counter()
    let repository = repository
    var fast = fast
    // Nothing to wait for where listings are never old: as here, in a folder.
    fast.settling = settling
    let times = fast
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<6 {
        group.addTask {
          _ = try? await repository.withLock(exclusive: true, retryFor: .seconds(2), times: times) { _ in
            #expect(inside.add(1) == 1)
            try await Task.sleep(for: .milliseconds(20))
            inside.add(-1)
          }
        }
      }
    }
    #expect(try await repository.locks().isEmpty)
  }

  @Test("who begins early learns before it writes that another one wanted to be alone")
  func settlesLate() async throws {
    let slow = LockTimes(settling: .milliseconds(300))
    try await repository.withLock(exclusive: false, settlesLate: true, times: slow) { lock in
      #expect(try await repository.locks().count == 1)
      try await lock.settled()
      try await lock.settled()
    }
    // The other lock is there before the look at others, however slow the disk.
    let slower = LockTimes(settling: .seconds(10))
    try await repository.withLock(exclusive: false, settlesLate: true, times: slower) { lock in
      let other = try await save(age: 0, exclusive: true)
      await expectLocked { try await lock.settled() }
      try await repository.remove(.lock, other)
    }
    // Nobody waits for the look at others.
    let start = ContinuousClock.now
    try await repository.withLock(exclusive: false, settlesLate: true, times: LockTimes(settling: .seconds(60))) { _ in
    }
    #expect(ContinuousClock.now - start < .seconds(30))
    #expect(try await repository.locks().isEmpty)
  }

  @Test("who lost the race for a lock writes no index, also not when its work fails for another reason")
  func lostRace() async throws {
    var settings = WriteSettings()
    settings.packSize = 64 << 10
    let pool = BlockingPool(size: 4)
    // The other lock is there before the look at others, however slow the disk.
    let times = LockTimes(settling: .seconds(10))
    await #expect(throws: (any Error).self) {
      try await repository.withLock(exclusive: false, settlesLate: true, times: times) { lock in
        let other = try await save(age: 0, exclusive: true)
        try await repository.withBlobWriter(
          index: BlobIndex(), settings: settings, pool: pool, mayWrite: { try await lock.checkOurs() }
        ) { writer in
          for number in 0..<4 {
            let blob = (0..<(40 << 10)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number &* $0 >> 5) }
            try await writer.store(blob, type: .data, with: writer.sealer())
          }
          // Known without anybody asking.
          try await eventually("the loss") { (try? lock.checkHeld()) == nil }
          try await repository.remove(.lock, other)
          throw RepositoryError(.badRequest, "enough")
        }
      }
    }
    #expect(try await repository.list(.index).isEmpty)
    #expect(try await repository.locks().isEmpty)
  }

  @Test("before what refers to data, a lock that somebody removed is missed")
  func verify() async throws {
    try await repository.withLock(exclusive: false) { lock in
      try await lock.verify()
      for id in try await repository.list(.lock) { try await repository.remove(.lock, id) }
      try lock.checkHeld()
      let error = await #expect(throws: RepositoryError.self) { try await lock.verify() }
      #expect(error?.kind == .lockLost)
      #expect(throws: RepositoryError.self) { try lock.checkHeld() }
    }
    // A refresh at the same moment is no loss.
    try await repository.withLock(exclusive: false) { lock in
      for _ in 0..<30 {
        async let refreshed: Void = lock.refresh()
        for _ in 0..<5 { try await lock.verify() }
        try await refreshed
      }
    }
  }

  @Test("a held lock is written anew, and noticed as lost when somebody removes it")
  func refresh() async throws {
    try await repository.withLock(exclusive: false, times: fast) { lock in
      let first = Set(try await repository.list(.lock))
      #expect(!first.isEmpty)
      try await eventually("a refresh") {
        let now = try await repository.list(.lock)
        return !now.isEmpty && first.isDisjoint(with: now)
      }
      try lock.checkHeld()
      // Again and again: a refresh may come between the listing and the removal.
      try await eventually("the loss") {
        for id in try await repository.list(.lock) { try await repository.remove(.lock, id) }
        return (try? lock.checkHeld()) == nil
      }
      let error = #expect(throws: RepositoryError.self) { try lock.checkHeld() }
      #expect(error?.kind == .lockLost)
    }
    #expect(try await repository.list(.lock).isEmpty)
  }

  @Test("a lock that can't be refreshed is lost after a while, and comes back if nobody took it")
  func outage() async throws {
    let store = DistantStore(fixture.store)
    let distant = try await Repository.open(store, password: Password(Array(ResticFixture.password.utf8)))
    var times = fast
    times.lost = .seconds(2)
    try await distant.withLock(exclusive: false, times: times) { lock in
      store.isAway.store(true, ordering: .relaxed)
      try await eventually("the loss") { (try? lock.checkHeld()) == nil }
      let error = #expect(throws: RepositoryError.self) { try lock.checkHeld() }
      #expect(error?.kind == .lockLost)
      store.isAway.store(false, ordering: .relaxed)
      try await eventually("its return") { (try? lock.checkHeld()) != nil }
    }
    #expect(try await repository.list(.lock).isEmpty)
  }

  @Test(
    "a lock that was stored without an answer is not left behind", arguments: [StoreError.Kind.unreachable, .cancelled])
  func unanswered(kind: StoreError.Kind) async throws {
    let store = SilentStore(fixture.store, kind)
    let silent = try await Repository.open(store, password: Password(Array(ResticFixture.password.utf8)))
    let error = await #expect(throws: RepositoryError.self) {
      try await silent.withLock(exclusive: true, times: fast) { _ in }
    }
    #expect(error?.kind == .store(kind))
    #expect(try await repository.list(.lock).isEmpty)
    // The same of one that is to take the place of another.
    store.told.store(1, ordering: .relaxed)
    try await silent.withLock(exclusive: true, times: LockTimes()) { lock in
      await #expect(throws: RepositoryError.self) { try await lock.refresh() }
      #expect(try await repository.list(.lock).count == 2)
      try lock.checkHeld()
    }
    #expect(try await repository.list(.lock).isEmpty)
  }

  @Test("what is stale: old locks, and processes of this host that are gone")
  func stale() async throws {
    let host = Identity.current.hostname, gone = 4_194_305
    func isStale(_ age: Int64, _ host: String, _ pid: Int) async throws -> Bool {
      let id = try await save(age: age, host: host, pid: pid)
      let lock = try await repository.locks().first { $0.id == id }
      return try #require(lock).isStale()
    }
    #expect(try await isStale(31 * 60, "elsewhere", 1))
    #expect(try await !isStale(29 * 60, "elsewhere", 1))
    #expect(try await isStale(0, host, gone))
    #expect(try await !isStale(0, host, Int(getpid())))
    #expect(try await !isStale(-7200, "elsewhere", 1))
    #expect(try await repository.unlock().count == 2)
    #expect(try await repository.locks().count == 3)
    #expect(try await repository.unlock(all: true).count == 3)
    #expect(try await repository.list(.lock).isEmpty)
  }

  @Test("another container of this host has process ids of its own: only the age of its locks counts")
  func otherContainer() async throws {
    let host = Identity.current.hostname, gone = 4_194_305
    let here = try #require(ProcessMark.current)
    let namespace = try #require(here.machine.split(separator: "-").last)
    let there = ProcessMark(machine: here.machine.dropLast(namespace.count) + "7", started: "1").text
    let living = try await save(age: 60, exclusive: true, host: host, pid: gone, mark: there)
    let old = try await save(age: 31 * 60, exclusive: true, host: host, pid: gone, mark: there)
    let rebooted = ProcessMark(machine: "00000000-0000-0000-0000-000000000000-7", started: "1").text
    let before = try await save(age: 60, host: host, pid: gone, mark: rebooted)
    #expect(Set(try await repository.unlock()) == [old, before])
    #expect(try await repository.locks().map(\.id) == [living])
  }

  @Test("a janitor removes what needs nobody's judgement, and nothing else")
  func needsNoJudgement() async throws {
    let host = Identity.current.hostname
    let here = try #require(ProcessMark.current)
    let dead = try await save(age: 0, host: host, pid: 4_194_305, mark: here.text)
    let old = try await save(age: 31 * 60, exclusive: true, host: host)
    // Of another host, of a process that lives, and of one that a container of the same name may have.
    _ = try await save(age: 31 * 60, host: "elsewhere")
    let ours = try await save(age: 0, host: host, pid: Int(getpid()), mark: here.text)
    HeldLocks.add(ours)
    defer { HeldLocks.remove(ours) }
    _ = try await save(age: 0, host: host, pid: 4_194_305)
    #expect(Set(try await repository.removeAbandonedLocks().map(\.id)) == [dead, old])
    #expect(try await repository.locks().count == 3)
    #expect(try await repository.removeAbandonedLocks().isEmpty)
    // Of another host of ours: only what is old and was there for long.
    let young = try await save(age: 20 * 60, host: "ours")
    let lost = try await save(age: 40 * 60, host: "ours")
    let theirs = try await save(age: 40 * 60, host: "theirs")
    #expect(try await repository.removeAbandonedLocks(hosts: ["ours"]).isEmpty)
    #expect(
      try await repository.removeAbandonedLocks(hosts: ["ours"], unchanged: [young, lost, theirs]).map(\.id) == [lost])
    #expect(try await repository.locks().count == 5)
  }

  @Test("a lock whose process certainly runs stays, however old it is")
  func living() async throws {
    let host = Identity.current.hostname
    let here = try #require(ProcessMark.current)
    let living = try await save(age: 31 * 60, host: host, pid: Int(getpid()), mark: here.text)
    HeldLocks.add(living)
    defer { HeldLocks.remove(living) }
    #expect(try await repository.removeAbandonedLocks().isEmpty)
    #expect(try await repository.removeAbandonedLocks(hosts: [host], unchanged: [living]).isEmpty)
    await expectLocked { try await repository.withLock(exclusive: true, times: fast) { _ in } }
    #expect(try await repository.locks().map(\.id) == [living])
    // Whoever is asked to may judge by its age.
    #expect(try await repository.unlock() == [living])
  }

  @Test("a lock of ours that could not be removed when we let it go is removed at the next look, though we live")
  func givenUp() async throws {
    let here = try #require(ProcessMark.current)
    for exclusive in [true, false] {
      _ = try await save(
        age: 0, exclusive: exclusive, host: Identity.current.hostname, pid: Int(getpid()), mark: here.text)
      #expect(try await repository.removeAbandonedLocks().count == 1)
    }
    // Those that we have are not.
    try await repository.withLock(exclusive: false, times: fast) { _ in
      let removed = try await repository.removeAbandonedLocks()
      #expect(removed.isEmpty)
    }
    #expect(try await repository.locks().isEmpty)
  }

  @Test("a lock of a process of this machine that died is removed without asking; others need a word")
  func abandoned() async throws {
    let host = Identity.current.hostname
    let here = try #require(ProcessMark.current)
    _ = try await save(age: 0, exclusive: true, host: host, pid: 4_194_305, mark: here.text)
    try await repository.withLock(exclusive: true, times: fast) { _ in }
    // Its number lives again as another process.
    _ = try await save(
      age: 0, exclusive: true, host: host, pid: Int(getpid()),
      mark: ProcessMark(machine: here.machine, started: "1").text)
    try await repository.withLock(exclusive: true, times: fast) { _ in }
    // A container elsewhere may have our host's name.
    let other = try await save(
      age: 0, exclusive: true, host: host, pid: 4_194_305, mark: ProcessMark(machine: "x", started: "1").text)
    await expectLocked { try await repository.withLock(exclusive: false, times: fast) { _ in } }
    try await repository.remove(.lock, other)
    // An old lock of another host is somebody else's business.
    _ = try await save(age: 7200, exclusive: true)
    await expectLocked { try await repository.withLock(exclusive: false, times: fast) { _ in } }
  }

  @Test("an empty file is no lock; a broken one is")
  func broken() async throws {
    let name = String(repeating: "ab", count: 32)
    let file = URL(fileURLWithPath: fixture.path + "/locks/" + name)
    try Data().write(to: file)
    try await repository.withLock(exclusive: true, times: fast) { _ in }
    try Data("garbage".utf8).write(to: file)
    let error = await #expect(throws: RepositoryError.self) {
      try await repository.withLock(exclusive: true, times: fast) { _ in }
    }
    #expect(error?.kind == .locked)
    #expect(error?.message.contains(name) == true)
    #expect(try await repository.unlock(all: true).count == 1)
  }

  @Test("restic sees our lock, and minds it")
  func resticSeesOurs() async throws {
    try await repository.withLock(exclusive: true, times: LockTimes()) { _ in
      let id = try await #require(repository.locks().first?.id)
      #expect(try await fixture.restic(["list", "locks", "--no-lock"]).contains(id.hex))
      #expect(try await fixture.restic(["cat", "lock", id.hex, "--no-lock"]).contains("\(getpid())"))
      #expect(try await fixture.restic(["snapshots"], expecting: 1).contains("already locked"))
    }
    try await repository.withLock(exclusive: false, times: LockTimes()) { _ in
      try await fixture.restic(["snapshots"])
      #expect(try await fixture.restic(["check"], expecting: 1).contains("already locked"))
    }
    try await fixture.restic(["check"])
  }

  @Test("we see restic's lock, and mind it")
  func weSeeRestics() async throws {
    // restic holds its lock while it waits for what it is to back up.
    let pipe = fixture.folder.appendingPathComponent("pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    let fixture = fixture
    let backup = Task {
      try await runProgram(
        "sh", ["-c", "restic backup --stdin < \(pipe)"],
        environment: [
          "PATH": "/usr/bin:/bin", "RESTIC_REPOSITORY": fixture.path, "RESTIC_PASSWORD": ResticFixture.password,
          "HOME": fixture.folder.path,
        ])
    }
    // Open for both, this waits for nobody; and no other program that a test starts keeps the pipe open.
    let end = open(pipe, O_RDWR | O_CLOEXEC)
    var locks: [StoredLock] = []
    try await eventually("restic's lock") {
      locks = try await repository.locks()
      return !locks.isEmpty
    }
    #expect(locks.first?.lock.exclusive == false)
    #expect(locks.first?.isStale() == false)
    try await repository.withLock(exclusive: false, times: fast) { _ in }
    await expectLocked { try await repository.withLock(exclusive: true, times: fast) { _ in } }
    #expect(write(end, "text", 4) == 4)
    close(end)
    #expect(try await backup.value.exitCode == 0)
    try await repository.withLock(exclusive: true, times: fast) { _ in }
  }
}
