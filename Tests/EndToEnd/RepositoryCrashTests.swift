import Foundation
import Glibc
import TestSupport
import Testing

/// `kill -9` at random moments, with the real restic as the judge of what is left.
///
/// `HOLDFAST_CRASHES` sets how many there are of each kind; by default about a hundred in all.
@Suite("A repository after kill -9", .serialized)
struct RepositoryCrashTests {
  static let rounds = ProcessInfo.processInfo.environment["HOLDFAST_CRASHES"].flatMap { Int($0) } ?? 34

  /// When to kill, as shares of a run's time: at random, but in each part of the run as often as in any other.
  private func moments() -> [Double] {
    (0..<Self.rounds).map { round in (Double(round) + .random(in: 0..<1)) / Double(Self.rounds) * 1.1 }.shuffled()
  }

  private func timed(_ body: () async throws -> ProgramResult) async throws -> Duration {
    let start = ContinuousClock.now
    let result = try await body()
    guard result.exitCode == 0 else { throw TestSupportError("\(result)") }
    return .now - start
  }

  /// Starts a command, kills it at a share of its time, and says whether it was still running.
  ///
  /// - Parameter duration: what a run takes. One that ends before corrects it: the machine may have been busier when it was measured.
  private func kill(
    _ place: RepositoryPlace, at moment: Double, of duration: inout Duration, _ arguments: [String]
  ) async throws -> Bool {
    let start = ContinuousClock.now
    let program = try BackgroundProgram(holdfastBinary, ["repo"] + arguments, environment: place.environment)
    let end = start + duration * moment
    while ContinuousClock.now < end, !program.hasEnded { try await Task.sleep(for: .milliseconds(5)) }
    let wasRunning = !program.hasEnded
    if !wasRunning { duration = min(duration, .now - start) }
    await program.kill()
    return wasRunning
  }

  /// restic finds nothing wrong; packs that nobody knows are no fault.
  private func judge(_ place: RepositoryPlace, _ arguments: String...) async throws {
    let result = try await runProgram(
      "restic", ["check", "--no-lock", "--no-cache"] + arguments, environment: place.environment,
      directory: place.folder)
    #expect(result.exitCode == 0 && result.output.contains("no errors were found"), "\(result)")
  }

  @Test("A killed backup leaves a sound repository, and the next one completes")
  func backup() async throws {
    let place = try RepositoryPlace()
    try await place.shell(
      "mkdir -p source/a; for i in $(seq 60); do head -c 400000 /dev/urandom >source/a/$i; done; head -c 30000000 /dev/urandom >source/b"
    )
    _ = try await place.holdfast("init")
    _ = try await place.holdfast("backup", place.source)
    func change() async throws {
      try await place.shell(
        "for i in 1 2 3 4 5 6; do head -c 500000 /dev/urandom >source/a/$((RANDOM % 60 + 1)); done; head -c 9000000 /dev/urandom >source/b"
      )
    }
    try await change()
    var duration = try await timed { try await place.holdfast("backup", place.source, "--pack-size", "4MiB") }
    var killed = 0
    for (round, moment) in moments().enumerated() {
      try await change()
      if try await kill(place, at: moment, of: &duration, ["backup", place.source, "--pack-size", "4MiB"]) {
        killed += 1
      }
      try await judge(place, "--read-data")
      guard round % 5 == 4 else { continue }
      let next = try await place.holdfast("backup", place.source)
      #expect(next.exitCode == 0, "\(next)")
      try await judge(place, "--read-data")
      // Or the repository grows with each round.
      let pruned = try await place.holdfast("forget", "--keep-last", "1", "--prune")
      #expect(pruned.exitCode == 0, "\(pruned)")
    }
    #expect(killed > Self.rounds / 10, "\(killed) of \(Self.rounds) were still running")
    #expect(try await place.holdfast("backup", place.source).exitCode == 0)
    let target = place.folder.path + "/restored"
    try await place.restic("restore", "latest", "--target", target, "--no-lock")
    try await place.shell("diff -r source/a restored\(place.source)/a")
    #expect(place.objects("holdfast/journal").isEmpty)
  }

  @Test("What a killed backup stored is not read again, on a machine of another name, too, if --host is the same")
  func resume() async throws {
    let place = try RepositoryPlace()
    // Of what changed a moment ago nothing is taken unread.
    try await place.shell(
      "mkdir source; for i in $(seq 100); do head -c 1000000 /dev/urandom >source/$i; done; sleep 2.5")
    _ = try await place.holdfast("init")
    let backup = ["backup", place.source, "--host", "vault", "--pack-size", "4MiB", "-o", "json"]
    let first = try BackgroundProgram(
      holdfastBinary, ["repo"] + backup + ["--limit-read", "8M"],
      environment: place.environment.merging(["HOLDFAST_HOST": "one"]) { $1 })
    // It is written once its oldest note is five seconds old, when less than half is read.
    try await eventually("a journal") { place.objects("holdfast/journal").contains { $0.hasSuffix("-0") } }
    await first.kill()
    try #require(place.objects("snapshots").isEmpty, "it was done before it was killed: \(first.output)")
    try await judge(place)

    let next = try await place.holdfast(backup, with: ["HOLDFAST_HOST": "two"])
    #expect(next.exitCode == 0, "\(next)")
    let summary = try next.lastObject()
    #expect(summary["total_bytes_processed"] as? Int == 100_000_000 && summary["parent"] is NSNull, "\(summary)")
    #expect((1..<90_000_000).contains(summary["bytes_read"] as? Int ?? 0), "\(summary)")
    #expect(place.objects("holdfast/journal").isEmpty && place.objects("locks").isEmpty)
    try await judge(place, "--read-data")
    let target = place.folder.path + "/restored"
    try await place.restic("restore", "latest", "--host", "vault", "--target", target, "--no-lock")
    try await place.shell("diff -r source restored\(place.source)")
  }

  @Test("A killed prune leaves a sound repository, and the next one completes")
  func prune() async throws {
    let place = try RepositoryPlace()
    try await place.shell("mkdir -p source; for i in $(seq 40); do head -c 300000 /dev/urandom >source/$i; done")
    _ = try await place.holdfast("init")
    /// Snapshots with packs of which half is unused once the first are forgotten.
    func prepare() async throws {
      for _ in 0..<2 {
        try await place.shell("for i in $(seq 20); do head -c 300000 /dev/urandom >source/$((RANDOM % 40 + 1)); done")
        let result = try await place.holdfast("backup", place.source, "--pack-size", "4MiB")
        #expect(result.exitCode == 0, "\(result)")
      }
      let result = try await place.holdfast("forget", "--keep-last", "1")
      #expect(result.exitCode == 0, "\(result)")
    }
    try await prepare()
    var duration = try await timed { try await place.holdfast("prune", "--max-unused", "0") }
    var killed = 0
    for (round, moment) in moments().enumerated() {
      if round % 3 == 0 { try await prepare() }
      if try await kill(place, at: moment, of: &duration, ["prune", "--max-unused", "0"]) { killed += 1 }
      try await judge(place, "--read-data")
      guard round % 3 == 2 else { continue }
      let next = try await place.holdfast("prune", "--max-unused", "0")
      #expect(next.exitCode == 0, "\(next)")
      try await judge(place, "--read-data")
    }
    #expect(killed > Self.rounds / 10, "\(killed) of \(Self.rounds) were still running")
    let target = place.folder.path + "/restored"
    try await place.restic("restore", "latest", "--target", target, "--no-lock")
    try await place.shell("diff -r source restored\(place.source)")
  }

  @Test("A killed restore goes on, and ends with what was backed up")
  func restore() async throws {
    let place = try RepositoryPlace()
    try await place.makeSource()
    try await place.shell("for i in $(seq 200); do head -c 100000 /dev/urandom >source/sub/$i; done")
    _ = try await place.holdfast("init")
    _ = try await place.holdfast("backup", place.source)
    let target = place.folder.path + "/restored"
    let restore = ["restore", "latest:\(place.source)", "--target", target, "--overwrite", "if-changed"]
    var duration = try await timed { try await place.holdfast(restore) }
    let expected = try await place.facts(place.source)
    for (round, moment) in moments().enumerated() {
      if round % 5 == 0 { try await place.shell("rm -rf restored") }
      _ = try await kill(place, at: moment, of: &duration, restore)
      guard round % 5 == 4 else { continue }
      let next = try await place.holdfast(restore)
      #expect(next.exitCode == 0, "\(next)")
      #expect(try await place.facts(target) == expected)
    }
    try await judge(place, "--read-data")
  }
}
