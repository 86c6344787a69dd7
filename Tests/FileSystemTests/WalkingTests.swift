import FileSystem
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Walking a folder")
struct WalkingTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test("names come sorted by raw bytes, UTF-8 or not")
  func sortedNames() throws {
    let folder = try scratchDirectory()
    let directory = try DirectoryHandle(path: folder.path)
    let longer = [UInt8](repeating: 0x61, count: 200)
    let names: [[UInt8]] = [
      bytes("a"), bytes("A"), bytes("a b"), bytes("a-b"), bytes("a.b"), bytes("a.txt"), bytes("ä"), [0x62, 0xff, 0x63],
      [0xff], [0x01], [0x61, 0x01], bytes("..."), bytes(".a"), bytes("abcdefgh"), bytes("abcdefghi"), bytes("abcdefg"),
      bytes("abcdefgh\u{1}"), longer, longer + [0x62], longer + [0x60],
    ]
    for name in names { close(openat(directory.descriptor, name.map { CChar(bitPattern: $0) } + [0], O_CREAT, 0o600)) }
    let sorted = names.sorted { $0.lexicographicallyPrecedes($1) }
    #expect(try directory.entries().map(\.name) == sorted)
    // A second time, too.
    #expect(try directory.entries().map(\.name) == sorted)
  }

  @Test("a folder of many names is read whole")
  func manyNames() throws {
    let folder = try scratchDirectory()
    let directory = try DirectoryHandle(path: folder.path)
    var expected: Set<[UInt8]> = []
    for number in 0..<20_000 {
      let name = "file-\(number)-" + String(repeating: "x", count: number % 60)
      symlinkat("nowhere", directory.descriptor, name)
      expected.insert(bytes(name))
    }
    let listing = try directory.entries()
    #expect(listing.count == 20_000)
    #expect(Set(listing.map(\.name)) == expected)
    #expect(listing.allSatisfy { $0.kindHint == .symlink || $0.kindHint == .unknown })
  }

  @Test("each kind of file is told apart")
  func kinds() throws {
    let folder = try scratchDirectory()
    let directory = try DirectoryHandle(path: folder.path)
    let base = folder.path
    #expect(mkdir(base + "/d", 0o700) == 0)
    #expect(symlink("d", base + "/l") == 0)
    #expect(mkfifo(base + "/p", 0o600) == 0)
    close(open(base + "/f", O_CREAT, 0o640))
    var expected: [[UInt8]: FileKind] = [
      bytes("d"): .directory, bytes("l"): .symlink, bytes("p"): .fifo, bytes("f"): .regular,
    ]
    if mknod(base + "/c", S_IFCHR | 0o600, 259) == 0 {
      expected[bytes("c")] = .characterDevice
      #expect(try directory.metadata(of: bytes("c")).deviceNumber == 259)
    }
    for entry in try directory.entries() {
      #expect(expected[entry.name] == entry.kindHint)
      #expect(try directory.metadata(of: entry.name).kind == expected[entry.name])
    }
  }

  @Test("metadata is what stat says, of a link itself too")
  func metadata() throws {
    let folder = try scratchDirectory()
    let directory = try DirectoryHandle(path: folder.path)
    let path = folder.path + "/f"
    try Data(count: 1234).write(to: URL(fileURLWithPath: path))
    #expect(chmod(path, 0o4751) == 0)
    #expect(link(path, folder.path + "/g") == 0)
    #expect(symlink("f", folder.path + "/l") == 0)
    let times = [timespec(tv_sec: -5, tv_nsec: 7), timespec(tv_sec: 1_000_000_000, tv_nsec: 123_456_789)]
    #expect(utimensat(AT_FDCWD, path, times, 0) == 0)
    let found = try directory.metadata(of: bytes("f"))
    #expect(found.accessed == FileTime(seconds: -5, nanoseconds: 7))
    #expect(found.modified == FileTime(seconds: 1_000_000_000, nanoseconds: 123_456_789))
    #expect(found.size == 1234 && found.links == 2 && found.permissions == 0o4751)
    #expect(found.uid == getuid() && found.gid == getgid())
    #expect(try directory.metadata(of: bytes("l")).kind == .symlink)
    #expect(try directory.openFile(bytes("f")).metadata() == directory.metadata(of: bytes("f")))
    #expect(try directory.readLink(bytes("l")) == bytes("f"))
    #expect(try directory.metadata().kind == .directory)
  }

  @Test("the target of a link may be long and any bytes", arguments: [1, 255, 256, 257, 1024, 4095])
  func linkTargets(length: Int) throws {
    let folder = try scratchDirectory()
    let directory = try DirectoryHandle(path: folder.path)
    let target = (0..<length).map { UInt8(1 + $0 % 255) }
    #expect(symlinkat(target.map { CChar(bitPattern: $0) } + [0], directory.descriptor, "l") == 0)
    #expect(try directory.readLink(bytes("l")) == target)
  }

  @Test("a path longer than the system's limit is walked down, and opened at once")
  func deepPaths() throws {
    let folder = try scratchDirectory()
    var directory = try DirectoryHandle(path: folder.path)
    let name = [UInt8](repeating: 0x6e, count: 200)
    for _ in 0..<60 {
      #expect(mkdirat(directory.descriptor, name.map { CChar(bitPattern: $0) } + [0], 0o700) == 0)
      directory = try directory.openDirectory(name)
    }
    close(openat(directory.descriptor, "leaf", O_CREAT | O_WRONLY, 0o600))
    #expect(directory.path.count > 12_000)
    #expect(try directory.entries().map(\.name) == [bytes("leaf")])
    let again = try DirectoryHandle(path: directory.path)
    #expect(try again.metadata(of: bytes("leaf")).size == 0)
    #expect(try FileHandle(path: directory.path + bytes("/leaf")).metadata().kind == .regular)
    #expect(try again.extendedAttributes(of: bytes("leaf")).attributes.isEmpty)
  }

  @Test("a link in the place of a folder or file is refused, as is a name with a NUL")
  func linksRefused() throws {
    let folder = try scratchDirectory()
    let directory = try DirectoryHandle(path: folder.path)
    #expect(symlink("/etc", folder.path + "/d") == 0)
    #expect(symlink("/etc/passwd", folder.path + "/f") == 0)
    for name in ["d", "f"] {
      let error = #expect(throws: FileError.self) { _ = try directory.openFile(bytes(name)) }
      #expect(error?.isVanished == true)
    }
    #expect(throws: FileError.self) { _ = try directory.openDirectory(bytes("d")) }
    #expect(throws: FileError.self) { _ = try directory.metadata(of: [0x66, 0, 0x67]) }
  }

  @Test("what has vanished, or is refused, is told as such with its path")
  func vanished() throws {
    let folder = try scratchDirectory()
    let directory = try DirectoryHandle(path: folder.path)
    let calls: [(DirectoryHandle) throws -> Void] = [
      { _ = try $0.openFile(bytes("gone")) }, { _ = try $0.openDirectory(bytes("gone")) },
      { _ = try $0.metadata(of: bytes("gone")) }, { _ = try $0.readLink(bytes("gone")) },
      { _ = try $0.extendedAttributes(of: bytes("gone")) },
    ]
    for call in calls {
      let error = #expect(throws: FileError.self) { try call(directory) }
      #expect(error?.isVanished == true && error?.isDenied == false)
      #expect(error?.description.contains(folder.path + "/gone") == true)
    }
    // A folder that is removed while it is open has no names left.
    #expect(mkdir(folder.path + "/d", 0o700) == 0)
    let removed = try directory.openDirectory(bytes("d"))
    #expect(rmdir(folder.path + "/d") == 0)
    #expect((try? removed.entries().count) ?? 0 == 0)
    #expect(FileError(path: [], operation: "open", code: EACCES).isDenied)
  }

  @Test("an odd path is printed so that it can't harm a terminal")
  func printedPaths() {
    #expect(printablePath([0x61, 0xff, 0x1b, 0x62]) == "a\\xff\\x1bb")
    #expect(printablePath(Array("grün 日本 🙂".utf8)) == "grün 日本 🙂")
    #expect(printablePath([0xe2, 0x82]) == "\\xe2\\x82")
  }

  @Test("users and groups are named as the system does, and unknown ones not at all")
  func userNames() async throws {
    let names = UserNames()
    #expect(names.user(0) == "root" && names.group(0) == "root")
    #expect(names.user(3_999_999_999).isEmpty && names.group(3_999_999_999).isEmpty)
    await withTaskGroup(of: Bool.self) { group in
      for number in 0..<64 {
        group.addTask { names.user(UInt32(number % 2) * 3_999_999_999) == (number % 2 == 0 ? "root" : "") }
      }
      for await fine in group { #expect(fine) }
    }
  }
}
