import Foundation
import TestSupport

/// A database, a repository and volumes for the benchmark of the main job.
struct ProtectionPlace {
  let holdfast: String
  let volumes: URL
  let folder: URL
  private let postgres: PostgresInstance
  private let database: String

  init(holdfast: String, volumes: URL) async throws {
    self.holdfast = holdfast
    self.volumes = volumes
    folder = try scratchDirectory("protection")
    postgres = try await PostgresInstance()
    database = try await postgres.makeDatabase()
    try Data("benchmark\n".utf8).write(to: folder.appendingPathComponent("password"))
    try await command("migrate")
    try await apply(
      """
      apiVersion: holdfast.dev/v1
      kind: Profile
      metadata: {name: vault}
      spec: {location: {directory: \(folder.path)/vault}, password: {file: \(folder.path)/password}}
      """)
  }

  /// Ends what it started.
  func end() async throws {
    try await shell("for d in '\(folder.path)'/mounted/*; do umount \"$d\" || true; done")
    try await postgres.stop()
  }

  /// An application with folders of one file of 1 MiB each.
  func application(_ name: String, volumes count: Int) async throws {
    var list: [String] = []
    for number in 0..<count {
      let path = volume(name, number)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try change(name, volume: number)
      list.append("    - {name: v\(number), driver: reflink, path: \(path)}")
    }
    try await apply(Self.document(name, list))
  }

  /// An application of images on which filesystems are mounted, which are frozen for the snapshot.
  func frozenApplication(_ name: String, volumes count: Int) async throws {
    var list: [String] = []
    for number in 0..<count {
      let image = "\(volumes.path)/\(name)-\(number).img"
      let mount = "\(folder.path)/mounted/\(number)"
      try await shell(
        "truncate -s 32M '\(image)'; mkfs.ext4 -q '\(image)'; mkdir -p '\(mount)'; mount -o loop '\(image)' '\(mount)'")
      list.append(
        "    - {name: v\(number), driver: reflink, path: \(image), freeze: {path: \(mount), deadline: 10s}}")
    }
    try await apply(Self.document(name, list))
  }

  /// New content for a volume.
  func change(_ name: String, volume number: Int) throws {
    let bytes = (0..<131_072).map { _ in UInt64.random(in: 0...UInt64.max) }
    try bytes.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: volume(name, number) + "/file")) }
  }

  private func volume(_ name: String, _ number: Int) -> String { "\(volumes.path)/\(name)/v\(number)" }

  private static func document(_ name: String, _ list: [String]) -> String {
    "apiVersion: holdfast.dev/v1\nkind: Application\nmetadata: {name: \(name)}\nspec:\n  volumes:\n"
      + list.joined(separator: "\n") + "\n"
  }

  private func apply(_ text: String) async throws {
    let file = folder.appendingPathComponent("document.yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    try await command("apply", file.path)
  }

  /// A worker as a process of its own.
  func worker(_ number: Int, slots: Int) throws -> BackgroundProgram {
    try BackgroundProgram(
      holdfast, ["worker", "--name", "bench-\(number)", "--slots", "\(slots)", "--no-scheduler"],
      environment: environment)
  }

  /// Backs an application up, and returns the run once it has succeeded.
  func backup(_ application: String, limit: Duration = .seconds(120)) async throws -> String {
    let run = try await command(
      "submit", "backup", "-p", "application=\(application)", "-p", "profile=vault", "-o", "name"
    ).trimmingCharacters(in: .whitespacesAndNewlines)
    var state = ""
    try await eventually(within: limit, "the end of run \(run)") {
      state = try await sql(
        "select coalesce((select state from holdfast.run_status where run_id = \(run) and finished_at is not null), '')"
      )
      return !state.isEmpty
    }
    guard state == "succeeded" else {
      let failure = try await sql("select failure from holdfast.run_status where run_id = \(run)")
      throw TestSupportError("run \(run) of \(application) \(state): \(failure)")
    }
    return run
  }

  /// Runs `holdfast`, which must succeed.
  @discardableResult
  func command(_ arguments: String...) async throws -> String {
    let result = try await runProgram(holdfast, arguments, environment: environment)
    guard result.exitCode == 0 else {
      throw TestSupportError("holdfast \(arguments.joined(separator: " ")): \(result.errors)")
    }
    return result.output
  }

  func sql(_ script: String) async throws -> String { try await postgres.sql(script, database: database) }

  private func shell(_ script: String) async throws {
    let result = try await runProgram(
      "/bin/bash", ["-euc", script], environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"])
    guard result.exitCode == 0 else { throw TestSupportError("\(script): \(result.errors)") }
  }

  private var environment: [String: String] {
    [
      "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder.path,
      "HOLDFAST_DATABASE_URL": postgres.url(database: database),
    ]
  }
}
