import Foundation
import TestSupport

/// An application with one or more volumes on real filesystems, a profile with a repository, and a database with a worker.
struct ProtectedShop {
  let installation: Installation
  /// Where the repository, the password and the documents are.
  let folder: URL
  /// The volumes by name: driver and path.
  let volumes: [(name: String, driver: String, path: String)]

  var repository: String { folder.path + "/vault" }

  /// - Parameters:
  ///   - mount: a filesystem of the driver's kind for the volumes.
  ///   - makeVolume: makes the volume at a path; without it, each is a folder filled with `fill`.
  init(
    _ driver: String, on mount: URL, volumes names: [String] = ["data"], installation: Installation? = nil,
    application more: String = "", volume extra: String = "", fill makeVolume: ((String) async throws -> Void)? = nil
  ) async throws {
    if let installation {
      self.installation = installation
    } else {
      self.installation = try await Installation(on: .shared)
    }
    folder = try scratchDirectory("shop")
    volumes = names.map { ($0, driver, mount.path + "/" + $0) }
    try Data("correct horse\n".utf8).write(to: folder.appendingPathComponent("password"))
    for volume in volumes {
      if let makeVolume {
        try await makeVolume(volume.path)
        continue
      }
      try await shell(
        driver == "btrfs" ? "btrfs -q subvolume create '\(volume.path)'" : "mkdir -p '\(volume.path)'")
      try await fill(volume.path)
    }
    try await applyDocuments(application: more, volume: extra)
  }

  /// What restores have to bring back: contents, modes, links, attributes, holes.
  func fill(_ path: String) async throws {
    try await shell(
      #"""
      cd '\#(path)'; mkdir -p orders/old
      head -c 300000 /dev/urandom >orders/1; head -c 70000 /dev/urandom >orders/old/2; printf hello >note; : >empty
      ln -s note link; ln note second; chmod 4750 orders/1; touch -d 2001-02-03T04:05:06.789Z note; truncate -s 5M sparse
      chown 7:9 .; chmod 2751 .
      """#)
  }

  func applyDocuments(application more: String = "", volume extra: String = "") async throws {
    let list = volumes.map { "    - {name: \($0.name), driver: \($0.driver), path: \($0.path)\(extra)}" }
    let text = """
      apiVersion: holdfast.dev/v1
      kind: Application
      metadata: {name: shop, labels: {tier: gold}}
      spec:
        volumes:
      \(list.joined(separator: "\n"))
      \(more)
      ---
      apiVersion: holdfast.dev/v1
      kind: Profile
      metadata: {name: vault}
      spec:
        location: {directory: \(repository)}
        password: {file: \(folder.path)/password}
      """
    try await apply(text)
  }

  /// Applies documents, which must be right.
  func apply(_ text: String) async throws {
    let file = folder.appendingPathComponent("documents-\(UUID().uuidString).yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    try await holdfast("apply", file.path)
  }

  /// Runs `holdfast`, which must succeed; returns what it prints.
  @discardableResult
  func holdfast(_ arguments: String...) async throws -> String { try await holdfast(arguments) }

  /// Runs `holdfast`, which must succeed; returns what it prints.
  @discardableResult
  func holdfast(_ arguments: [String]) async throws -> String {
    let result = try await installation.run(arguments)
    guard result.exitCode == 0 else {
      throw TestSupportError("holdfast \(arguments.joined(separator: " ")): \(result.output)\n\(result.errors)")
    }
    return result.output
  }

  /// Backs the application up and returns the name of the point.
  func backup(_ more: String...) async throws -> String {
    try await holdfast(["submit", "backup", "-p", "application=shop", "-p", "profile=vault", "--wait"] + more)
    return try await newestPoint()
  }

  /// Submits a backup of the application and returns the number of its run.
  func submitBackup(_ more: String...) async throws -> String {
    try await holdfast(["submit", "backup", "-p", "application=shop", "-p", "profile=vault", "-o", "name"] + more)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  func newestPoint() async throws -> String {
    try await installation.sql(
      "select name from holdfast.restore_point order by created_at desc, point_id desc limit 1")
  }

  /// Waits for a run, and returns its state.
  func end(of run: String, within limit: Duration = .seconds(240)) async throws -> String {
    var state = ""
    try await eventually(within: limit, "the end of run \(run)") {
      state = try await installation.sql(
        "select state from holdfast.run where run_id = \(run) and finished_at is not null")
      return !state.isEmpty
    }
    return state
  }

  /// Runs a shell script, which must succeed; returns what it prints.
  @discardableResult
  func shell(_ script: String) async throws -> String {
    let result = try await runProgram(
      "/bin/bash", ["-euc", script],
      environment: ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "HOME": folder.path])
    guard result.exitCode == 0 else { throw TestSupportError("\(script): \(result.output)\(result.errors)") }
    return result.output
  }

  /// What can be seen of a tree: the same for trees that are the same.
  func facts(_ path: String) async throws -> String {
    try await shell(
      #"""
      cd '\#(path)'
      stat -c '.|d|%a|%u:%g' .
      find . -mindepth 1 -not -path './.holdfast*' -type d -printf '%P|%y|%m|%U:%G|%T@\n' | LC_ALL=C sort
      find . -mindepth 1 -not -path './.holdfast*' -not -type d -printf '%P|%y|%m|%U:%G|%T@|%n|%l|%s\n' | LC_ALL=C sort
      find . -type f -not -path './.holdfast*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
      """#)
  }

  /// restic finds nothing wrong with the repository.
  func judge() async throws -> String {
    let result = try await runProgram(
      "restic", ["check", "--read-data", "--no-lock", "--no-cache"],
      environment: [
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder.path, "RESTIC_REPOSITORY": repository,
        "RESTIC_PASSWORD": "correct horse",
      ])
    return result.exitCode == 0 && result.output.contains("no errors were found") ? "" : "\(result)"
  }

  /// The snapshots and clones that there are of the volumes, by their names in the filesystem.
  func objects() async throws -> [String] {
    let tag = try await installation.sql("select holdfast.installation()")
    let root = URL(fileURLWithPath: volumes[0].path).deletingLastPathComponent().deletingLastPathComponent().path
    let found = try await shell("find '\(root)' -maxdepth 6 -regex '.*/hfc?-\(tag)-[^/]*'")
    return found.split(separator: "\n").map(String.init)
  }

  /// What the ledger has open that nothing keeps.
  func leftBehind() async throws -> String {
    try await installation.sql(
      "select kind, name, state from holdfast.resource_ledger where state <> 'released' and coalesce(detail ->> 'keep', '') <> 'true'"
    )
  }
}
