@testable import EmbeddedPostgres
import Foundation
import Glibc
import Log
import PostgresClient
import TestSupport
import Testing

@Suite("An embedded PostgreSQL: starting, stopping, dying", .serialized, .timeLimit(.minutes(5)))
struct LifeTests {
  @Test("it is made, keeps what is in it over a stop, and a stop leaves no process")
  func madeAndStarted() async throws {
    let folder = try newFolder()
    let (first, made) = try await EmbeddedPostgres.up(folder)
    #expect(made == .created)
    try await first.execute("create table kept (n int); insert into kept values (7)")
    let postmaster = try #require(first.postmaster)
    await first.stop()
    #expect(!isAlive(postmaster))
    #expect(Postmaster.orphans(of: folder.cluster).isEmpty)

    let begin = ContinuousClock.now
    #expect(try await first.start() == .started)
    print("warm start: \(ContinuousClock.now - begin)")
    #expect(try await first.text("select n from kept") == "7")
    await first.stop()
  }

  @Test("it is durable, private and in UTF-8, and root does not run it")
  func settings() async throws {
    let folder = try newFolder()
    let (instance, _) = try await EmbeddedPostgres.up(folder)
    let wanted = [
      "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "listen_addresses": "", "jit": "off",
      "server_encoding": "UTF8", "lc_collate": "C.UTF-8", "max_connections": "50",
    ]
    for (name, value) in wanted {
      #expect(try await instance.text("current_setting('\(name)')") == value, "\(name)")
    }
    #expect(try await instance.text("current_database() || ' ' || current_user") == "holdfast holdfast")
    let postmaster = try #require(instance.postmaster)
    let owner = try #require(fileStatus("/proc/\(postmaster)"))
    #expect(owner.st_uid != 0)
    for closed in [folder.cluster, folder.socket] {
      #expect(try #require(fileStatus(closed)).st_mode & 0o077 == 0, "\(closed)")
    }
    await instance.stop()
  }

  @Test("a second one on the same folder is refused, and told who has it")
  func second() async throws {
    let folder = try newFolder()
    let first = try await EmbeddedPostgres.open(folder, logger: quiet)
    let error = await embeddedError { _ = try await EmbeddedPostgres.open(folder, logger: quiet) }
    #expect(error?.kind == .inUse(getpid()))
    #expect(error?.description.contains("process \(getpid())") == true)
    withExtendedLifetime(first) {}
  }

  @Test("one that lost its process is taken over as it is")
  func takenOver() async throws {
    let folder = try newFolder()
    var before: Int32?
    do {
      let (first, _) = try await EmbeddedPostgres.up(folder)
      before = first.postmaster
    }
    let (second, start) = try await EmbeddedPostgres.up(folder)
    #expect(start == .takenOver)
    #expect(second.postmaster == before)
    #expect(try await second.text("select 1") == "1")
    await second.stop()
    #expect(!isAlive(try #require(before)))
  }

  @Test("kill -9 of the postmaster: it is started again, with everything committed")
  func postmasterKilled() async throws {
    let (instance, _) = try await EmbeddedPostgres.up(try newFolder())
    try await instance.execute("create table kept (n int); insert into kept values (7)")
    let before = try #require(instance.postmaster)
    let keeper = Task { await instance.keepRunning() }
    kill(before, SIGKILL)
    try await eventually("another postmaster") {
      instance.postmaster.map { $0 != before } ?? false
    }
    try await eventually("a connection") { (try? await instance.text("select n from kept")) == "7" }
    keeper.cancel()
    await keeper.value
    await instance.stop()
  }

  @Test("processes that outlive their postmaster are ended before a new one starts")
  func orphans() async throws {
    let (instance, _) = try await EmbeddedPostgres.up(try newFolder())
    // One that computes does not look whether its postmaster lives.
    let busy = Task { try? await instance.execute("select count(*) from generate_series(1, 1e10)") }
    try await eventually("the query") {
      try await instance.text(
        "select count(*) from pg_stat_activity where query like '%generate_series%' and state = 'active' and pid <> pg_backend_pid()"
      ) == "1"
    }
    let before = try #require(instance.postmaster)
    kill(before, SIGKILL)
    try await eventually("its end") { !isAlive(before) }
    #expect(!Postmaster.orphans(of: instance.folder.cluster).isEmpty)
    #expect(try await instance.start() == .started)
    #expect(try await instance.text("select 1") == "1")
    await busy.value
    await instance.stop()
  }

  @Test("a stale postmaster.pid whose process id another process has now does not matter")
  func reusedProcessID() async throws {
    let folder = try newFolder()
    let (instance, _) = try await EmbeddedPostgres.up(folder)
    await instance.stop(isUrgent: { true })
    // Only a process of the same user deceives PostgreSQL itself.
    let user = try ServerUser.current()
    let command = user.prefix + ["sleep", "600"]
    let other = try BackgroundProgram("/usr/bin/env", command)
    try await eventually("the other process") { fileStatus("/proc/\(other.pid)")?.st_uid == user.id }
    let text = "\(other.pid)\n\(folder.cluster)\n1\n5432\n\(folder.socket)\n\n0 0\nready\n"
    for file in [Postmaster.file(of: folder.cluster), SocketFolder.lock(in: folder.socket)] {
      try replaceFile(file, with: text, owner: user)
    }
    #expect(instance.postmaster == nil)
    #expect(try await instance.start() == .started)
    #expect(!other.hasEnded)
    await instance.stop()
    await other.kill()
  }

  @Test("what an initdb that was killed left behind is removed, and was never taken for a cluster")
  func halfInitdb() async throws {
    let folder = try newFolder()
    _ = try await EmbeddedPostgres.open(folder, logger: quiet)
    let half = folder.path + "/" + DataFolder.unfinishedPrefix + "1-2"
    try FileManager.default.createDirectory(atPath: half + "/base/1", withIntermediateDirectories: true)
    let (instance, start) = try await EmbeddedPostgres.up(folder)
    #expect(start == .created)
    #expect(fileStatus(half) == nil)
    await instance.stop()
  }

  @Test("an urgent stop ends it at once, and it recovers")
  func urgent() async throws {
    let (instance, _) = try await EmbeddedPostgres.up(try newFolder())
    try await instance.execute("create table kept (n int); insert into kept values (7)")
    await instance.stop(isUrgent: { true })
    #expect(try await instance.start() == .started)
    #expect(try await instance.text("select n from kept") == "7")
    await instance.stop()
  }
}
