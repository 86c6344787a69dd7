import Foundation
import TestSupport
import Testing
import VolumeDrivers

/// Where drivers that copy are tried.
struct CopyCase: Sendable, CustomTestStringConvertible {
  let driver: String
  let fileSystem: LoopFileSystem
  var testDescription: String { "\(driver) on \(fileSystem.rawValue)" }

  static let all = [
    CopyCase(driver: "reflink", fileSystem: .btrfs), CopyCase(driver: "reflink", fileSystem: .xfs),
    CopyCase(driver: "directory", fileSystem: .btrfs), CopyCase(driver: "directory", fileSystem: .xfs),
    CopyCase(driver: "directory", fileSystem: .ext4),
  ]

  func volume(_ path: URL) -> VolumeSource {
    VolumeSource(application: "test", name: "data", driver: driver, path: path.path)
  }

  func make() throws -> any VolumeDriver { try Drivers.driver(named: driver, program: nil) }
}

@Suite struct CopyDriverTests {
  @Test("everything about a tree is kept, and comes back", arguments: CopyCase.all)
  func wholeTree(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    let folder = place.appendingPathComponent("data")
    try await shell(richTree, in: place)
    let before = try await fingerprint(folder)
    let (driver, volume) = (try test.make(), test.volume(folder))
    let made = try await driver.snapshot(volume, named: "hf-1-data")
    #expect(made.name == "hf-1-data")
    #expect(abs((made.createdAt ?? 0) - Int(Date().timeIntervalSince1970)) < 60)

    try await shell(
      "echo changed > data/plain; echo new > data/new; rm data/sub/deep/file data/hard1; chmod 600 data/script; rm -rf data/empty; mkdir data/plain2; rm data/link; mkdir data/link; echo x > data/link/x",
      in: place)
    #expect(try await fingerprint(folder) != before)
    let clone = try await driver.clone(volume, snapshot: "hf-1-data", named: "hf-1-data-c", writable: false)
    #expect(try await fingerprint(URL(fileURLWithPath: clone.place.path), ofCopy: true) == before)
    try await driver.restore(volume, snapshot: "hf-1-data")
    #expect(try await fingerprint(folder) == before)
    try await driver.restore(volume, snapshot: "hf-1-data")
    #expect(try await fingerprint(folder) == before)
    try await driver.releaseSnapshot(volume, named: "hf-1-data")
    #expect(try await driver.owned(volume) == [])
    #expect(
      try await shell(
        "find . -name .holdfast", in: place
      ).isEmpty)
  }

  @Test("the folder is found, and by reflink image files right in it", arguments: CopyCase.all)
  func discover(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    try await shell(
      "mkdir -p data/sub; cd data; echo x > small; truncate -s 1M vm.qcow2; truncate -s 64M Big; truncate -s 64M sub/big .big; ln -s Big link.img",
      in: place)
    let driver = try test.make()
    let base = place.resolvingSymlinksInPath().path + "/data"
    let found = try await driver.discover(below: place.path + "/data")
    #expect(found.first == DiscoveredVolume(path: base, kind: .folder))
    let images = [(base + "/Big", 64), (base + "/vm.qcow2", 1)].map {
      DiscoveredVolume(path: $0.0, kind: .image, bytes: $0.1 << 20, note: "part of the folder, too")
    }
    #expect(Array(found.dropFirst()) == (test.driver == "reflink" ? images : []))
    #expect(
      try await driver.discover(below: base + "/Big") == [
        DiscoveredVolume(path: base + "/Big", kind: .image, bytes: 64 << 20)
      ])
    let error = await #expect(throws: DriverError.self) { try await driver.discover(below: base + "/none") }
    #expect(error?.kind == .missing)
  }

  @Test("an image keeps its holes and comes back", arguments: CopyCase.all)
  func image(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    try await shell(
      "truncate -s 64M image; dd if=/dev/urandom of=image bs=1M seek=10 count=2 conv=notrunc status=none; chown 12:34 image; sync image",
      in: place)
    let image = place.appendingPathComponent("image")
    let before = try await shell("sha256sum image; stat -c '%s %u %g %a %Y' image", in: place)
    let (driver, volume) = (try test.make(), test.volume(image))
    let capabilities = try await driver.capabilities(of: volume)
    #expect(capabilities.kind == .image)
    #expect(capabilities.isCrashConsistent == (test.driver == "reflink"))
    #expect(try await driver.snapshot(volume, named: "hf-1-data").bytes == 64 << 20)
    #expect(try await driver.readiness(volume, snapshot: "hf-1-data") == .ready(bytes: 64 << 20))
    let clone = try await driver.clone(volume, snapshot: "hf-1-data", named: "hf-1-data-c", writable: true)
    guard case .image(let path) = clone.place else {
      Issue.record("the clone of an image is \(clone.place)")
      return
    }
    let blocks = try await shell("stat -c %b '\(path)'", in: place)
    #expect((Int(blocks.trimmed) ?? .max) < 10 << 11)
    try await shell(
      "dd if=/dev/zero of=image bs=1M seek=10 count=1 conv=notrunc status=none; echo x >> image", in: place)
    try await driver.restore(volume, snapshot: "hf-1-data", keeping: { _ in true })
    #expect(try await shell("sha256sum image; stat -c '%s %u %g %a %Y' image", in: place) == before)
    try await shell("rm image", in: place)
    try await driver.restore(volume, snapshot: "hf-1-data")
    #expect(try await shell("sha256sum image; stat -c '%s %u %g %a %Y' image", in: place) == before)
    try await driver.releaseClone(volume, named: "hf-1-data-c")
    try await driver.releaseSnapshot(volume, named: "hf-1-data")
    #expect(try await shell("ls -A", in: place) == "image\n")
  }

  @Test(
    "a restore neither removes nor overwrites what is to be kept, and brings nothing of it back",
    arguments: CopyCase.all + [CopyCase(driver: "btrfs", fileSystem: .btrfs)])
  func keeping(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    let folder = place.appendingPathComponent("data")
    try await shell(test.driver == "btrfs" ? "btrfs -q subvolume create data" : "mkdir data", in: place)
    // Files with two names: of a kept one and another, in both orders.
    try await shell(
      "mkdir -p up/old sub/cache gone/cache; echo old | tee up/a up/old/b sub/cache/c gone/cache/e file >note.tmp; ln file up/link; ln note.tmp zed",
      in: folder)
    let (driver, volume) = (try test.make(), test.volume(folder))
    _ = try await driver.snapshot(volume, named: "a")
    try await shell(
      "rm -r up/old gone; mkdir -p extra/deep/cache; echo new | tee up/a up/new sub/cache/x file note.tmp added extra/deep/cache/y extra/z .dot >.holdfast-new-0",
      in: folder)
    let isKept: PathTest = { path in
      let name = path.last.map { String(decoding: $0, as: UTF8.self) } ?? ""
      return path == [Array("up".utf8)] || name == "cache" || name.hasSuffix(".tmp") || name.hasPrefix(".")
    }
    for _ in 0..<2 {
      try await driver.restore(volume, snapshot: "a", keeping: isKept)
      #expect(
        try await shell("grep -r . . | LC_ALL=C sort; ls -A gone", in: folder) == """
          ./.dot:new
          ./extra/deep/cache/y:new
          ./file:old
          ./note.tmp:new
          ./sub/cache/c:old
          ./sub/cache/x:new
          ./up/a:new
          ./up/link:new
          ./up/new:new
          ./zed:old

          """)
    }
    // Of a volume that isn't there the rest comes back at least.
    try await shell(test.driver == "btrfs" ? "btrfs -q subvolume delete data" : "rm -r data", in: place)
    try await driver.restore(volume, snapshot: "a", keeping: isKept)
    #expect(try await shell("cat file zed", in: folder) == "old\nold\n")
    try await driver.releaseSnapshot(volume, named: "a")
  }

  @Test("a snapshot that was half made is never taken for one", arguments: CopyCase.all)
  func halfMade(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    let folder = place.appendingPathComponent("data")
    try await shell("mkdir data kept; echo whole > data/file", in: place)
    var volume = test.volume(folder)
    volume.snapshotFolder = place.appendingPathComponent("kept").path
    let driver = try test.make()
    _ = try await driver.snapshot(volume, named: "a")
    // What kill -9 leaves of a snapshot, of one's release, and of another snapshot.
    let digits = "0123456789abcdef"
    try await shell(
      "cd kept/*/snapshots; mkdir -p .new-b-\(digits)/x .gone-b-\(digits)/y .new-b-c-\(digits); echo half > .new-b-\(digits)/file",
      in: place)
    #expect(try await driver.readiness(volume, snapshot: "b") == .missing)
    #expect(try await driver.owned(volume).map(\.name) == ["a"])
    _ = try await driver.snapshot(volume, named: "b")
    #expect(try await shell("cd kept/*/snapshots; ls -A; cat b/file", in: place) == "a\nb\nwhole\n")
    for name in ["a", "b", "b"] { try await driver.releaseSnapshot(volume, named: name) }
    #expect(try await shell("ls -A kept", in: place) == "")
  }

  @Test("what a living process makes is left alone", arguments: [CopyCase.all[0], CopyCase.all[4]])
  func livingMaker(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    let folder = place.appendingPathComponent("data")
    try await shell("mkdir data kept; echo whole > data/file", in: place)
    var volume = test.volume(folder)
    volume.snapshotFolder = place.appendingPathComponent("kept").path
    let driver = try test.make()
    _ = try await driver.snapshot(volume, named: "a")
    try await shell("cd kept/*/snapshots; mkdir .new-b-0123456789abcdef", in: place)
    let living = try await shell("ls -d kept/*/snapshots/.new-b-*", in: place).trimmed
    let handle = open(place.appendingPathComponent(living).path, O_RDONLY | O_CLOEXEC)
    #expect(flock(handle, LOCK_EX | LOCK_NB) == 0)
    _ = try await driver.snapshot(volume, named: "b")
    #expect(try await shell("ls -A kept/*/snapshots", in: place) == ".new-b-0123456789abcdef\na\nb\n")
    close(handle)
    // A program that another test starts at this moment may still hold it.
    try await eventually("what nobody makes any more is removed") {
      try await driver.releaseSnapshot(volume, named: "b")
      return try await shell("ls -A kept/*/snapshots", in: place) == "a\n"
    }
  }

  @Test("a full disk leaves nothing half made", arguments: [CopyCase.all[2], CopyCase.all[3], CopyCase.all[4]])
  func fullDisk(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    try await LoopFileSystem.ext4.withOwn(megabytes: 20) { small in
      let folder = place.appendingPathComponent("data")
      try await shell("mkdir data; head -c 30M /dev/urandom > data/large; echo x > data/small", in: place)
      var volume = test.volume(folder)
      volume.snapshotFolder = small.appendingPathComponent("kept").path
      let driver = try test.make()
      let error = await #expect(throws: DriverError.self) { try await driver.snapshot(volume, named: "full") }
      #expect(error?.kind == .full)
      #expect(try await driver.owned(volume) == [])
      #expect(try await shell("find kept -type f", in: small) == "")
      try await shell("rm data/large", in: place)
      _ = try await driver.snapshot(volume, named: "full")
      #expect(try await driver.owned(volume).map(\.name) == ["full"])
    }
  }

  @Test("a file system without reflinks is refused for good, with what to do") func noReflink() async throws {
    guard let place = try await LoopFileSystem.ext4.sharedFolder(),
      let other = try await LoopFileSystem.xfs.sharedFolder()
    else { return }
    let driver = try Drivers.driver(named: "reflink", program: nil)
    var volume = VolumeSource(application: "", name: "data", driver: "reflink", path: place.path)
    for _ in 0..<2 {
      for body in [
        { @Sendable [volume] in _ = try await driver.capabilities(of: volume) },
        { @Sendable [volume] in _ = try await driver.snapshot(volume, named: "a") },
      ] {
        let error = await #expect(throws: DriverError.self) { try await body() }
        #expect(error?.kind == .permanent)
        #expect(error?.message.contains("directory") == true)
      }
      volume.path = other.path
      volume.snapshotFolder = place.path
    }
  }

  @Test("a snapshot folder in the volume itself is refused") func snapshotFolderInVolume() async throws {
    let place = try scratchDirectory("drivers")
    let driver = try Drivers.driver(named: "directory", program: nil)
    var volume = VolumeSource(application: "", name: "data", driver: "directory", path: place.path)
    volume.snapshotFolder = place.path + "/kept"
    let error = await #expect(throws: DriverError.self) { try await driver.snapshot(volume, named: "a") }
    #expect(error?.kind == .permanent)
    volume.snapshotFolder = place.path + "/.holdfast"
    _ = try await driver.snapshot(volume, named: "a")
    try await driver.restore(volume, snapshot: "a")
    #expect(try await driver.owned(volume).map(\.name) == ["a"])
  }

  @Test("a restore follows no link out of the volume, and leaves mounts and .holdfast alone") func restoreStaysInside()
    async throws
  {
    guard let place = try await LoopFileSystem.xfs.sharedFolder() else { return }
    try await shell("mkdir -p data/sub data/mount outside; echo 1 > data/sub/file; echo safe > outside/file", in: place)
    let driver = try Drivers.driver(named: "directory", program: nil)
    let volume = VolumeSource(
      application: "", name: "data", driver: "directory", path: place.path + "/data",
      snapshotFolder: place.path + "/kept")
    _ = try await driver.snapshot(volume, named: "a")
    try await shell(
      "rm -r data/sub; ln -s ../outside data/sub; mkdir -p data/new/.holdfast data/extra; echo kept > data/new/.holdfast/x; mount --bind outside data/mount; mount --bind outside data/extra",
      in: place)
    try await driver.restore(volume, snapshot: "a")
    let found = try await shell(
      "umount data/mount data/extra; cat outside/file data/sub/file data/new/.holdfast/x; test -L data/sub || echo folder",
      in: place)
    #expect(found == "safe\n1\nkept\nfolder\n")
  }

  @Test("a release follows no link, and enters no mount") func releaseStaysInside() async throws {
    guard let place = try await LoopFileSystem.xfs.sharedFolder() else { return }
    try await shell(
      "mkdir data outside; echo safe > outside/file; ln -s ../outside data/link; mkdir data/mount", in: place)
    let driver = try Drivers.driver(named: "reflink", program: nil)
    let volume = VolumeSource(
      application: "", name: "data", driver: "reflink", path: place.path + "/data", snapshotFolder: place.path + "/kept"
    )
    _ = try await driver.snapshot(volume, named: "a")
    try await shell("mount --bind outside kept/*/snapshots/a/mount", in: place)
    let error = await #expect(throws: DriverError.self) { try await driver.releaseSnapshot(volume, named: "a") }
    #expect(error?.kind == .permanent)
    try await shell("umount kept/*/snapshots/.gone-*/mount", in: place)
    try await driver.releaseSnapshot(volume, named: "a")
    #expect(try await shell("cat outside/file; ls -A kept", in: place) == "safe\n")
  }
}
