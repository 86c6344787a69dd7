@testable import EmbeddedPostgres
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Parts of the embedded PostgreSQL")
struct PartTests {
  private let both = [PostgresPrograms(folder: "/17", major: 17), PostgresPrograms(folder: "/15", major: 15)]

  @Test("a new cluster gets the newest PostgreSQL, an old one its own")
  func programs() throws {
    let folder = DataFolder("/data")
    #expect(try PostgresPrograms.find(for: nil, in: folder, among: both).major == 17)
    #expect(try PostgresPrograms.find(for: 15, in: folder, among: both).major == 15)
    #expect(throws: EmbeddedPostgresError.self) { try PostgresPrograms.find(for: 16, in: folder, among: both) }
  }

  @Test("without a PostgreSQL that is new enough, the error says how to get one", arguments: [nil, 14])
  func notInstalled(major: Int?) throws {
    let installed = major.map { [PostgresPrograms(folder: "/old", major: $0)] } ?? []
    let error = try #require(throws: EmbeddedPostgresError.self) {
      try PostgresPrograms.find(for: nil, in: DataFolder("/data"), among: installed)
    }
    #expect(error.kind == .notInstalled)
    #expect(error.description.contains("apt-get install postgresql"))
    #expect(error.description.contains("--database URL"))
  }

  @Test("an installation that only PATH knows is found through links")
  func fromPath() async throws {
    let folder = try scratchDirectory("bin")
    for name in ["initdb", "postgres"] {
      let script = "#!/bin/sh\necho '\(name) (PostgreSQL) 98.4 (Private 98.4-1)'\n"
      // Not written by this process: what another test starts just then would hold the file open, and it could not be run.
      try await runProgram(
        "sh", ["-c", #"cat >"$0" && chmod 755 "$0""#, folder.appendingPathComponent(name).path], input: script
      ).orThrow("write a script")
    }
    let links = try scratchDirectory("links")
    try FileManager.default.createSymbolicLink(
      at: links.appendingPathComponent("initdb"), withDestinationURL: folder.appendingPathComponent("initdb"))
    let found = await PostgresPrograms.installed(path: "/nowhere:\(links.path)")
    #expect(found.first == PostgresPrograms(folder: folder.path, major: 98))
  }

  @Test(
    "a socket fits up to 107 bytes, and not where its folder's name would be misread",
    arguments: [
      ("/" + String(repeating: "d", count: 92), true), ("/" + String(repeating: "d", count: 93), false),
      ("/a b", true), ("/a,b", false), ("/it's", false), ("/größe", true),
    ])
  func socketFits(folder: String, fits: Bool) { #expect(SocketFolder.fits(folder) == fits) }

  @Test("a URL names the folder with everything odd in it escaped")
  func url() {
    #expect(SocketFolder.url("/a b/ö&") == "postgresql://holdfast@/holdfast?host=/a%20b/%C3%B6%26&port=5432")
  }

  @Test("shared buffers are modest", arguments: [(512, 32), (4096, 128), (65536, 256)])
  func sharedBuffers(memoryMiB: UInt64, buffersMiB: UInt64) {
    let settings = ServerSettings(socketFolder: "/s", memory: memoryMiB << 20)
    #expect(settings.sharedBuffersMiB == buffersMiB)
    #expect(settings.text.contains("shared_buffers = \(buffersMiB)MB\n"))
  }

  @Test(
    "the complaint is what ended the server, not what follows from it",
    arguments: [
      ("2026 [1] LOG:  starting\n2026 [1] FATAL:  no room\n2026 [1] LOG:  shut down\n", "no room"),
      ("initdb: error: could not write\ninitdb: removing contents\n", "could not write"),
      ("sh: 1: postgres: not found\n", "sh: 1: postgres: not found"),
    ])
  func complaint(text: String, complaint: String) { #expect(ServerLog.complaint(in: text) == complaint) }

  @Test("a log that grew too long is moved aside, and the server goes on at its beginning")
  func trim() throws {
    let log = ServerLog(path: try scratchDirectory("log").path + "/postgres.log")
    let file = open(log.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer { close(file) }
    write(file, "early\n", 6)
    log.trim(to: 6)
    #expect(log.size == 6)
    log.trim(to: 5)
    write(file, "late\n", 5)
    #expect(readText(log.path) == "late\n")
    #expect(readText(log.path + ".old") == "early\n")
  }
}
