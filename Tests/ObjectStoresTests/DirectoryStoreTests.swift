import Cryptography
import Foundation
import ObjectStores
import TestSupport
import Testing

@Suite("a folder as a store")
struct DirectoryStoreTests {
  @Test("does what every store must")
  func conformance() async throws {
    let folder = try scratchDirectory("store")
    try await StoreSuite(store: DirectoryStore(folder.path + "/new/repository")).run()
  }

  @Test("an object written piece by piece is there once it has its name; one that is let go leaves nothing")
  func pieces() async throws {
    let folder = try scratchDirectory("store")
    let store = DirectoryStore(folder.path)
    // Without any folder below it yet.
    let (name, bytes) = StoreSuite.object(.pack, size: 300_000, seed: 7)
    let object = try store.begin(.pack)
    for piece in stride(from: 0, to: bytes.count, by: 70_000) {
      try bytes[piece..<min(piece + 70_000, bytes.count)].withUnsafeBytes { try object.append($0) }
    }
    #expect(try await store.list(.pack).isEmpty)
    #expect(object.digest().hex == name.name)
    try await store.finish(object, as: name)
    #expect(try await store.get(name) == bytes)
    #expect(try permissions(store.path(of: name)) == 0o400)
    do {
      let abandoned = try store.begin(.pack)
      try bytes.withUnsafeBytes { try abandoned.append($0) }
    }
    let files = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }
    #expect(files?.filter { $0.utf8.count > 60 }.count == 1, "\(files ?? [])")
    let kind = try await runProgram("stat", ["-f", "-c", "%T", folder.path]).output
    let own = ["ext2/ext3", "xfs", "btrfs", "tmpfs", "f2fs", "zfs"]
    #expect(await store.showsAtOnce() == own.contains(kind.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  @Test("has restic's layout and modes once it is prepared")
  func layout() async throws {
    let folder = try scratchDirectory("store").appendingPathComponent("repository")
    let store = DirectoryStore(folder.path)
    try await store.prepare()
    try await store.put(.config, [1], overwrite: false)
    try await store.put(ObjectName(.journal, "j"), [1], overwrite: true)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(names == ["config", "data", "holdfast", "index", "keys", "locks", "snapshots"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/data").count == 256)
    for (path, mode) in [
      ("", 0o700), ("/data/ff", 0o700), ("/keys", 0o700), ("/config", 0o400), ("/holdfast", 0o700),
    ] {
      #expect(try permissions(folder.path + path) == mode, "\(path)")
    }
  }

  @Test("follows the config's mode, so that a group that may read one file may read all")
  func groupMode() async throws {
    let folder = try scratchDirectory("store")
    let store = DirectoryStore(folder.path)
    try await store.put(.config, [1], overwrite: false)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o440], ofItemAtPath: folder.path + "/config")
    let (name, bytes) = StoreSuite.object(.pack, size: 10, seed: 1)
    try await store.put(name, bytes)
    #expect(try permissions(store.path(of: name)) == 0o440)
    #expect(try permissions((store.path(of: name) as NSString).deletingLastPathComponent) == 0o750)
  }

  private func permissions(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test("lists nothing but objects: no temporary, foreign, nested or misplaced file")
  func strangers() async throws {
    let folder = try scratchDirectory("store")
    let store = DirectoryStore(folder.path)
    try await store.prepare()
    let (name, bytes) = StoreSuite.object(.pack, size: 10, seed: 1)
    try await store.put(name, bytes)
    let own = store.path(of: name)
    let other = folder.path + "/data/" + (name.name.hasPrefix("00") ? "01" : "00")
    try FileManager.default.copyItem(atPath: own, toPath: own + "-tmp-0011")
    try FileManager.default.copyItem(atPath: own, toPath: other + "/" + name.name)
    try FileManager.default.createDirectory(
      atPath: other + "/" + other.suffix(2) + name.name.dropFirst(2),
      withIntermediateDirectories: false)
    try FileManager.default.copyItem(atPath: own, toPath: folder.path + "/data/notes")
    #expect(try await store.list(.pack) == [ObjectListing(name: name.name, size: 10)])
  }

  @Test("sweeps temporary files that are older than a day, and no others")
  func sweep() async throws {
    let folder = try scratchDirectory("store")
    let store = DirectoryStore(folder.path)
    try await store.prepare()
    let (name, bytes) = StoreSuite.object(.pack, size: 10, seed: 1)
    try await store.put(name, bytes)
    let (old, new) = (store.path(of: name) + "-tmp-old", store.path(of: name) + "-tmp-new")
    for path in [old, new] { try Data([1]).write(to: URL(fileURLWithPath: path)) }
    for path in [old, store.path(of: name)] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -90_000)], ofItemAtPath: path)
    }
    #expect(try await store.sweep() == 1)
    #expect(!FileManager.default.fileExists(atPath: old))
    #expect(FileManager.default.fileExists(atPath: new))
    #expect(try await store.get(name) == bytes)
  }

  @Test(
    "makes a missing folder for an object, but not the repository itself: its disk may not be mounted"
  )
  func missingFolders() async throws {
    let folder = try scratchDirectory("store")
    let (name, bytes) = StoreSuite.object(.pack, size: 10, seed: 1)
    let store = DirectoryStore(folder.path)
    #expect(try await store.list(.pack) == [])
    try await store.put(name, bytes)
    #expect(try await store.get(name) == bytes)

    let nowhere = DirectoryStore(folder.path + "/nowhere")
    await expect(.notFound) { () async throws(StoreError) in try await nowhere.put(name, bytes) }
    await expect(.notFound) { () async throws(StoreError) in _ = try await nowhere.list(.pack) }
    await expect(.notFound) { () async throws(StoreError) in _ = try await nowhere.list(.lock) }
  }

  @Test("one of many that make the same object without overwriting wins, and its bytes stay")
  func race() async throws {
    let store = DirectoryStore(try scratchDirectory("store").path)
    let winners = await withTaskGroup(of: UInt8?.self) { group in
      for number in 0..<20 as Range<UInt8> {
        group.addTask {
          do throws(StoreError) {
            try await store.put(.config, [number], overwrite: false)
            return number
          } catch {
            #expect(error.kind == .exists)
            return nil
          }
        }
      }
      return await group.compactMap(\.self).reduce(into: []) { $0.append($1) }
    }
    #expect(winners.count == 1)
    #expect(try await store.get(.config) == winners)
  }

  @Test("a full disk is told apart, and leaves nothing behind")
  func fullDisk() async throws {
    let folder = try scratchDirectory("store")
    let mount = try await runProgram(
      "mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.path])
    guard mount.exitCode == 0 else {
      print("skipped: mounting a small file system needs root")
      return
    }
    let store = DirectoryStore(folder.path)
    let (name, bytes) = StoreSuite.object(.pack, size: 2 << 20, seed: 1)
    await expect(.full) { () async throws(StoreError) in try await store.put(name, bytes) }
    #expect(try await store.list(.pack) == [])
    let left = FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String]
    #expect(left?.filter { $0.contains("tmp") } == [])
    try await runProgram("umount", [folder.path]).orThrow("unmount")
  }

  @Test("what may not be read or written is denied")
  func denied() async throws {
    let store = DirectoryStore("/proc/holdfast")
    await expect(.notFound) { () async throws(StoreError) in try await store.prepare() }
    guard getuid() != 0 else {
      print("skipped in part: root may read everything")
      return
    }
    let folder = try scratchDirectory("store")
    let closed = DirectoryStore(folder.path)
    try await closed.prepare()
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o500], ofItemAtPath: folder.path + "/locks")
    let (name, bytes) = StoreSuite.object(.lock, size: 10, seed: 1)
    await expect(.denied) { () async throws(StoreError) in try await closed.put(name, bytes) }
  }
}
