internal import Concurrency
import Glibc
internal import Log

/// The cluster in a data folder: made, started and stopped by whoever holds the folder's lock.
struct Cluster: Sendable {
  let folder: DataFolder
  let user: ServerUser
  let programs: PostgresPrograms
  let socketFolder: String
  let logger: Logger

  /// The major version of the PostgreSQL that made the cluster; nil if there is no cluster yet.
  static func version(in folder: DataFolder) throws(EmbeddedPostgresError) -> Int? {
    guard fileStatus(folder.cluster) != nil else { return nil }
    guard let text = readText(folder.cluster + "/PG_VERSION"), let major = Int(text.prefix { $0.isNumber }) else {
      throw EmbeddedPostgresError(
        .folder,
        "\(folder.cluster) is there but holds no PostgreSQL cluster; if nothing in it matters, remove it, else choose another "
          + "folder with --data DIR")
    }
    return major
  }

  /// Makes the cluster under another name and gives it its own only when it is whole and on the disk.
  func create() async throws(EmbeddedPostgresError) {
    let new = "\(folder.path)/\(DataFolder.unfinishedPrefix)\(getpid())-\(UInt32.random(in: .min ... .max))"
    try makePrivateFolder(new, owner: user)
    do throws(EmbeddedPostgresError) {
      let arguments = [
        "-D", new, "-U", "holdfast", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-instructions",
        "--data-checksums",
      ]
      let outcome = try await run("initdb", arguments)
      guard outcome.ending == .exited(0) else { throw failure(of: outcome, "make a PostgreSQL cluster") }
      try append(ServerSettings.include, to: new + "/postgresql.conf")
      guard rename(new, folder.cluster) == 0 else { throw EmbeddedPostgresError(errno: errno, "make", folder.cluster) }
      try syncFolder(folder.path)
    } catch {
      removeTree(new)
      throw error
    }
  }

  /// Removes what an initdb that was killed left behind.
  func removeUnfinished() {
    for name in names(in: folder.path) where name.hasPrefix(DataFolder.unfinishedPrefix) {
      logger.info("removing an unfinished cluster", ["folder": name])
      removeTree(folder.path + "/" + name)
    }
  }

  /// Starts the server and returns when it takes connections, which may take long after a crash.
  /// - Parameter started: gets its process at once, since the start may be given up before that.
  func start(_ started: (ProcessHandle) -> Void) async throws(EmbeddedPostgresError) -> Postmaster {
    try await clearOrphans()
    // They are stale: no server runs. PostgreSQL itself would take any process that got the same id for one.
    for file in [Postmaster.file(of: folder.cluster), SocketFolder.lock(in: socketFolder)] {
      guard unlink(file) == 0 || errno == ENOENT else { throw EmbeddedPostgresError(errno: errno, "remove", file) }
    }
    let settings = ServerSettings(socketFolder: socketFolder, memory: ServerSettings.availableMemory())
    try replaceFile(folder.cluster + "/" + ServerSettings.fileName, with: settings.text, owner: user)

    let log = ServerLog(path: folder.log)
    log.trim()
    let begin = log.size
    let server: ProcessHandle
    do {
      server = try await command("postgres", ["-D", folder.cluster]).startDetached(log: folder.log)
    } catch { throw EmbeddedPostgresError(.failed, error.description) }
    started(server)
    return try await untilReady(server) { failure(saying: log.text(from: begin), "start PostgreSQL") }
  }

  /// Waits until a server that starts takes connections.
  func untilReady(
    _ server: ProcessHandle, orFailure failure: () -> EmbeddedPostgresError
  ) async throws(EmbeddedPostgresError) -> Postmaster {
    var reported = ContinuousClock.now
    while true {
      if await server.end(until: .now + .milliseconds(10)) { throw failure() }
      if Task.isCancelled { throw .cancelled }
      if let postmaster = Postmaster.running(in: folder.cluster), postmaster.handle.id == server.id,
        postmaster.phase == .ready
      {
        return postmaster
      }
      if ContinuousClock.now - reported > .seconds(5) {
        reported = .now
        logger.info("PostgreSQL is still starting; after a crash it first replays its log", ["log": folder.log])
      }
    }
  }

  /// Ends what the postmaster's death left running. They end by themselves when they see that it is gone, which those that
  /// compute do late; a new server can't start before that.
  private func clearOrphans() async throws(EmbeddedPostgresError) {
    let steps: [(wait: Duration, signal: CInt)] = [
      (.seconds(1), SIGQUIT), (.seconds(3), SIGKILL), (.seconds(10), 0),
    ]
    for (wait, signal) in steps {
      let orphans = Postmaster.orphans(of: folder.cluster)
      if orphans.isEmpty { return }
      let deadline = ContinuousClock.now + wait
      for orphan in orphans { _ = await orphan.end(until: deadline) }
      if Task.isCancelled { throw .cancelled }
      for orphan in Postmaster.orphans(of: folder.cluster) where signal != 0 { orphan.signal(signal) }
    }
    let left = Postmaster.orphans(of: folder.cluster).map { "\($0.id)" }
    guard left.isEmpty else {
      throw EmbeddedPostgresError(
        .failed, "processes of the PostgreSQL before still run and do not end: \(left.joined(separator: ", "))")
    }
  }

  // MARK: - Programs

  private func command(_ name: String, _ arguments: [String]) -> ChildProcess {
    let line = user.prefix + [programs.path(name)] + arguments
    let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"]
    // Not our working directory, which the server's user need not be able to enter.
    return ChildProcess(line[0], Array(line.dropFirst()), environment: environment, directory: "/")
  }

  private func run(_ name: String, _ arguments: [String]) async throws(EmbeddedPostgresError) -> ChildProcess.Outcome {
    do {
      let outcome = try await command(name, arguments).run()
      if outcome.ending == .stopped(.cancelled) { throw EmbeddedPostgresError.cancelled }
      return outcome
    } catch let error as EmbeddedPostgresError {
      throw error
    } catch { throw EmbeddedPostgresError(.failed, "\(error)") }
  }

  private func failure(of outcome: ChildProcess.Outcome, _ action: String) -> EmbeddedPostgresError {
    failure(saying: outcome.error.text, action)
  }

  private func failure(saying text: String, _ action: String) -> EmbeddedPostgresError {
    // "Check free disk space" is its hint where it could write a part only.
    let signs = ["No space left on device", "Disk quota exceeded", "Check free disk space"]
    if signs.contains(where: { text.contains($0) }) { return .full(folder.path) }
    let complaint = ServerLog.complaint(in: text) ?? "it gives no reason"
    return EmbeddedPostgresError(
      .failed, "cannot \(action) in \(folder.path): \(complaint); \(folder.log) may tell more")
  }

  private func append(_ text: String, to path: String) throws(EmbeddedPostgresError) {
    let file = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC)
    guard file >= 0 else { throw EmbeddedPostgresError(errno: errno, "write", path) }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
      throw EmbeddedPostgresError(errno: errno, "write", path)
    }
  }
}
