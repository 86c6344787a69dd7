import Foundation
import TestSupport
import Testing
import VolumeDrivers

/// The example that is delivered, and copies of it with a line replaced.
enum ExampleProgram {
  static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../deploy/drivers/example").standardizedFileURL.path

  static func variant(_ old: String, _ new: String) async throws -> String {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let changed = text.replacingOccurrences(of: old, with: new)
    try #require(changed != text, "the example has no such line: \(old)")
    let file = try scratchDirectory("driver").appendingPathComponent("broken")
    try await writeProgram(changed, to: file)
    return file.path
  }
}

@Suite struct ConformanceTests {
  private func failures(_ checks: [ConformanceCheck]) -> [String] {
    checks.filter { $0.outcome != .passed }.map { "\($0.title): \($0.outcome)" }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let driver: String
    let fileSystem: LoopFileSystem
    let isImage: Bool
    var testDescription: String { "\(driver) with \(isImage ? "an image" : "a folder") on \(fileSystem.rawValue)" }
  }

  static let cases =
    [false, true].flatMap { isImage in
      CopyCase.all.map { Case(driver: $0.driver, fileSystem: $0.fileSystem, isImage: isImage) }
    } + [Case(driver: "btrfs", fileSystem: .btrfs, isImage: false)]

  @Test("a driver does all that drivers must", arguments: cases) func builtIn(test: Case) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    let make =
      test.isImage ? "truncate -s 32M data" : test.driver == "btrfs" ? "btrfs -q subvolume create data" : "mkdir data"
    try await shell(make, in: place)
    let volume = VolumeSource(application: "", name: "data", driver: test.driver, path: place.path + "/data")
    let suite = DriverConformance(driver: try Drivers.driver(named: test.driver, program: nil), volume: volume)
    #expect(try await suite.isInUse() == test.isImage)
    let checks = await suite.run()
    #expect(failures(checks) == [])
    #expect(checks.count >= 13)
    #expect(try await shell("ls -A", in: place) == "data\n")
  }

  @Test("the example program does, too") func example() async throws {
    guard let place = try await LoopFileSystem.xfs.sharedFolder() else { return }
    try await shell("mkdir data", in: place)
    let volume = VolumeSource(
      application: "", name: "data", driver: "exec", path: place.path + "/data", program: ExampleProgram.path)
    let driver = try Drivers.driver(named: "exec", program: ExampleProgram.path)
    #expect(failures(await DriverConformance(driver: driver, volume: volume).run()) == [])
    #expect(failures(await ExecConformance(program: ExampleProgram.path, volume: volume).run()) == [])
  }

  @Test("a program need not know how to find volumes") func withoutDiscover() async throws {
    let program = try await ExampleProgram.variant("  discover)", "  find)")
    let volume = VolumeSource(
      application: "", name: "data", driver: "exec", path: try scratchDirectory("data").path, program: program)
    let left = await ExecConformance(program: program, volume: volume).run().filter { $0.outcome != .passed }
    #expect(left.map(\.title) == ["finds the volume when it is asked what is at the volume's path"])
    if case .skipped? = left.first?.outcome {} else { Issue.record("\(failures(left))") }
  }

  static let broken: [(String, String, String)] = [
    (#"[ ! -e "$store/$2/$3" ] || return 0"#, #"rm -rf "$store/$2/$3""#, "makes no second snapshot"),
    ("place=$store/snapshots/$snapshot #", "place=$path #", "clones what the volume held"),
    (#"find "$path" -xdev -mindepth 1 -delete"#, ":", "restores the volume"),
    (#"jq -cn '{state: "missing"}'"#, #"jq -cn '{state: "ready"}'"#, "says that a snapshot is missing"),
    ("cp --archive --reflink=auto --sparse=auto", "cp --recursive", "clones what the volume held"),
    (
      #"need_volume() { [ -d "$path" ] || refuse missing"#, #"need_volume() { [ -d "$path" ] || refuse permanent"#,
      "says that a volume is missing"
    ),
    (#"mv --no-target-directory "$store/$1/$2" "$store/$1/.gone""#, ":", "releases what it made"),
    (
      #"copy "$store/snapshots/$snapshot" clones "$name""#,
      #"mkdir -p "$store/clones"; ln -sfn "$store/snapshots/$snapshot" "$store/clones/$name""#, "makes writable clones"
    ),
    // Whoever has the lock keeps it until the other was turned away, however busy the machine is.
    (
      "  flock 9",
      #"""
        flock --nonblock 9 || { touch "$store/refused"; exit 1; }
        case $operation-$name in
          snapshot-*-[bd]) for _ in {1..600}; do [ ! -e "$store/refused" ] || break; sleep 0.1; done ;;
        esac
      """#, "makes two snapshots at once"
    ),
    (
      #"} | jq -cs '{objects: .}'"#, #"} | jq -cs '{objects: [{kind: "snapshot", name: "../etc"}]}'"#,
      "makes no second snapshot"
    ),
    (#"jq -cn --arg path "$path" '{volumes"#, #"jq -cn --arg path "$path.old" '{volumes"#, "finds the volume"),
    (#"[ "$contract" = 1 ] ||"#, "true ||", "refuses another version"),
    ("*)\n    refuse permanent", "*)\n    refuse retryable", "refuses an operation"),
    ("jq -cn '{crashConsistent: false,", "echo oops; jq -cn '{crashConsistent: false,", "says what it can do"),
  ]

  @Test("a program that is broken in one place fails where it is", arguments: broken)
  func brokenProgram(old: String, new: String, title: String) async throws {
    let program = try await ExampleProgram.variant(old, new)
    guard let place = try await LoopFileSystem.xfs.sharedFolder() else { return }
    try await shell("mkdir data", in: place)
    let volume = VolumeSource(
      application: "", name: "data", driver: "exec", path: place.path + "/data", program: program)
    let driver = try Drivers.driver(named: "exec", program: program)
    var checks = await DriverConformance(driver: driver, volume: volume).run()
    checks += await ExecConformance(program: program, volume: volume).run()
    let failed = checks.filter { if case .failed = $0.outcome { true } else { false } }
    #expect(failed.contains { $0.title.hasPrefix(title) }, "\(failures(checks))")
  }
}
