import Foundation
import TestSupport
import Testing
import VolumeDrivers

@Suite struct ExecDriverTests {
  private func driver(_ script: String) async throws -> (any VolumeDriver, VolumeSource) {
    let file = try scratchDirectory("driver").appendingPathComponent("program")
    try await writeProgram("#!/bin/sh\n\(script)\n", to: file)
    let volume = VolumeSource(
      application: "shop", name: "data", driver: "exec", path: "/srv", program: file.path, options: ["a": "b"])
    return (try Drivers.driver(named: "exec", program: file.path), volume)
  }

  @Test("the program reads one request, with the volume as the inventory has it") func request() async throws {
    let log = try scratchDirectory("driver").appendingPathComponent("log").path
    let (driver, volume) = try await driver(
      "cat >'\(log)'; echo noise >&2; echo '{\"createdAt\": 7, \"bytes\": 8, \"more\": []}'")
    #expect(
      try await driver.snapshot(volume, named: "hf-1-data")
        == DriverObject(kind: .snapshot, name: "hf-1-data", createdAt: 7, bytes: 8))
    let request = try String(contentsOfFile: log, encoding: .utf8)
    #expect(
      request == """
        {"contract":1,"name":"hf-1-data","operation":"snapshot","volume":{"application":"shop","driver":"exec","name":"data",\
        "options":{"a":"b"},"path":"/srv","program":"\(volume.program ?? "")"}}

        """)
  }

  @Test("answers are read as the contract has them") func answers() async throws {
    let (able, volume) = try await driver(
      #"echo '{"crashConsistent": true, "writableClones": false, "keepsSnapshots": true, "worksWhileFrozen": true, "kind": "image", "warnings": ["w\u001b[1m"]}'"#
    )
    #expect(
      try await able.capabilities(of: volume)
        == DriverCapabilities(
          isCrashConsistent: true, canWriteClones: false, keepsSnapshots: true, worksWhileFrozen: true, kind: .image,
          warnings: ["w?[1m"]))
    let (waiting, _) = try await driver(#"echo '{"state": "waiting", "reason": "busy", "checkAfter": 1.5}'"#)
    #expect(
      try await waiting.readiness(volume, snapshot: "a") == .notReady(reason: "busy", checkAfter: .milliseconds(1500)))
    let (clone, _) = try await driver(#"echo '{"place": "device", "path": "/dev/vg/a"}'"#)
    #expect(
      try await clone.clone(volume, snapshot: "a", named: "c", writable: true)
        == DriverClone(name: "c", place: .device("/dev/vg/a")))
    let (ranges, _) = try await driver(#"echo '{"ranges": [[0, 10], [10, 12]]}'"#)
    #expect(try await ranges.changedRanges(volume, from: "a", to: "b") == [0..<10, 10..<12])
    let (none, _) = try await driver(#"echo '{"ranges": null}'"#)
    #expect(try await none.changedRanges(volume, from: "a", to: "b") == nil)
  }

  @Test("what a program finds is read; one that doesn't know how says so") func discover() async throws {
    let (driver, _) = try await driver(
      #"echo '{"volumes": [{"path": "/dev/vg/My data", "kind": "image", "bytes": 7, "note": "in use"}, {"path": "/my-data", "kind": "folder", "note": null}]}'"#
    )
    let found = try await driver.discover(below: "/")
    #expect(found.map(\.path) == ["/dev/vg/My data", "/my-data"] && found.map(\.kind) == [.image, .folder])
    #expect(found.map(\.name) == ["my-data", "my-data-2"] && found.map(\.bytes) == [7, nil])
    #expect(found.map(\.note) == ["in use", nil])
    for answer in [#"[{"path": "data", "kind": "folder"}]"#, #"[{"path": "/a"}]"#, "7"] {
      let (wrong, _) = try await self.driver(#"echo '{"volumes": \#(answer)}'"#)
      let error = await #expect(throws: DriverError.self) { try await wrong.discover(below: "/") }
      #expect(error?.kind == .permanent && error?.message.contains("the contract doesn't allow") == true)
    }
    let old = try await ExampleProgram.variant("  discover)", "  dance)")
    let older = try Drivers.driver(named: "exec", program: old)
    let error = await #expect(throws: DriverError.self) { try await older.discover(below: "/srv") }
    #expect(error?.kind == .permanent)
    #expect(error?.message.contains("doesn't know the operation 'discover'; a program need not know") == true)
  }

  @Test("errors keep their class, and their words can't harm", arguments: DriverError.Kind.allCases)
  func errors(kind: DriverError.Kind) async throws {
    let (driver, volume) = try await driver(
      #"echo '{"error": {"class": "\#(kind.rawValue)", "message": "no \u001b[2J such thing."}}'; exit 3"#)
    let error = await #expect(throws: DriverError.self) { try await driver.restore(volume, snapshot: "a") }
    #expect(error?.kind == kind)
    #expect(error?.message.contains("says: no ?[2J such thing.") == true)
  }

  @Test("a program, which restores all of a folder, is not asked to where something is to be kept")
  func keeping() async throws {
    func able(_ kind: String) -> String {
      #"{"crashConsistent": true, "writableClones": false, "keepsSnapshots": true, "worksWhileFrozen": true, "kind": "\#(kind)"}"#
    }
    let missing = #"{"error": {"class": "missing", "message": "no such volume"}}"#
    for (answer, isRestored) in [(able("folder"), false), (able("image"), true), (missing, true)] {
      let mark = try scratchDirectory("driver").appendingPathComponent("restored").path
      let (driver, volume) = try await driver(
        "case $(cat) in *'\"capabilities\"'*) echo '\(answer)' ;; *) touch '\(mark)'; echo '{}' ;; esac")
      if isRestored {
        try await driver.restore(volume, snapshot: "a", keeping: { _ in false })
      } else {
        let error = await #expect(throws: DriverError.self) {
          try await driver.restore(volume, snapshot: "a", keeping: { _ in false })
        }
        #expect(error?.kind == .permanent && error?.message.contains("document excludes; restore it from") == true)
      }
      #expect(FileManager.default.fileExists(atPath: mark) == isRestored)
    }
  }

  @Test("what is missing is released already") func missingIsReleased() async throws {
    let (driver, volume) = try await driver(#"echo '{"error": {"class": "missing", "message": "no such volume"}}'"#)
    try await driver.releaseClone(volume, named: "a")
    try await driver.releaseSnapshot(volume, named: "a")
  }

  static let hostile: [(String, DriverError.Kind)] = [
    ("exit 0", .retryable), ("exit 1", .retryable), ("exit 127", .permanent), ("kill -9 $$", .retryable),
    ("echo nonsense", .permanent), ("echo '[]'", .permanent), ("echo '{} {}'", .permanent), ("echo 3", .permanent),
    ("echo '{\"name\": \"b\"}'", .permanent), ("echo '{\"bytes\": -1}'", .permanent),
    ("echo '{\"bytes\": 1e300}'", .permanent), ("echo '{\"createdAt\": \"now\"}'", .permanent),
    ("echo '{\"error\": \"bad\"}'", .permanent),
    ("echo '{\"error\": {\"class\": \"odd\", \"message\": \"x\"}}'", .permanent),
    ("echo '{}'; exit 4", .retryable), ("head -c 20000000 /dev/zero", .permanent),
    ("printf '{\"a\": '; head -c 100000 /dev/zero | tr '\\0' '['", .permanent), ("printf '\\377\\376'", .permanent),
  ]

  @Test("a program that answers badly gives a clear error", arguments: hostile)
  func hostilePrograms(script: String, kind: DriverError.Kind) async throws {
    let (driver, volume) = try await driver(script)
    let error = await #expect(throws: DriverError.self) { try await driver.snapshot(volume, named: "a") }
    #expect(error?.kind == kind, "\(String(describing: error))")
    #expect((error?.message.utf8.count ?? .max) < 3000)
    #expect(error?.message.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
  }

  @Test(
    "places, ranges and names that can't be are refused",
    arguments: [
      #"{"place": "folder", "path": "relative"}"#, #"{"place": "moon", "path": "/a"}"#, #"{"path": "/a"}"#,
      #"{"ranges": [[5, 5]]}"#, #"{"ranges": [[5, 9], [1, 2]]}"#, #"{"ranges": [[-5, 9]]}"#, #"{"ranges": {}}"#,
      #"{"objects": [{"kind": "snapshot", "name": "../x"}]}"#, #"{"objects": [{"kind": "pod", "name": "x"}]}"#, #"{}"#,
    ])
  func badMembers(answer: String) async throws {
    let (driver, volume) = try await driver("echo '\(answer)'")
    let calls: [() async throws -> Void] = [
      { _ = try await driver.clone(volume, snapshot: "a", named: "c", writable: false) },
      { _ = try await driver.owned(volume) }, { _ = try await driver.capabilities(of: volume) },
      { _ = try await driver.readiness(volume, snapshot: "a") },
    ]
    for call in calls {
      let error = await #expect(throws: DriverError.self) { try await call() }
      #expect(error?.kind == .permanent)
    }
    if answer.contains("ranges") {
      await #expect(throws: DriverError.self) { try await driver.changedRanges(volume, from: "a", to: "b") }
    }
  }

  @Test("a time that is not in seconds since 1970 is refused, a clock that is a little ahead is not")
  func times() async throws {
    let now = Int(Date().timeIntervalSince1970)
    for seconds in [now * 1000, now + 90_000, .max] {
      let answers = [
        "{\"createdAt\": \(seconds)}",
        "{\"objects\": [{\"kind\": \"snapshot\", \"name\": \"a\", \"createdAt\": \(seconds)}]}",
      ]
      for answer in answers {
        let (driver, volume) = try await driver("echo '\(answer)'")
        let error = await #expect(throws: DriverError.self) {
          if answer.contains("objects") {
            _ = try await driver.owned(volume)
          } else {
            _ = try await driver.snapshot(volume, named: "a")
          }
        }
        #expect(error?.kind == .permanent && error?.message.contains("must be seconds since 1970") == true)
      }
    }
    let (driver, volume) = try await driver("echo '{\"createdAt\": \(now + 60)}'")
    #expect(try await driver.snapshot(volume, named: "a").createdAt == now + 60)
  }

  @Test("a cancelled call stops its program") func cancelled() async throws {
    let (driver, volume) = try await driver("sleep 60; echo '{}'")
    let start = ContinuousClock.now
    let call = Task { try await driver.restore(volume, snapshot: "a") }
    try await Task.sleep(for: .milliseconds(300))
    call.cancel()
    let error = await #expect(throws: DriverError.self) { try await call.value }
    #expect(error?.kind == .retryable)
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test("a program that isn't there, or has no absolute path, is refused for good") func noProgram() async throws {
    for program in [nil, "", "driver"] {
      let error = #expect(throws: DriverError.self) { try Drivers.driver(named: "exec", program: program) }
      #expect(error?.kind == .permanent)
    }
    let driver = try Drivers.driver(named: "exec", program: "/nowhere/driver")
    let volume = VolumeSource(application: "", name: "data", driver: "exec", path: "/srv")
    let error = await #expect(throws: DriverError.self) { try await driver.owned(volume) }
    #expect(error?.kind == .permanent)
  }

  @Test("a name that could leave its folder never reaches the program") func badName() async throws {
    let (driver, volume) = try await driver("echo '{}'")
    for name in ["../x", "", "a b"] {
      await #expect(throws: DriverError.self) { try await driver.snapshot(volume, named: name) }
      await #expect(throws: DriverError.self) { try await driver.releaseClone(volume, named: name) }
      await #expect(throws: DriverError.self) { try await driver.restore(volume, snapshot: name) }
    }
  }
}
