public import Foundation
import Glibc
import Synchronization

/// Real file systems on loop devices, for tests that need one. They want root; elsewhere there are none, and the reason is
/// printed once for each test that asked.
public enum LoopFileSystem: String, Sendable, CaseIterable {
  case btrfs
  case xfs
  case ext4

  private static let shared = Mutex<[LoopFileSystem: Task<URL?, any Error>]>([:])

  /// A new folder in a file system of a gigabyte that all tests of this process share; it goes away with the process.
  public func sharedFolder(_ label: String = "test") async throws -> URL? {
    let mount = Self.shared.withLock { shared in
      let mount = shared[self] ?? Task { try await self.mount(megabytes: 1024) }
      shared[self] = mount
      return mount
    }
    guard let mount = try await mount.value else { return nil }
    let folder = mount.appendingPathComponent("\(label)-\(Scratch.nextNumber())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    return folder
  }

  /// A file system for one test alone, unmounted at the end. XFS wants 300 megabytes at least, btrfs 120.
  /// - Returns: what `body` returns; nil where there can be no such file system.
  public func withOwn<T>(megabytes: Int, _ body: (URL) async throws -> T) async throws -> T? {
    guard let mount = try await mount(megabytes: megabytes) else { return nil }
    let result: Result<T, any Error>
    do { result = .success(try await body(mount)) } catch { result = .failure(error) }
    let unmounted = try await runProgram("umount", [mount.path])
    if unmounted.exitCode != 0 { try await runProgram("umount", ["--lazy", mount.path]) }
    return try result.get()
  }

  /// Where a new file system of this kind is mounted; nil where that can't be done. Whoever ends it unmounts it, else the end
  /// of the test process does.
  public func mount(megabytes: Int) async throws -> URL? {
    guard geteuid() == 0 else { return skip("only root can mount") }
    let folder = try scratchDirectory("loop-\(rawValue)")
    // In memory, so that a sync doesn't wait for all that the machine writes; some containers have no room there, and others want some.
    let place = Self.hasRoom("/dev/shm", 4 * megabytes) ? "/dev/shm" : folder.path
    let image = "\(place)/holdfast-test-\(getpid())-\(Scratch.nextNumber()).image"
    defer { unlink(image) }  // the loop device keeps it
    let mount = folder.appendingPathComponent("mount")
    try FileManager.default.createDirectory(at: mount, withIntermediateDirectories: false)
    let make = ["-q"] + (self == .xfs ? ["-m", "reflink=1"] : []) + [image]
    for command in [
      ["truncate", "--size", "\(megabytes)M", image], ["mkfs.\(rawValue)"] + make,
      ["mount", "-o", "loop", image, mount.path],
    ] {
      let result = try await runProgram("/usr/bin/env", command)
      guard result.exitCode == 0 else { return skip("\(command[0]) failed: \(result.errors)") }
    }
    return mount
  }

  private static func hasRoom(_ path: String, _ megabytes: Int) -> Bool {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return false }
    return UInt64(status.f_bavail) * UInt64(status.f_frsize) >= UInt64(megabytes) << 20
  }

  private func skip(_ reason: String) -> URL? {
    print("skipped: no \(rawValue) on a loop device: \(reason)")
    return nil
  }
}
