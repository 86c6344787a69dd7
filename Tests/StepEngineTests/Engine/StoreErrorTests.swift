import Foundation
import JSON
import Log
import PostgresClient
import StepEngine
import StepKinds
import TestSupport
import Testing

@Suite("Errors of the store")
struct StoreErrorTests {
  private func client(_ url: String, patience: Duration = .seconds(60)) throws -> EngineClient {
    EngineClient(pool: PostgresPool(try PostgresConfiguration(url), size: 1, patience: patience))
  }

  private let plan: JSONValue = ["workflow": "w", "steps": [["name": "a", "uses": "noop"]]]

  private func worker(_ url: String) throws -> Worker {
    Worker(
      database: try PostgresConfiguration(url), profile: WorkerProfile(name: "w", slots: 1, kinds: []),
      kinds: builtInStepKinds, logger: Logger(level: .error))
  }

  @Test("a database that can't be reached is said to be unreachable, and where")
  func unreachable() async throws {
    let error = await storeError {
      _ = try await client("postgresql://u@127.0.0.1:1/d", patience: .milliseconds(500)).submit(plan)
    }
    #expect(error?.kind == .unreachable && error?.isRetryable == true)
    #expect(
      error?.description.hasPrefix("Cannot connect") == true && error?.description.contains("127.0.0.1:1") == true,
      "\(String(describing: error))")
  }

  @Test("a wrong password ends a worker with one sentence, without the password")
  func password() async throws {
    let server = try await PostgresInstance(hba: ["host all locked 127.0.0.1/32 scram-sha-256"], tcp: true)
    try await server.sql("create role locked login password 'right'")
    let url = server.tcpURL(user: "locked").replacingOccurrences(of: "locked@", with: "locked:wrongSecret@")
    for error in [
      await storeError { _ = try await client(url).submit(plan) }, await storeError { try await worker(url).run() },
    ] {
      #expect(error?.kind == .notUsable)
      #expect(error?.description.contains("password authentication failed") == true, "\(String(describing: error))")
      #expect(error?.description.contains("wrongSecret") == false)
    }
    try await server.stop(.immediate)
  }

  @Test("a role without rights, and a database without the schema, are not usable; the sentence says what to do")
  func notUsable() async throws {
    try await withEngine { engine in
      let server = try await PostgresInstance.shared
      try await server.sql("create role nobody_\(engine.database) login")
      let poor = server.url(database: engine.database, user: "nobody_\(engine.database)")
      for error in [
        await storeError { _ = try await client(poor).submit(plan) }, await storeError { try await worker(poor).run() },
      ] {
        #expect(
          error?.kind == .notUsable && error?.description.contains("permission denied") == true,
          "\(String(describing: error))")
      }
      let empty = server.url(database: try await server.makeDatabase())
      for error in [
        await storeError { _ = try await client(empty).submit(plan) },
        await storeError { try await worker(empty).run() },
      ] {
        #expect(error?.kind == .notUsable)
        #expect(
          error?.description.hasSuffix("run `holdfast migrate`.")
            == true, "\(String(describing: error))")
      }
      let missing = server.url(database: "nothing_here")
      #expect(await storeError { _ = try await client(missing).submit(plan) }?.kind == .notUsable)
    }
  }

  @Test("a worker outlives its database's restart")
  func restart() async throws {
    let server = try await PostgresInstance()
    let connection = try await PostgresConnection.open(PostgresConfiguration(server.url()))
    _ = try await Migrator().migrate(connection)
    let worker = try worker(server.url())
    let working = Task { try await worker.run() }
    let client = try client(server.url())
    try await eventually { try await server.sql("select count(*) from holdfast.step_kind") != "0" }
    try await server.restart(.immediate)
    let run = try await client.submit(plan)
    try await eventually {
      try await server.sql("select state from holdfast.run where run_id = \(run)") == "succeeded"
    }
    worker.drain()
    try await working.value
    try await server.stop(.immediate)
  }

  @Test(
    "a full disk of the server is said to be full, can be tried again, and works once there is room",
    .enabled(if: getuid() == 0))
  func full() async throws {
    let folder = try scratchDirectory("small")
    let mounted = try await runProgram("/bin/mount", ["-t", "tmpfs", "-o", "size=8m,mode=0777", "tmpfs", folder.path])
    guard mounted.exitCode == 0 else { return }  // not allowed in this container
    let place = folder.appendingPathComponent("data")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
    _ = try await runProgram("/bin/chown", ["postgres", place.path])
    do {
      try await withEngine { engine in
        let server = try await PostgresInstance.shared
        try await server.sql("create tablespace small location '\(place.path)'")
        try await engine.execute(
          "alter table holdfast.run_\(engine.value("to_char(now() at time zone 'UTC', 'YYYYMMDD')")) set tablespace small"
        )
        let ballast = place.appendingPathComponent("ballast")
        _ = FileManager.default.createFile(atPath: ballast.path, contents: nil)
        let file = try FileHandle(forWritingTo: ballast)
        while (try? file.write(contentsOf: Data(count: 64 << 10))) != nil {}
        try file.close()
        let error = await storeError {
          // Params are kept in the run's row, so that some page has to be made.
          for _ in 0..<200 {
            _ = try await engine.submit([step("a")], ["params": ["x": .string(String(repeating: "x", count: 1500))]])
          }
        }
        #expect(error?.kind == .full && error?.isRetryable == true, "\(String(describing: error))")
        try FileManager.default.removeItem(at: ballast)
        _ = try await engine.submit([step("a")])
        try await engine.execute(
          "alter table holdfast.run_\(engine.value("to_char(now() at time zone 'UTC', 'YYYYMMDD')")) set tablespace pg_default"
        )
        try await server.sql("checkpoint")
        try await server.sql("drop tablespace small")
      }
    } catch {
      _ = try await runProgram("/bin/umount", ["-l", folder.path])
      throw error
    }
    _ = try await runProgram("/bin/umount", ["-l", folder.path])
  }
}
