@testable import EmbeddedPostgres
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The data folder", .timeLimit(.minutes(5)))
struct FolderTests {
  private func make(_ folder: DataFolder, _ files: [String: String] = [:]) throws {
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    for (name, text) in files {
      let file = URL(filePath: folder.path + "/" + name)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
  }

  private func refusal(of folder: DataFolder) async -> EmbeddedPostgresError? {
    await embeddedError { _ = try await EmbeddedPostgres.open(folder, logger: quiet) }
  }

  @Test(
    "it is where the environment says",
    arguments: [
      (["XDG_DATA_HOME": "/x", "HOME": "/home/a"], "/x/holdfast", "/x/holdfast"),
      (["XDG_DATA_HOME": "x", "HOME": "/home/a"], "/var/lib/holdfast", "/home/a/.local/share/holdfast"),
      (["HOME": "/home/a"], "/var/lib/holdfast", "/home/a/.local/share/holdfast"),
    ])
  func standard(environment: [String: String], forRoot: String, forOthers: String) throws {
    #expect(try DataFolder.standard { environment[$0] }.path == (geteuid() == 0 ? forRoot : forOthers))
  }

  @Test(
    "a path is made absolute",
    arguments: [
      ("/a//b/", "/a/b"), ("/", "/"), ("c/./d", FileManager.default.currentDirectoryPath + "/c/d"),
    ])
  func absolute(given: String, path: String) { #expect(DataFolder(given).path == path) }

  @Test("a folder with other files is refused and left as it is")
  func foreign() async throws {
    let folder = try newFolder()
    try make(folder, ["letter.txt": "dear"])
    let error = await refusal(of: folder)
    #expect(error?.kind == .folder)
    #expect(error?.description.contains("letter.txt") == true)
    #expect(names(in: folder.path) == ["letter.txt"])
  }

  @Test("a folder of another user is refused by name", .enabled(if: geteuid() == 0, "only root can make one"))
  func ofAnother() async throws {
    let folder = try newFolder()
    try make(folder)
    try #require(chown(folder.path, 65534, 65534) == 0)
    let error = await refusal(of: folder)
    #expect(error?.kind == .folder)
    #expect(error?.description.contains(userName(65534)) == true)
  }

  @Test("a folder that others may write to is refused")
  func openToOthers() async throws {
    let folder = try newFolder()
    try make(folder)
    try #require(chmod(folder.path, 0o777) == 0)
    #expect(await refusal(of: folder)?.description.contains("chmod go-w") == true)
  }

  @Test(
    "a folder that PostgreSQL's user can't get to is refused by the name of the one in the way",
    .enabled(if: geteuid() == 0, "only root runs PostgreSQL as another user"))
  func closedOnTheWay() async throws {
    let folder = try newFolder("closed/data")
    let closed = String(folder.path.dropLast("/data".count))
    try #require(mkdir(closed, 0o700) == 0)
    let error = await refusal(of: folder)
    #expect(error?.kind == .folder)
    #expect(error?.description.contains("may not enter \(closed);") == true)
  }

  @Test("a file in the folder's place is refused, and one on the way to it")
  func file() async throws {
    let folder = try newFolder()
    try Data().write(to: URL(filePath: folder.path))
    #expect(await refusal(of: folder)?.kind == .folder)
    #expect(await refusal(of: DataFolder(folder.path + "/below"))?.kind == .folder)
  }

  @Test("a cluster of another PostgreSQL is refused with the version that it needs", arguments: ["99", "9.6"])
  func otherVersion(version: String) async throws {
    let folder = try newFolder()
    try make(folder, ["holdfast.lock": "", "postgres/PG_VERSION": version + "\n"])
    let error = await refusal(of: folder)
    #expect(error?.kind == .notInstalled)
    #expect(error?.description.contains("needs PostgreSQL \(version.prefix { $0 != "." }),") == true)
  }

  @Test("what is no cluster is not started as one")
  func noCluster() async throws {
    let folder = try newFolder()
    try make(folder, ["holdfast.lock": "", "postgres/something": ""])
    #expect(await refusal(of: folder)?.kind == .folder)
  }

  @Test("too deep a folder gets its socket elsewhere, privately, and finds it again")
  func deep() async throws {
    let folder = try newFolder(String(repeating: "d", count: 100))
    let (first, _) = try await EmbeddedPostgres.up(folder)
    #expect(try await first.text("select 1") == "1")
    let url = first.url
    let socketFolder = try FileManager.default.destinationOfSymbolicLink(atPath: folder.socket)
    #expect(try #require(fileStatus(socketFolder)).st_mode & 0o777 == 0o700)
    await first.stop()
    #expect(try SocketFolder.prepare(in: folder, owner: .current()) == socketFolder)

    // Something that others made in its place is not trusted.
    removeTree(socketFolder)
    try #require(mkdir(socketFolder, 0o755) == 0 && chmod(socketFolder, 0o777) == 0)
    let other = try SocketFolder.prepare(in: folder, owner: .current())
    #expect(other != socketFolder)
    #expect(!url.contains(other))
    for folder in [socketFolder, other] { removeTree(folder) }
  }

  @Test("names that mean something elsewhere do no harm", arguments: ["it's; $(id) 100% \\ \"so\"", "a,b", "größe"])
  func strangeName(name: String) async throws {
    let folder = try newFolder(name)
    let (instance, _) = try await EmbeddedPostgres.up(folder)
    #expect(try await instance.text("select 1") == "1")
    await instance.stop()
    if let link = try? FileManager.default.destinationOfSymbolicLink(atPath: folder.socket) { removeTree(link) }
  }

  @Test(
    "a full disk is called so, when the cluster is made and when it starts, and nothing half is left",
    .enabled(if: canMount, "needs the right to mount a small file system"))
  func fullDisk() async throws {
    let place = try scratchDirectory("mount").path
    try await mount(place, megabytes: 20)
    let folder = DataFolder(place + "/data")
    let error = await embeddedError { _ = try await EmbeddedPostgres.up(folder) }
    #expect(error?.kind == .diskFull, "\(String(describing: error))")
    #expect(names(in: folder.path).filter { $0.hasPrefix("postgres") } == [])

    try await mount(place, megabytes: 200)
    let (instance, _) = try await EmbeddedPostgres.up(folder)
    await instance.stop()
    let filler = open(place + "/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    let block = [UInt8](repeating: 1, count: 4096)
    while write(filler, block, block.count) > 0 {}
    close(filler)
    let start = await embeddedError { _ = try await instance.start() }
    #expect(start?.kind == .diskFull, "\(String(describing: start))")
    unlink(place + "/filler")
    #expect(try await instance.start() == .started)
    await instance.stop()
    umount2(place, 2)
  }

  private func mount(_ place: String, megabytes: Int) async throws {
    umount2(place, 2)
    let result = try await runProgram("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=755", "tmpfs", place])
    try #require(result.exitCode == 0, "\(result.errors)")
  }
}

/// Whether this process may mount a file system here; some containers' root may not.
private let canMount: Bool = {
  guard geteuid() == 0, let status = readText("/proc/self/status") else { return false }
  let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
  let capabilities = line.flatMap { UInt64($0.split(separator: "\t").last ?? "", radix: 16) } ?? 0
  return capabilities >> 21 & 1 == 1  // CAP_SYS_ADMIN
}()

@Suite("Finding the embedded PostgreSQL", .timeLimit(.minutes(5)))
struct DiscoveryTests {
  @Test("others find it while it runs, and see that it does not run or was never there")
  func service() async throws {
    let folder = try newFolder()
    #expect(folder.service() == .none)
    let (instance, _) = try await EmbeddedPostgres.up(folder)
    #expect(folder.service() == .running(url: instance.url))
    #expect(folder.openings() == [])
    chmod(folder.cluster, 0o750)
    #expect(folder.openings().count == 1)
    await instance.stop()
    #expect(folder.service() == .stopped)
  }
}
