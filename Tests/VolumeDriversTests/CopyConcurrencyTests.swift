import Foundation
import TestSupport
import Testing
import VolumeDrivers

/// Copies that meet other work: other calls, live programs, a frozen file system, a cancellation.
@Suite struct CopyConcurrencyTests {
  @Test("calls for the same name at once make one object", arguments: CopyCase.all)
  func sameName(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    try await shell("mkdir data; for n in $(seq 200); do echo $n > data/$n; done", in: place)
    let (driver, volume) = (try test.make(), test.volume(place.appendingPathComponent("data")))
    for _ in 0..<5 {
      let made = try await withThrowingTaskGroup(of: DriverObject.self) { group in
        for _ in 0..<4 { group.addTask { try await driver.snapshot(volume, named: "a") } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(made.map(\.createdAt)).count == 1)
      let clone = try await driver.clone(volume, snapshot: "a", named: "c", writable: false)
      #expect(try await shell("ls | wc -l", in: URL(fileURLWithPath: clone.place.path)).trimmed == "200")
      // Releases and other snapshots of the same volume, too.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<4 {
          group.addTask {
            // As a step would be, it is repeated where another release held the snapshot for too long.
            try await eventually("a release") {
              do throws(DriverError) { try await driver.releaseSnapshot(volume, named: "a") } catch {
                guard error.kind == .retryable else { throw error }
                return false
              }
              return true
            }
          }
          group.addTask { _ = try await driver.snapshot(volume, named: "b\(number)") }
        }
        try await group.waitForAll()
      }
      #expect(try await driver.owned(volume).map(\.name).sorted() == ["b0", "b1", "b2", "b3"])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<4 { group.addTask { try await driver.releaseSnapshot(volume, named: "b\(number)") } }
        try await group.waitForAll()
      }
      #expect(try await driver.owned(volume) == [])
    }
  }

  @Test("a snapshot is not removed while a restore reads it", arguments: KillTests.cases)
  func releaseWhileRestoring(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    let make = test.driver == "btrfs" ? "btrfs -q subvolume create data" : "mkdir data"
    try await shell(
      make + "; for d in $(seq 40); do mkdir data/$d; for n in $(seq 100); do echo $n > data/$d/$n; done; done",
      in: place)
    let (driver, volume) = (try test.make(), test.volume(place.appendingPathComponent("data")))
    _ = try await driver.snapshot(volume, named: "a")
    for _ in 0..<3 {
      try await shell("rm -r data/*", in: place)
      let restore = Task { try await driver.restore(volume, snapshot: "a") }
      try await eventually("the restore begins") { try await shell("ls data", in: place) != "" }
      let release = Task { try await driver.releaseSnapshot(volume, named: "a") }
      try await restore.value
      let refused: DriverError?
      do {
        try await release.value
        refused = nil
      } catch let error as DriverError { refused = error }
      #expect(refused == nil || refused?.kind == .retryable)
      #expect(try await shell("find data -type f | wc -l", in: place).trimmed == "4000")
      _ = try await driver.snapshot(volume, named: "a")
    }
    try await driver.releaseSnapshot(volume, named: "a")
  }

  @Test(
    "files that come and go while a folder is copied are no failure", arguments: [CopyCase.all[1], CopyCase.all[4]])
  func liveFolder(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    try await shell("mkdir data; for n in $(seq 300); do echo $n > data/kept$n; done", in: place)
    let (driver, volume) = (try test.make(), test.volume(place.appendingPathComponent("data")))
    async let writer: String = shell(
      """
      n=0
      while [ ! -e stop ] && [ $SECONDS -lt 300 ]; do
        n=$((n + 1)); mkdir data/d$n; echo $n > data/d$n/f; echo $n > data/f$n; rm -r data/d$n data/f$n; echo $n > turns
      done
      echo $n
      """, in: place)
    try await eventually("the writer's first turns") {
      Int(try await shell("cat turns || true", in: place).trimmed) ?? 0 > 5
    }
    for number in 0..<20 {
      _ = try await driver.snapshot(volume, named: "live\(number)")
      let clone = try await driver.clone(volume, snapshot: "live\(number)", named: "c", writable: false)
      #expect(try await shell("cat kept* | wc -l", in: URL(fileURLWithPath: clone.place.path)).trimmed == "300")
      try await driver.releaseSnapshot(volume, named: "live\(number)")
    }
    try await shell("touch stop", in: place)
    #expect(Int(try await writer.trimmed) ?? 0 > 5)
  }

  @Test("a copy to another file system works while the volume's is frozen") func frozen() async throws {
    try await LoopFileSystem.xfs.withOwn(megabytes: 320) { mount in
      guard let other = try await LoopFileSystem.ext4.sharedFolder() else { return }
      let driver = try Drivers.driver(named: "directory", program: nil)
      try await shell("mkdir data; echo here > data/file", in: mount)
      var volume = VolumeSource(application: "", name: "data", driver: "directory", path: mount.path + "/data")
      #expect(try await driver.capabilities(of: volume).worksWhileFrozen == false)
      volume.snapshotFolder = other.path
      #expect(try await driver.capabilities(of: volume).worksWhileFrozen)
      try await shell("fsfreeze --freeze .", in: mount)
      let outcome: Result<DriverObject, any Error>
      do { outcome = .success(try await driver.snapshot(volume, named: "a")) } catch { outcome = .failure(error) }
      try await shell("fsfreeze --unfreeze .", in: mount)
      _ = try outcome.get()
      #expect(try await shell("cat */snapshots/a/file", in: other) == "here\n")
    }
  }

  @Test("a cancelled copy ends soon, and leaves nothing") func cancelled() async throws {
    guard let place = try await LoopFileSystem.ext4.sharedFolder() else { return }
    try await shell(
      """
      mkdir data; for d in $(seq 50); do mkdir data/$d; for n in $(seq 100); do echo $n > data/$d/$n; done; done
      for n in 1 2 3; do head -c 100M /dev/zero > data/large-$n; done
      """,
      in: place)
    let driver = try Drivers.driver(named: "directory", program: nil)
    let volume = VolumeSource(application: "", name: "data", driver: "directory", path: place.path + "/data")
    // On a busy machine a copy may come to its end before it hears of the cancellation; then another one is made.
    var error: DriverError?
    for _ in 0..<10 where error == nil {
      let copy = Task { try await driver.snapshot(volume, named: "a") }
      // Looked at from here: a program would take as long to start as the copy takes.
      try await eventually("the copy begins") { access(place.path + "/.holdfast", F_OK) == 0 }
      copy.cancel()
      do {
        _ = try await copy.value
        try await driver.releaseSnapshot(volume, named: "a")
        try await shell("rm -rf .holdfast", in: place)
      } catch let cancelled as DriverError { error = cancelled }
    }
    #expect(error?.kind == .retryable)
    #expect(try await driver.owned(volume) == [])
    #expect(try await shell("find .holdfast -type f", in: place) == "")
  }

  @Test("what changed between two images is told without reading them", arguments: [LoopFileSystem.xfs, .btrfs])
  func changedRanges(fileSystem: LoopFileSystem) async throws {
    guard let place = try await fileSystem.sharedFolder() else { return }
    let driver = try Drivers.driver(named: "reflink", program: nil)
    let volume = VolumeSource(application: "", name: "data", driver: "reflink", path: place.path + "/image")
    try await shell("head -c 16M /dev/urandom > image; truncate -s 32M image", in: place)
    _ = try await driver.snapshot(volume, named: "a")
    _ = try await driver.snapshot(volume, named: "same")
    #expect(try await driver.changedRanges(volume, from: "a", to: "same") == [])
    try await shell(
      """
      dd if=/dev/urandom of=image bs=4K count=1 seek=1000 conv=notrunc status=none
      dd if=/dev/urandom of=image bs=1M count=1 seek=20 conv=notrunc status=none
      fallocate --punch-hole --offset 8M --length 1M image; truncate -s 33M image
      """, in: place)
    _ = try await driver.snapshot(volume, named: "b")
    let ranges = try await driver.changedRanges(volume, from: "a", to: "b") ?? []
    for byte in [4_096_000, 4_100_095, 20 << 20, (21 << 20) - 1, 8 << 20, (9 << 20) - 1, 32 << 20, (33 << 20) - 1] {
      #expect(ranges.contains { $0.contains(byte) }, "\(byte) in \(ranges)")
    }
    #expect(ranges.reduce(0) { $0 + $1.count } < 4 << 20, "\(ranges)")
    #expect(ranges.last?.upperBound == 33 << 20)
    // And the other way, to a shorter one.
    let back = try await driver.changedRanges(volume, from: "b", to: "a") ?? []
    #expect(back.contains { $0.contains(20 << 20) } && back.contains { $0.contains(8 << 20) })
    #expect((back.last?.upperBound ?? 0) <= 32 << 20)
    for name in ["a", "b", "same"] { try await driver.releaseSnapshot(volume, named: name) }
  }

  @Test("no changed byte is left out, whatever was written", arguments: [LoopFileSystem.xfs, .btrfs])
  func changedRangesAtRandom(fileSystem: LoopFileSystem) async throws {
    guard let place = try await fileSystem.sharedFolder() else { return }
    let driver = try Drivers.driver(named: "reflink", program: nil)
    let volume = VolumeSource(application: "", name: "data", driver: "reflink", path: place.path + "/image")
    try await shell("truncate -s 4M image", in: place)
    var last: [UInt8] = []
    for round in 0..<12 {
      let writes = (0..<Int.random(in: 0...20)).map { _ -> String in
        let (block, count) = (Int.random(in: 0..<1020), Int.random(in: 1...4))
        switch Int.random(in: 0..<4) {
        case 0: return "fallocate --punch-hole --offset \(block)K --length \(count)K image"
        case 1: return "fallocate --keep-size --offset \(block * 4)K --length \(count * 4)K image"
        case 2: return "sync image"
        default: return "dd if=/dev/urandom of=image bs=4K seek=\(block) count=\(count) conv=notrunc status=none"
        }
      }
      try await shell((writes + ["true"]).joined(separator: "; "), in: place)
      _ = try await driver.snapshot(volume, named: "s\(round)")
      let clone = try await driver.clone(volume, snapshot: "s\(round)", named: "c", writable: false)
      let now = [UInt8](try Data(contentsOf: URL(fileURLWithPath: clone.place.path)))
      if round > 0 {
        let ranges = try #require(try await driver.changedRanges(volume, from: "s\(round - 1)", to: "s\(round)"))
        for block in 0..<now.count / 4096 {
          let range = block * 4096..<(block + 1) * 4096
          guard last[range] != now[range] else { continue }
          #expect(
            ranges.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound },
            "\(range) of \(writes)")
        }
      }
      last = now
    }
    for round in 0..<12 { try await driver.releaseSnapshot(volume, named: "s\(round)") }
  }
}
