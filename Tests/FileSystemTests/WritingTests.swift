import FileSystem
import Foundation
import Glibc
import TestSupport
import Testing

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite("Writing files")
struct WritingTests {
  private let folder: URL
  private let directory: DirectoryHandle

  init() throws {
    folder = try scratchDirectory()
    directory = try DirectoryHandle(path: folder.path)
  }

  private func write(_ text: String, to name: String) throws -> WritableFile {
    let file = try directory.createFile(bytes(name))
    try bytes(text).withUnsafeBytes { try file.write($0, at: 0) }
    return file
  }

  @Test(
    "names that could mean something elsewhere are refused by every call",
    arguments: ["..", ".", "", "a/b", "/x", "a\0b"])
  func hostileNames(name: String) throws {
    let name = bytes(name)
    #expect(throws: FileError.self) { try directory.makeDirectory(name) }
    #expect(throws: FileError.self) { _ = try directory.createFile(name) }
    #expect(throws: FileError.self) { _ = try directory.openWritable(name) }
    #expect(throws: FileError.self) { _ = try directory.openPath(name) }
    #expect(throws: FileError.self) { try directory.makeSymlink(name, to: bytes("x")) }
    #expect(throws: FileError.self) { try directory.makeNode(name, kind: .fifo) }
    #expect(throws: FileError.self) { try directory.removeAll(name) }
    #expect(throws: FileError.self) { _ = try directory.openDirectory(beneath: [bytes("fine"), name]) }
    _ = try directory.createFile(bytes("real"))
    #expect(throws: FileError.self) { try directory.makeLink(name, to: bytes("real"), in: directory) }
    #expect(throws: FileError.self) { try directory.makeLink(bytes("new"), to: name, in: directory) }
    #expect(throws: FileError.self) { try directory.rename(bytes("real"), to: name) }
    #expect(throws: FileError.self) { try directory.removeFile(name) }
    let time = FileTime(seconds: 1, nanoseconds: 0)
    #expect(throws: FileError.self) { try directory.setTimes(of: name, accessed: time, modified: time) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["real"])
  }

  @Test("a symbolic link is never followed")
  func symlinks() throws {
    let outside = try scratchDirectory()
    try Data("old".utf8).write(to: outside.appendingPathComponent("f"))
    try directory.makeSymlink(bytes("dir"), to: bytes(outside.path))
    try directory.makeSymlink(bytes("file"), to: bytes(outside.path + "/f"))
    try directory.makeSymlink(bytes("dangling"), to: bytes(outside.path + "/new"))
    #expect(throws: FileError.self) { _ = try directory.openDirectory(beneath: [bytes("dir")]) }
    #expect(throws: FileError.self) { _ = try directory.openDirectory(beneath: [bytes("dir"), bytes("deeper")]) }
    #expect(throws: FileError.self) { _ = try directory.openWritable(bytes("file")) }
    #expect(throws: FileError.self) { _ = try directory.createFile(bytes("dangling")) }
    // The link itself gets owner, times and second names; what it points to is left alone.
    let before = try FileSystem.FileHandle(path: outside.path + "/f").metadata()
    let link = try directory.openPath(bytes("file"))
    let time = FileTime(seconds: -5, nanoseconds: 7)
    try link.setTimes(accessed: time, modified: time)
    #expect(try directory.metadata(of: bytes("file")).modified == time)
    try directory.setTimes(of: bytes("file"), accessed: time, modified: FileTime(seconds: 9, nanoseconds: 1))
    #expect(try directory.metadata(of: bytes("file")).modified == FileTime(seconds: 9, nanoseconds: 1))
    #expect(throws: FileError.self) { try link.setPermissions(0o777) }
    try directory.makeLink(bytes("twin"), to: bytes("file"), in: directory)
    #expect(try directory.metadata(of: bytes("twin")).kind == .symlink)
    #expect(try directory.removeAll(bytes("dir")) == 1)
    #expect(try FileSystem.FileHandle(path: outside.path + "/f").metadata() == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: outside.path) == ["f"])
  }

  @Test("what is open stays in its folder when that is renamed away and a link takes its name")
  func renamedParent() throws {
    let outside = try scratchDirectory()
    try directory.makeDirectory(bytes("a"))
    let inner = try directory.openDirectory(beneath: [bytes("a")])
    try directory.rename(bytes("a"), to: bytes("moved"))
    try directory.makeSymlink(bytes("a"), to: bytes(outside.path))
    _ = try inner.createFile(bytes("f"))
    #expect(FileManager.default.fileExists(atPath: folder.path + "/moved/f"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: outside.path).isEmpty)
  }

  @Test("owner, permissions, attributes and times are set on what is open")
  func metadata() throws {
    let file = try write("content", to: "f")
    if geteuid() == 0 { try file.setOwner(uid: 12345, gid: 54321) }
    try file.setPermissions(0o6751)
    try file.setAttribute(ExtendedAttribute(name: "user.a", value: [0, 1, 255]))
    try file.setAttribute(ExtendedAttribute(name: "user.b", value: []))
    try file.removeAttribute("user.b")
    try file.removeAttribute("user.b")
    let accessed = FileTime(seconds: 1, nanoseconds: 2)
    let modified = FileTime(seconds: -1_000_000_000, nanoseconds: 999_999_999)
    try file.setTimes(accessed: accessed, modified: modified)
    let seen = try directory.metadata(of: bytes("f"))
    #expect(seen.permissions == 0o6751)
    #expect(seen.modified == modified && seen.accessed == accessed)
    if geteuid() == 0 { #expect(seen.uid == 12345 && seen.gid == 54321) }
    #expect(try file.attributeNames() == ["user.a"])
    #expect(try directory.extendedAttributes(of: bytes("f")).attributes == [.init(name: "user.a", value: [0, 1, 255])])
    // These numbers mean "now" and "leave it" to the kernel.
    for number: UInt32 in [1_000_000_000, 0x3fff_ffff, 0x3fff_fffe] {
      let odd = FileTime(seconds: 0, nanoseconds: number)
      #expect(throws: FileError.self) { try file.setTimes(accessed: odd, modified: odd) }
      #expect(throws: FileError.self) { try directory.setTimes(of: bytes("f"), accessed: odd, modified: odd) }
    }
  }

  @Test("fifos, and devices by root")
  func nodes() throws {
    try directory.makeNode(bytes("p"), kind: .fifo)
    let fifo = try directory.openPath(bytes("p"))
    try fifo.setPermissions(0o1604)
    try fifo.setTimes(accessed: FileTime(seconds: 5, nanoseconds: 0), modified: FileTime(seconds: 6, nanoseconds: 1))
    #expect(try directory.metadata(of: bytes("p")).permissions == 0o1604)
    #expect(try directory.metadata(of: bytes("p")).modified.seconds == 6)
    #expect(throws: FileError.self) { _ = try directory.openWritable(bytes("p")) }
    #expect(throws: FileError.self) { try directory.makeNode(bytes("r"), kind: .regular) }
    guard geteuid() == 0 else { return }
    try directory.makeNode(bytes("null"), kind: .characterDevice, device: 259)
    try directory.openPath(bytes("null")).setOwner(uid: 7, gid: 8)
    let device = try directory.metadata(of: bytes("null"))
    #expect(device.kind == .characterDevice && device.deviceNumber == 259 && device.uid == 7)
  }

  @Test("what isn't written is a hole, and a hole can be punched")
  func holes() throws {
    let file = try directory.createFile(bytes("f"))
    try file.setSize(8 << 20)
    try file.reserve((4 << 20)..<(8 << 20))
    #expect(try file.currentMetadata().size == 8 << 20)
    let block = [UInt8](repeating: 9, count: 1 << 20)
    try block.withUnsafeBytes { try file.write($0, at: 4 << 20) }
    #expect(try file.punchHole((4 << 20)..<(8 << 20)))
    try file.synchronize()
    try file.flushLateErrors()
    #expect(try file.currentMetadata().blocks == 0)
    var content = [UInt8](repeating: 1, count: 1 << 20)
    #expect(try content.withUnsafeMutableBytes { try file.read(at: 4 << 20, into: $0) } == 1 << 20)
    #expect(content.allSatisfy { $0 == 0 })
  }

  @Test("folders of any depth are reached, and removed as a whole")
  func deep() throws {
    let names = (0..<300).map { bytes("level-\($0)-" + String(repeating: "x", count: 30)) }
    var current = directory
    for name in names {
      try current.makeDirectory(name)
      current = try current.openDirectory(name)
    }
    _ = try current.createFile(bytes("leaf"))
    #expect(try directory.openDirectory(beneath: names).entries().map(\.name) == [bytes("leaf")])
    #expect(try directory.openDirectory(beneath: []).entries().count == 1)
    #expect(try directory.removeAll(names[0]) == 301)
    #expect(try directory.entries().isEmpty)
  }
}
