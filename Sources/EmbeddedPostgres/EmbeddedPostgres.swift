internal import Concurrency
import Glibc
public import Log
internal import PostgresClient
import Synchronization

/// A private PostgreSQL in a folder of its own, reached through a unix socket only.
///
/// One process serves a folder, from `open` until it ends or lets go of this. PostgreSQL outlives it if it is killed: the
/// next one to serve the folder takes it over. What was committed is on the disk, whoever is killed and whenever.
public final class EmbeddedPostgres: Sendable {
  /// What it took to have a running PostgreSQL.
  public enum Start: Sendable, Equatable {
    /// There was none; the cluster was made.
    case created
    /// The cluster was started, and has recovered if it had been killed.
    case started
    /// It still ran from before.
    case takenOver
  }

  /// Where everything is.
  public let folder: DataFolder
  /// How to reach the database, as a URL without a secret: the folder of the socket is closed to others.
  public var url: String { SocketFolder.url(cluster.socketFolder) }
  /// The major version of PostgreSQL.
  public var major: Int { cluster.programs.major }

  private let lock: FolderLock
  private let cluster: Cluster
  private let logger: Logger
  private let server = Mutex<ProcessHandle?>(nil)

  private init(_ folder: DataFolder, _ lock: FolderLock, _ cluster: Cluster, logger: Logger) {
    self.folder = folder
    self.lock = lock
    self.cluster = cluster
    self.logger = logger
  }

  /// Makes the folder if need be and takes it for this process. Starts nothing yet.
  /// - Throws: `EmbeddedPostgresError`, `.inUse` if another process serves the folder.
  public static func open(_ folder: DataFolder, logger: Logger) async throws -> EmbeddedPostgres {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    let user = try ServerUser.current()
    let installed = await PostgresPrograms.installed(path: path)
    return try await BlockingPool.shared.run {
      let version = try Cluster.version(in: folder)
      let programs = try PostgresPrograms.find(for: version, in: folder, among: installed)
      try folder.prepare(for: user)
      let lock = try FolderLock(folder)
      // Of a server that runs from before, the socket stays where it is.
      let socket =
        try Postmaster.running(in: folder.cluster)?.socketFolder ?? SocketFolder.prepare(in: folder, owner: user)
      let cluster = Cluster(
        folder: folder, user: user, programs: programs, socketFolder: socket, logger: logger)
      cluster.removeUnfinished()
      return EmbeddedPostgres(folder, lock, cluster, logger: logger)
    }
  }

  /// Makes sure that PostgreSQL runs and has a database for Holdfast.
  ///
  /// If the task is cancelled, `stop` has to end what may have been started.
  /// - Throws: `EmbeddedPostgresError`.
  @discardableResult
  public func start() async throws -> Start {
    let isNew = try Cluster.version(in: folder) == nil
    if isNew { try await cluster.create() }
    let (postmaster, isOld) = try await runningServer()
    server.withLock { $0 = postmaster.handle }
    try await makeDatabase()
    return isNew ? .created : isOld ? .takenOver : .started
  }

  private func runningServer() async throws(EmbeddedPostgresError) -> (Postmaster, isOld: Bool) {
    while let old = Postmaster.running(in: folder.cluster) {
      server.withLock { $0 = old.handle }
      switch old.phase {
      case .ready: return (old, true)
      case .starting:
        // One that ends meanwhile is not ours to explain: we start our own.
        let ended = EmbeddedPostgresError(.failed, "PostgreSQL ended while it was starting")
        do { return (try await cluster.untilReady(old.handle) { ended }, true) } catch {
          if error != ended { throw error }
        }
      case .stopping:
        logger.info("waiting for the PostgreSQL before to end", ["pid": "\(old.handle.id)"])
        guard await old.handle.end() else { throw .cancelled }
      }
    }
    return (try await cluster.start { handle in self.server.withLock { $0 = handle } }, false)
  }

  /// The database is made by an ordinary connection: initdb makes none of that name.
  private func makeDatabase() async throws {
    do {
      try await PostgresConnection.open(PostgresConfiguration(url)).ping()
    } catch {
      guard error.sqlState == "3D000" else { throw error }
      let general = SocketFolder.url(cluster.socketFolder, database: "postgres")
      let connection = try await PostgresConnection.open(PostgresConfiguration(general))
      _ = try await connection.query("create database holdfast")
    }
  }

  /// Looks after PostgreSQL until the task is cancelled: starts it again if it ends, and keeps its log short.
  public func keepRunning() async {
    var failures = 0
    while !Task.isCancelled {
      if let server = server.withLock({ $0 }) {
        guard await server.end(until: .now + .seconds(60)) else {
          let log = ServerLog(path: folder.log)
          await BlockingPool.shared.runNonthrowing { log.trim() }
          failures = 0
          continue
        }
        self.server.withLock { $0 = nil }
        logger.warning("PostgreSQL has ended; starting it again", ["pid": "\(server.id)", "log": folder.log])
      }
      do {
        let start = try await start()
        logger.info("PostgreSQL runs again", ["how": "\(start)"])
      } catch {
        if Task.isCancelled { return }
        failures += 1
        let pause = Duration.seconds(min(30, 1 << min(failures, 5)))
        logger.error("could not start PostgreSQL", ["error": "\(error)", "retry_in": "\(pause)"])
        try? await Task.sleep(for: pause)
      }
    }
  }

  /// Ends PostgreSQL in good order, and returns when it is gone.
  ///
  /// - Parameter isUrgent: looked at while it ends; once true, PostgreSQL is told to end at once, and recovers at its next
  ///   start.
  public func stop(isUrgent: @Sendable () -> Bool = { false }) async {
    guard let server = server.withLock({ $0 }) ?? Postmaster.running(in: folder.cluster)?.handle else { return }
    server.signal(SIGINT)
    var wasUrgent = false
    // Bounded by PostgreSQL itself: it writes what is in memory, and ends.
    while await !server.end(until: .now + .milliseconds(50)) {
      if Task.isCancelled { return }
      guard isUrgent(), !wasUrgent else { continue }
      wasUrgent = true
      server.signal(SIGQUIT)
    }
    self.server.withLock { $0 = nil }
  }
}
