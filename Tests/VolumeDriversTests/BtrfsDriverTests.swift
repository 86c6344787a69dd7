import Foundation
import TestSupport
import Testing
import VolumeDrivers

@Suite struct BtrfsDriverTests {
  private func volume(_ path: String) -> VolumeSource {
    VolumeSource(application: "test", name: "data", driver: "btrfs", path: path)
  }
  private let driver: any VolumeDriver

  init() throws { driver = try Drivers.driver(named: "btrfs", program: nil) }

  @Test("everything about a subvolume is kept, and comes back in place") func wholeSubvolume() async throws {
    guard let place = try await LoopFileSystem.btrfs.sharedFolder() else { return }
    let folder = place.appendingPathComponent("data")
    try await shell("btrfs -q subvolume create data; " + richTree, in: place)
    let before = try await fingerprint(folder)
    let volume = volume(folder.path)
    #expect(try await driver.capabilities(of: volume).warnings == [])
    let made = try await driver.snapshot(volume, named: "hf-1-data")
    #expect(abs((made.createdAt ?? 0) - Int(Date().timeIntervalSince1970)) < 60)
    #expect(try await driver.snapshot(volume, named: "hf-1-data") == made)
    let identity = try await shell("btrfs subvolume show data | grep -i uuid | head -1", in: place)
    try await shell(
      "echo changed > data/plain; echo new > data/new; rm data/sub/deep/file data/hard1; chmod 600 data/script; rm -rf data/empty; rm data/link; mkdir data/link",
      in: place)
    let clone = try await driver.clone(volume, snapshot: "hf-1-data", named: "hf-1-data-c", writable: false)
    #expect(try await fingerprint(URL(fileURLWithPath: clone.place.path)) == before)
    for _ in 0..<2 {
      try await driver.restore(volume, snapshot: "hf-1-data")
      #expect(try await fingerprint(folder) == before)
    }
    #expect(try await shell("btrfs subvolume show data | grep -i uuid | head -1", in: place) == identity)
    try await shell("btrfs -q subvolume delete data", in: place)
    try await driver.restore(volume, snapshot: "hf-1-data")
    #expect(try await fingerprint(folder) == before)
    try await driver.releaseSnapshot(volume, named: "hf-1-data")
  }

  @Test("a restore replaces what changed, and leaves files that did not as they are") func restoreLeavesUnchanged()
    async throws
  {
    guard let place = try await LoopFileSystem.btrfs.sharedFolder() else { return }
    let volume = volume(place.path + "/data")
    try await shell("btrfs -q subvolume create data; echo same > data/same; echo same > data/touched", in: place)
    try await shell("ln data/same data/second", in: place)
    try await Task.sleep(for: .seconds(3))
    let written = ContinuousClock.now
    try await shell("echo late > data/late", in: place)
    _ = try await driver.snapshot(volume, named: "a")
    let followedAtOnce = ContinuousClock.now - written < .seconds(1)
    // As large, with its old time of modification.
    try await shell(
      "touch -r data/touched /tmp/$$; echo diff > data/touched; touch -r /tmp/$$ data/touched; rm /tmp/$$", in: place)
    let same = try await shell("stat -c %i data/same", in: place)
    let late = try await shell("stat -c %i data/late", in: place)
    try await driver.restore(volume, snapshot: "a")
    #expect(try await shell("cat data/touched data/late data/same", in: place) == "same\nlate\nsame\n")
    #expect(try await shell("stat -c %i data/same", in: place) == same)
    #expect(try await shell("stat -c %i data/second", in: place) == same)
    // Changed at the moment of the snapshot, perhaps after it. A busy machine may take longer than such a moment.
    if followedAtOnce { #expect(try await shell("stat -c %i data/late", in: place) != late) }
    try await driver.releaseSnapshot(volume, named: "a")
  }

  @Test("a volume that is the mount point keeps its snapshots in itself") func mountPoint() async throws {
    try await LoopFileSystem.btrfs.withOwn(megabytes: 200) { mount in
      let volume = volume(mount.path)
      try await shell(richTree.replacingOccurrences(of: "data", with: "tree"), in: mount)
      _ = try await driver.snapshot(volume, named: "a")
      let before = try await fingerprint(mount)
      try await shell("rm -r tree; echo x > x", in: mount)
      _ = try await driver.snapshot(volume, named: "b")
      #expect(try await driver.owned(volume).map(\.name) == ["a", "b"])
      #expect(try await driver.capabilities(of: volume).warnings == [])
      try await driver.restore(volume, snapshot: "a")
      #expect(try await fingerprint(mount) == before)
      for name in ["a", "b"] { try await driver.releaseSnapshot(volume, named: name) }
      #expect(try await shell("btrfs subvolume list .; ls -A", in: mount) == "tree\n")
    }
  }

  @Test("subvolumes below the volume are named, and left alone by a restore") func nested() async throws {
    guard let place = try await LoopFileSystem.btrfs.sharedFolder() else { return }
    let volume = volume(place.path + "/data")
    try await shell(
      "btrfs -q subvolume create data; mkdir data/sub; btrfs -q subvolume create data/sub/nested; echo 1 > data/sub/nested/file; echo 1 > data/file",
      in: place)
    let warnings = try await driver.capabilities(of: volume).warnings
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("sub/nested") == true)
    _ = try await driver.snapshot(volume, named: "a")
    try await shell(
      "echo 2 > data/sub/nested/file; echo 2 > data/file; btrfs -q subvolume create data/later; echo 2 > data/later/x",
      in: place)
    try await driver.restore(volume, snapshot: "a")
    #expect(try await shell("cat data/file data/sub/nested/file data/later/x", in: place) == "1\n2\n2\n")
    try await driver.releaseSnapshot(volume, named: "a")
  }

  @Test("the subvolumes at a path and below it are found, without what is kept for them") func discover() async throws {
    guard let place = try await LoopFileSystem.btrfs.sharedFolder() else { return }
    try await shell(
      """
      btrfs -q subvolume create data; mkdir -p data/sub plain; btrfs -q subvolume create data/sub/nested
      btrfs -q subvolume create data/sub/nested/data; btrfs -q subvolume snapshot -r data plain/Old_Data
      """, in: place)
    var volume = volume(place.path + "/data")
    _ = try await driver.snapshot(volume, named: "a")
    volume.snapshotFolder = place.path + "/kept"
    _ = try await driver.snapshot(volume, named: "b")
    // A folder of a subvolume.
    let found = try await driver.discover(below: place.path).sorted { $0.path < $1.path }
    let base = place.resolvingSymlinksInPath().path
    #expect(
      found.map(\.path) == [
        base + "/data", base + "/data/sub/nested", base + "/data/sub/nested/data", base + "/plain/Old_Data",
      ])
    #expect(Set(found.map(\.name)) == ["data", "data-2", "nested", "old-data"])
    #expect(found.map(\.note) == [nil, nil, nil, "read-only"])
    #expect(found.allSatisfy { $0.kind == .folder && $0.bytes == nil })
    // A subvolume is the first one itself.
    #expect(try await driver.discover(below: volume.path).map(\.name) == ["data", "nested", "data-2"])
    for (path, kind) in [("/proc", DriverError.Kind.permanent), (place.path + "/none", .missing)] {
      let error = await #expect(throws: DriverError.self) { try await driver.discover(below: path) }
      #expect(error?.kind == kind)
    }
    try await driver.releaseSnapshot(volume, named: "b")
    volume.snapshotFolder = nil
    try await driver.releaseSnapshot(volume, named: "a")
  }

  @Test("a writable clone goes with the subvolumes that were made in it") func writableClone() async throws {
    guard let place = try await LoopFileSystem.btrfs.sharedFolder() else { return }
    let volume = volume(place.path + "/data")
    try await shell("btrfs -q subvolume create data; echo 1 > data/file", in: place)
    _ = try await driver.snapshot(volume, named: "a")
    let clone = try await driver.clone(volume, snapshot: "a", named: "a-c", writable: true)
    try await shell(
      "cd '\(clone.place.path)'; echo 2 > file; mkdir -p x/y; btrfs -q subvolume create x/y/z; btrfs -q subvolume create x/y/z/deeper",
      in: place)
    #expect(try await driver.clone(volume, snapshot: "a", named: "a-c", writable: true) == clone)
    #expect(try await shell("cat data/file '\(clone.place.path)/file'", in: place) == "1\n2\n")
    #expect(try await driver.owned(volume).map(\.kind) == [.snapshot, .clone])
    try await driver.releaseClone(volume, named: "a-c")
    try await driver.releaseClone(volume, named: "a-c")
    try await driver.releaseSnapshot(volume, named: "a")
    #expect(try await driver.owned(volume) == [])
  }

  @Test("a clone is copied into a new subvolume, over what is there, and beside what else is there") func copy()
    async throws
  {
    guard let place = try await LoopFileSystem.btrfs.sharedFolder() else { return }
    try await shell("btrfs -q subvolume create data; " + richTree, in: place)
    let before = try await fingerprint(place.appendingPathComponent("data"))
    let volume = volume(place.path + "/data")
    _ = try await driver.snapshot(volume, named: "a")
    let clone = try await driver.clone(volume, snapshot: "a", named: "a-c", writable: false)
    let target = place.appendingPathComponent("new/data")
    // One name of each file, and their bytes.
    let expected = try await shell(
      "find data -type f -printf '%i %s\\n' | sort -u | awk '{ n++; s += $2 } END { print n, s }'", in: place)
    for _ in 0..<2 {
      try await driver.makeEmptyVolume(at: target.path)
      let progress = CopyProgress()
      try await copyClone(clone.place, to: target.path, imageName: "data", progress: progress)
      #expect(try await fingerprint(target) == before)
      #expect(expected == "\(progress.files) \(progress.bytes)\n")
      // What a killed copy has left goes, and what it does not know of stays.
      try await shell(
        "touch .holdfast-new-0; rm -r sub; echo x > plain; mkdir -p .holdfast; echo mine > .holdfast/mine", in: target)
    }
    try await copyClone(clone.place, to: target.path, imageName: "data")
    #expect(try await shell("cat .holdfast/mine; rm -r .holdfast", in: target) == "mine\n")
    #expect(try await shell("ls -A new; stat -c %i new/data", in: place) == "data\n256\n")
    #expect(try await driver.owned(volume).count == 1)
    try await driver.releaseSnapshot(volume, named: "a")
  }

  @Test("a snapshot while a program writes is one moment of it") func liveWriter() async throws {
    guard let place = try await LoopFileSystem.btrfs.sharedFolder() else { return }
    let volume = volume(place.path + "/data")
    try await shell("btrfs -q subvolume create data; echo 0 > data/first; echo 0 > data/second", in: place)
    // Two files that are never more than one step apart, each replaced in one instant.
    async let writer: String = shell(
      """
      n=0
      while [ ! -e stop ] && [ $SECONDS -lt 300 ]; do
        n=$((n + 1))
        for f in first second; do echo $n > data/.$f; sync data/.$f; mv data/.$f data/$f; done
      done
      echo $n
      """, in: place)
    try await eventually("the writer's first steps") {
      Int(try await shell("cat data/second", in: place).trimmed) ?? 0 > 2
    }
    var seen: Set<String> = []
    var count = 0
    // More where the writer comes to nothing meanwhile.
    while count < 20 || (seen.count < 2 && count < 200) {
      let number = count
      count += 1
      _ = try await driver.snapshot(volume, named: "live-\(number)")
      let clone = try await driver.clone(volume, snapshot: "live-\(number)", named: "c", writable: false)
      let found = try await shell("cat first second", in: URL(fileURLWithPath: clone.place.path))
      let values = found.split(separator: "\n").compactMap { Int($0) }
      #expect(values.count == 2 && (values[0] == values[1] || values[0] == values[1] + 1), "\(found)")
      seen.insert(found)
    }
    try await shell("touch stop", in: place)
    #expect(Int(try await writer.trimmed) ?? 0 > 2)
    #expect(seen.count > 1)
    for number in 0..<count { try await driver.releaseSnapshot(volume, named: "live-\(number)") }
  }

  @Test("what is no subvolume is refused for good") func noSubvolume() async throws {
    guard let place = try await LoopFileSystem.btrfs.sharedFolder(),
      let other = try await LoopFileSystem.xfs.sharedFolder()
    else { return }
    try await shell("echo x > file", in: place)
    for (path, kind) in [
      (place.path, DriverError.Kind.permanent), (other.path, .permanent), (place.path + "/file", .permanent),
      (place.path + "/none", .missing),
    ] {
      let error = await #expect(throws: DriverError.self) { try await driver.capabilities(of: volume(path)) }
      #expect(error?.kind == kind)
      let second = await #expect(throws: DriverError.self) { try await driver.snapshot(volume(path), named: "a") }
      #expect(second?.kind == kind)
    }
    try await shell("btrfs -q subvolume create data", in: place)
    var elsewhere = volume(place.path + "/data")
    elsewhere.snapshotFolder = other.path
    let error = await #expect(throws: DriverError.self) { try await driver.snapshot(elsewhere, named: "a") }
    #expect(error?.kind == .permanent)
  }
}
