import FileSystem
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Reading files")
struct ReadingTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test("reads fill the buffer, and stop at the end", arguments: [false, true])
  func reading(direct: Bool) throws {
    let folder = try scratchDirectory()
    var random = SplitMix64(seed: 7)
    let content = (0..<100_001).map { _ in UInt8.random(in: 0...255, using: &random) }
    try Data(content).write(to: folder.appendingPathComponent("f"))
    let file = try DirectoryHandle(path: folder.path).openFile(bytes("f"), direct: direct)
    file.adviseSequential()
    file.willNeed(0..<4096)
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: 65536, alignment: FileSystem.FileHandle.directAlignment)
    defer { buffer.deallocate() }
    #expect(try file.read(at: 0, into: buffer) == 65536)
    #expect(buffer.elementsEqual(content[..<65536]))
    #expect(try file.read(at: 65536, into: buffer) == 100_001 - 65536)
    #expect(buffer[..<(100_001 - 65536)].elementsEqual(content[65536...]))
    #expect(try file.read(at: 1 << 20, into: buffer) == 0)
    file.dontNeed(0..<100_001)
  }

  @Test("a fifo opens without waiting, a folder can't be read")
  func oddFiles() throws {
    let folder = try scratchDirectory()
    let directory = try DirectoryHandle(path: folder.path)
    #expect(mkfifo(folder.path + "/p", 0o600) == 0)
    #expect(try directory.openFile(bytes("p")).metadata().kind == .fifo)
    let error = #expect(throws: FileError.self) {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
      defer { buffer.deallocate() }
      _ = try FileSystem.FileHandle(path: folder.path).read(at: 0, into: buffer)
    }
    #expect(error?.description.hasPrefix("cannot read \(folder.path): ") == true)
    #expect(throws: FileError.self) { _ = try FileSystem.FileHandle(path: folder.path).deviceSize() }
  }

  @Test("reading leaves the time of last access")
  func accessTime() throws {
    let folder = try scratchDirectory()
    let path = folder.path + "/f"
    try Data(count: 100).write(to: URL(fileURLWithPath: path))
    // Older than the modification: even a relatime mount would move it.
    let times = [timespec(tv_sec: 1000, tv_nsec: 0), timespec(tv_sec: 2000, tv_nsec: 0)]
    #expect(utimensat(AT_FDCWD, path, times, 0) == 0)
    let file = try DirectoryHandle(path: folder.path).openFile(bytes("f"))
    var byte: UInt8 = 0
    _ = try withUnsafeMutableBytes(of: &byte) { try file.read(at: 0, into: $0) }
    #expect(try file.metadata().accessed.seconds == 1000)
  }

  @Test("holes are found, in any part of a file")
  func holes() throws {
    let folder = try scratchDirectory()
    let path = folder.path + "/f"
    let descriptor = open(path, O_CREAT | O_RDWR, 0o600)
    let block = [UInt8](repeating: 1, count: 65536)
    for offset in [1 << 20, 3 << 20] { #expect(pwrite(descriptor, block, block.count, off_t(offset)) == block.count) }
    #expect(ftruncate(descriptor, 8 << 20) == 0)
    close(descriptor)
    let file = try FileSystem.FileHandle(path: path)
    let first = (1 << 20)..<((1 << 20) + 65536)
    let second = (3 << 20)..<((3 << 20) + 65536)
    #expect(try file.dataSegments(in: 0..<(8 << 20)) == [first, second])
    #expect(
      try file.dataSegments(in: (first.lowerBound + 4096)..<(3 << 20) + 4096) == [
        (first.lowerBound + 4096)..<first.upperBound, (3 << 20)..<(3 << 20) + 4096,
      ])
    #expect(try file.nextData(in: (4 << 20)..<(8 << 20)) == nil)
    #expect(try file.dataSegments(in: 0..<(1 << 20)).isEmpty)
    #expect(try file.dataSegments(in: (8 << 20)..<(16 << 20)).isEmpty)
    #expect(try FileSystem.FileHandle(path: "/proc/self/status").dataSegments(in: 0..<10) == [0..<10])
  }

  @Test("attributes and ACLs of files, folders and links are read as getfattr does")
  func attributes() async throws {
    let folder = try scratchDirectory()
    let directory = try DirectoryHandle(path: folder.path)
    let path = folder.path + "/f"
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(try directory.extendedAttributes(of: bytes("f")) == ExtendedAttributes())
    let value = String(repeating: "v", count: 3000)
    let set = try await runProgram("setfattr", ["-n", "user.long", "-v", value, path])
    guard set.exitCode == 0 else {
      print("skipped: setfattr is missing or the file system has no attributes: \(set.errors)")
      return
    }
    try await runProgram("setfattr", ["-n", "user.empty", path])
    #expect(try await runProgram("setfacl", ["-m", "u:1234:r", path]).exitCode == 0)
    #expect(try await runProgram("setfacl", ["-d", "-m", "u:1234:r", folder.path]).exitCode == 0)
    for found in [
      try directory.extendedAttributes(of: bytes("f")), try directory.openFile(bytes("f")).extendedAttributes(),
    ] {
      let byName = Dictionary(uniqueKeysWithValues: found.attributes.map { ($0.name, $0.value) })
      #expect(byName["user.long"] == bytes(value))
      #expect(byName["user.empty"] == [])
      #expect(byName["system.posix_acl_access"]?.isEmpty == false)
      #expect(byName.count == 3 && found.unreadable.isEmpty)
    }
    #expect(try directory.extendedAttributes().attributes.map(\.name) == ["system.posix_acl_default"])
    // A link has attributes of its own, which only root may set.
    #expect(symlink("f", folder.path + "/l") == 0)
    #expect(try directory.extendedAttributes(of: bytes("l")).attributes.isEmpty)
    if try await runProgram("setfattr", ["-h", "-n", "trusted.mine", "-v", "x", folder.path + "/l"]).exitCode == 0 {
      #expect(
        try directory.extendedAttributes(of: bytes("l")).attributes == [
          ExtendedAttribute(name: "trusted.mine", value: [0x78])
        ])
    }
  }
}
