import Backup
import Cryptography
import FileSystem
import Foundation
import ObjectStores
import ResticFormat
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("Backups of files that make trouble")
struct TroubleTests {
  @Test("What is left out: patterns, and file systems mounted below")
  func excludes() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell(
      "mkdir -p a/cache a/b; echo 1 > a/cache/x; echo 2 > a/b/y.log; echo 3 > a/b/z; mkdir a/proc", in: place)
    var request = BackupRequest(source: .files([place.path + "/a"]))
    for pattern in ["cache", "*.log"] { try request.excludes.add(pattern) }
    let result = try await test.backUp(request)
    let names = try await test.restic("ls", result.snapshot.id.hex).output
    #expect(names.contains("/a/b/z") && !names.contains("cache") && !names.contains("y.log"))

    if getuid() == 0 {
      try await shell("mount -t tmpfs none a/proc; echo 4 > a/proc/inside", in: place)
      defer { umount2(place.path + "/a/proc", Int32(MNT_DETACH)) }
      request.staysOnFileSystem = true
      let stayed = try await test.restic("ls", try await test.backUp(request).snapshot.id.hex).output
      #expect(stayed.contains("/a/proc") && !stayed.contains("inside"))
    }
  }

  @Test("An exclude that fits a named source is told of")
  func excludedSources() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell("mkdir a b; touch a/in x.tmp y b/x.tmp", in: place)
    let paths = ["a", "x.tmp", "y", "b"].map { place.path + "/" + $0 }
    var request = BackupRequest(source: .files(paths))
    for pattern in ["*.tmp", place.path + "/a"] { try request.excludes.add(pattern) }
    #expect(request.excludedSources == Array(paths.prefix(2)))
    func names(_ request: BackupRequest) async throws -> [String] {
      let listed = try await test.restic("ls", try await test.backUp(request).snapshot.id.hex).output
      return ["a", "a/in", "x.tmp", "y", "b", "b/x.tmp"].filter { listed.contains("\(place.path)/\($0)\n") }
    }
    #expect(try await names(request) == ["a", "x.tmp", "y", "b"])
    request.source = .files([place.path + "/a", "/"])
    #expect(request.excludedSources == [place.path + "/a"])
  }

  @Test("Several sources share their folders; one within another is kept once; relative ones lie at the root")
  func sources() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell("mkdir -p x/one/in x/two; echo 1 > x/one/in/f; echo 2 > x/two/g; echo 3 > x/h", in: place)
    let paths = ["/x/one", "/x/one/in", "/x/two/g", "/x/h"].map { place.path + $0 }
    let result = try await test.backUp(BackupRequest(source: .files(paths)))
    #expect(result.progress.files == 3)
    let names = try await test.restic("ls", result.snapshot.id.hex).output
    for name in ["/x/one/in/f", "/x/two/g", "/x/h"] { #expect(names.contains(place.path + name + "\n")) }
    try await test.judge()
  }

  @Test("A missing source and an unreadable file are told, and the snapshot is marked incomplete")
  func unreadable() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell("mkdir a; echo 1 > a/f", in: place)
    let result = try await test.backUp(BackupRequest(source: .files([place.path + "/a", place.path + "/none"])))
    #expect(result.isIncomplete && result.problemCount == 1)
    #expect(result.problems.first?.message.contains("/none") == true)
    #expect(try await test.restic("ls", result.snapshot.id.hex).output.contains("/a/f"))
  }

  @Test("Whoever refuses loss gets no snapshot, and the next attempt goes on from what was read")
  func refused() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    // Of what changed a moment ago nothing is taken unread.
    try await shell("mkdir a; head -c 3000000 /dev/urandom > a/f; sleep 3", in: place)
    var request = BackupRequest(source: .files([place.path + "/a", place.path + "/none"]))
    request.refusesLoss = true
    let refusal = await #expect(throws: IncompleteBackup.self) { try await test.backUp(request) }
    #expect(refusal?.problemCount == 1 && "\(refusal as Any)".contains("/none"))
    #expect(try await test.repository.list(.snapshot).isEmpty)
    try await shell("mkdir none", in: place)
    let result = try await test.backUp(request)
    #expect(!result.isIncomplete && result.progress.bytesRead == 0 && result.progress.bytes == 3_000_000)
    try await test.judge()
  }

  @Test(
    "A backup whose lock somebody removed writes neither an index nor a snapshot, also while it goes on",
    arguments: [WriteSettings().indexBlobs, 1])
  func removedLock(indexBlobs: Int) async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell("mkdir a; head -c 1000000 /dev/urandom | split -b 20000 - a/", in: place)
    var request = BackupRequest(source: .files([place.path + "/a"]))
    request.writing.indexBlobs = indexBlobs
    request.writing.packSize = 64 << 10
    let fixed = request
    let error = await #expect(throws: RepositoryError.self) {
      try await test.repository.withLock(exclusive: false) { lock in
        for id in try await test.repository.list(.lock) { try await test.repository.remove(.lock, id) }
        return try await Backup.backUp(fixed, to: test.repository, lock: lock, cache: .none)
      }
    }
    #expect(error?.kind == .lockLost)
    #expect(try await test.repository.list(.snapshot).isEmpty)
    #expect(try await test.repository.list(.index).isEmpty)
  }

  @Test("What changed about when a snapshot was taken is read again, however late the snapshot was exported")
  func snapshotMoment() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    // Longer than the two seconds that aren't trusted, and than the part of a second that the moments below leave out.
    try await shell("mkdir a; echo 1 > a/f; sleep 3.5", in: place)
    var request = BackupRequest(source: .files([place.path + "/a"]))
    for (moment, bytesRead) in [(Snapshot.Moment.now.seconds - 60, 2), (Snapshot.Moment.now.seconds, 2), (nil, 0)] {
      request.time = moment.map { Snapshot.Moment(seconds: $0, nanoseconds: 0) }
      #expect(try await test.backUp(request).progress.bytesRead == bytesRead)
    }
  }

  @Test(
    "A file that shrinks while it is read is kept as far as it goes, and told, also where it ends in a hole",
    arguments: [false, true], [false, true])
  func shrinking(isSparse: Bool, asImage: Bool) async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    // The data of the sparse one are in its first segment.
    let data = !isSparse ? 90_000_000 : asImage ? 16_000_000 : 33_000_000
    try await shell("mkdir a; head -c \(data) /dev/urandom > a/f; truncate -s 90000000 a/f", in: place)
    var request = BackupRequest(source: asImage ? .image(path: place.path + "/a/f") : .files([place.path + "/a"]))
    request.readLimit = isSparse ? 4_000_000 : 12_000_000  // four seconds or more
    request.workers = 1
    let progress = BackupProgress()
    let cut = Task {
      while progress.state.bytesRead == 0 { try await Task.sleep(for: .milliseconds(20)) }
      try await shell("truncate -s 70000000 a/f", in: place)
    }
    let result = try await test.backUp(request, progress: progress)
    _ = try await cut.value
    #expect(result.isIncomplete)
    let problem = "became shorter while it was read: 70000000 of 90000000 bytes are kept"
    #expect(result.problems.contains { $0.isLoss && $0.message.hasSuffix(problem) }, "\(result.problems)")
    try await test.judge()
  }

  @Test("A file of a virtual file system that claims to have no bytes is kept with those that it has")
  func unsized() async throws {
    let test = try await TestRepository()
    let path = "/proc/sys/kernel/ostype"
    let result = try await test.backUp(BackupRequest(source: .files([path])))
    #expect(!result.isIncomplete && result.progress.bytesRead > 0)
    #expect(try await test.restic("dump", "latest", path).output == String(contentsOfFile: path, encoding: .utf8))
    try await test.judge()
  }

  /// Places with file systems that each have another longest file.
  private func placesForSparseFiles() async throws -> [URL] {
    var places = [URL(fileURLWithPath: "/dev/shm/holdfast-test-sparse-\(getpid())")]
    try await shell("mkdir '\(places[0].path)'", in: URL(fileURLWithPath: "/"))
    for system in LoopFileSystem.allCases {
      if let place = try await system.sharedFolder("sparse") { places.append(place) }
    }
    return places
  }

  @Test("A file of absurd length that takes no room is left out and told, as file and as image; a long one is kept")
  func sparse() async throws {
    let places = try await placesForSparseFiles()
    defer { for place in places { try? FileManager.default.removeItem(at: place) } }
    for place in places {
      let test = try await TestRepository()
      let lengths = try await shell(
        """
        mkdir a; echo 1 > a/small; truncate -s 4G a/long
        truncate -s 9223372036854775807 a/huge || truncate -s 17592186040320 a/huge
        truncate -s 9T a/large; stat -c %s a/huge
        """, in: place)
      let result = try await test.backUp(BackupRequest(source: .files([place.path + "/a"])))
      #expect(result.isIncomplete && result.problemCount == 2, "\(result.problems)")
      let message = "\(place.path)/a/huge is left out: its \(lengths.dropLast()) bytes"
      let huge = result.problems.first { $0.message.hasPrefix(message) }
      #expect(huge?.isLoss == true, "\(result.problems)")
      let names = try await test.restic("ls", "--long", result.snapshot.id.hex).output
      #expect(names.contains("4294967296 ") && names.contains("/a/small") && !names.contains("/a/huge"), "\(names)")
      #expect(!names.contains("/a/large"))
      // As an image, in blocks of 8 MiB, the longest file of ext4 is not too long.
      guard lengths.hasPrefix("9223372036854775807") else { continue }
      let error = await #expect(throws: BackupProblem.self) {
        try await test.backUp(BackupRequest(source: .image(path: place.path + "/a/huge")))
      }
      #expect(error?.message.contains("is left out") == true)
    }
  }

  @Test("What would make a listing too long to be read back is left out and told; the rest of the folder is kept")
  func longListing() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell(
      """
      mkdir -p a/many a/large
      for number in {1..200}; do echo $number > a/many/file-$number; done
      for number in 1 2; do truncate -s 310M a/large/f$number; done; truncate -s 600M a/large/g; echo 1 > a/z
      """, in: place)
    var request = BackupRequest(source: .files([place.path + "/a"]))
    request.listingLimit = 50_000
    let result = try await test.backUp(request)
    #expect(result.isIncomplete && result.problems.allSatisfy(\.isLoss))
    let messages = result.problems.map(\.message)
    #expect(messages.contains { $0.contains("entries of \(place.path)/a/many are left out") }, "\(messages)")
    #expect(messages.count { $0.contains("a/large/f") && $0.contains("the listing of its folder") } == 1, "\(messages)")
    #expect(messages.count { $0.contains("a/large/g is left out: its") } == 1, "\(messages)")
    let names = try await test.restic("ls", result.snapshot.id.hex).output
    #expect(names.contains("/a/many/file-") && names.contains("/a/large/f") && names.contains("/a/z"))
    // A folder that the one above has no room for.
    request.listingLimit = 1000
    let short = try await test.backUp(request)
    #expect(short.isIncomplete)
    try await test.judge()
    request.source = .image(path: place.path + "/a/large/f1")
    request.listingLimit = 20_000
    let image = request
    await #expect(throws: BackupProblem.self) { try await test.backUp(image) }
  }

  @Test("A backup that is cancelled ends soon, and leaves neither lock nor snapshot")
  func cancelled() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell("mkdir a; head -c 50000000 /dev/urandom > a/f", in: place)
    var request = BackupRequest(source: .files([place.path + "/a"]))
    request.readLimit = 2_000_000
    let slow = request
    let backup = Task { try await test.backUp(slow) }
    try await Task.sleep(for: .seconds(1))
    backup.cancel()
    let start = ContinuousClock.now
    await #expect(throws: CancellationError.self) { try await backup.value }
    #expect(.now - start < .seconds(20))
    #expect(try await test.repository.locks().isEmpty)
    #expect(try await test.repository.snapshots().isEmpty)
    try await test.judge()
  }

  @Test("A lost lock stops everything before a snapshot is written")
  func lostLock() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    // Of what changed a moment ago nothing is taken unread.
    try await shell("mkdir a; head -c 3000000 /dev/urandom > a/f; sleep 3", in: place)
    let request = BackupRequest(source: .files([place.path + "/a"]))
    let error = await #expect(throws: RepositoryError.self) {
      try await test.repository.withLock(exclusive: false) { lock in
        _ = try await test.repository.unlock(all: true)
        try? await lock.refresh()  // notices that the lock is gone
        _ = try await backUp(request, to: test.repository, lock: lock, cache: .none)
      }
    }
    #expect(error?.kind == .lockLost)
    #expect(try await test.repository.snapshots().isEmpty)
  }
}
