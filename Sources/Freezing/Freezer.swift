import Concurrency
import Glibc

/// Freezes and thaws filesystems so that none stays frozen.
///
/// Each freeze has a token, a deadline and a guard: a process of its own that thaws at the deadline, and when the process that froze
/// dies. If the guard is killed, this process thaws at once. If both die in the same instant (the machine's service manager or a
/// container's end kills them together), the filesystem stays frozen until `thawStale` runs: in the next worker that
/// starts on this machine with the same runtime folder, or in a janitor.
///
/// A process that is killed while a thread of it hangs in a write to the frozen filesystem counts as dead, too. Nothing here uses the
/// blocking pool, whose threads may all hang in such writes: calls run on threads of their own, and go on to their end when
/// their task is cancelled.
public struct Freezer: Sendable {
  /// Where guards keep their records and sockets.
  public let runtimeFolder: String
  /// Paths whose filesystems are never frozen, beside `/`, our own program, logs and runtime folder.
  public var protected: [ProtectedPath]
  /// The program and arguments that start a guard.
  private let guardCommand: [String]

  /// The longest deadline: whoever writes to the filesystem waits that long.
  public static let maximumDeadline: Duration = .seconds(600)

  /// A freezer.
  /// - Parameters:
  ///   - runtimeFolder: an absolute path, made if it is not there; it should not outlive a restart of the machine. Nil for
  ///     `$HOLDFAST_RUNTIME/freeze`, or `/run/holdfast/freeze`.
  ///   - protected: what must go on being written.
  ///   - guardCommand: what to start as a guard; nil for this program itself.
  public init(runtimeFolder: String? = nil, protected: [ProtectedPath] = [], guardCommand: [String]? = nil) {
    let runtime = getenv("HOLDFAST_RUNTIME").map { String(cString: $0) } ?? "/run/holdfast"
    self.runtimeFolder = runtimeFolder ?? "\(runtime)/freeze"
    self.protected = protected
    self.guardCommand = guardCommand ?? [GuardChild.thisProgram, FreezeGuard.command]
  }

  /// Freezes the filesystem that `path` is on; it is frozen when this returns. Success, too, if it is frozen already under this token:
  /// then this process becomes the one whose end ends the freeze, and the deadline stays as it was.
  /// - Parameters:
  ///   - path: a folder or file on the filesystem.
  ///   - deadline: how long writers may be stopped at most; up to `maximumDeadline`.
  ///   - token: names this freeze on this machine: letters, digits, `.`, `_` and `-`, at most 60.
  public func freeze(
    _ path: String, deadline: Duration, token: String
  ) async throws(FreezeError) -> FrozenState {
    try Self.check(token)
    guard path.hasPrefix("/") else {
      throw FreezeError(.refused, "Can't freeze '\(path)': it is no absolute path.")
    }
    guard deadline > .zero, deadline <= Self.maximumDeadline else {
      throw FreezeError(.refused, "A freeze needs a deadline of more than nothing and at most 10 minutes.")
    }
    guard getpid() != 1 else {
      throw FreezeError(
        .refused,
        "A worker that is process 1 of its container takes the guard with it when it dies, so it freezes nothing: run it in the machine's own process namespace (hostPID, --pid=host)."
      )
    }
    let own = ProtectedPath.own() + [ProtectedPath(runtimeFolder, "the folder of the guards of frozen filesystems")]
    let order = FreezeOrder(
      path: path, deadline: deadline, token: token, runtimeFolder: runtimeFolder, guardCommand: guardCommand,
      refusals: Refusals(paths: own + protected))
    return try await onOwnThread { report in order.perform(report) }.get()
  }

  /// Thaws what was frozen under `token`, by this process or another. If it has thawed already, says how.
  /// - Returns: nil if nothing is known of this token on this machine.
  public func thaw(_ token: String) async throws(FreezeError) -> ThawOutcome? {
    try Self.check(token)
    let folder = runtimeFolder
    return try await onOwnThread { report in
      report(Result { () throws(FreezeError) in try ThawOrder(runtime: RuntimeFolder(folder), token: token).perform() })
    }.get()
  }

  /// The device of the filesystem that `path` is on, as `MAJOR:MINOR`: the same for all paths on it.
  public func device(of path: String) async throws(FreezeError) -> String {
    try await onOwnThread { report in
      report(
        Result { () throws(FreezeError) in
          guard let file = OwnedFile(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) else {
            throw FreezeError(errno == ENOENT ? .missing : .system, "Can't open '\(path)': \(reason(errno)).")
          }
          guard let filesystem = MountedFilesystem(of: file.number) else {
            throw FreezeError(.system, "/proc does not say which filesystem '\(path)' is on.")
          }
          return filesystem.device
        })
    }.get()
  }

  /// Whether the filesystem has been frozen under this token all along until now.
  public func isStillFrozen(_ token: String) async -> Bool {
    guard (try? Self.check(token)) != nil else { return false }
    let folder = runtimeFolder
    return await onOwnThread { report in
      guard let runtime = try? RuntimeFolder(folder), let socket = runtime.connect(token),
        send(GuardRequest.check.rawValue, to: socket.number),
        case .message(let text) = receive(from: socket.number, within: .seconds(10)),
        case .frozen = GuardAnswer(text)
      else { return report(false) }
      report(true)
    }
  }

  /// What is frozen on this machine now, with a guard.
  public func held() async throws(FreezeError) -> [FrozenState] { try await unended(withGuard: true) }

  /// What was left frozen without a guard: `thawStale` would thaw it.
  public func abandoned() async throws(FreezeError) -> [FrozenState] { try await unended(withGuard: false) }

  private func unended(withGuard: Bool) async throws(FreezeError) -> [FrozenState] {
    let folder = runtimeFolder
    return try await onOwnThread { report in
      report(
        Result { () throws(FreezeError) in
          var found: [FrozenState] = []
          guard access(folder, F_OK) == 0 else { return found }
          let runtime = try RuntimeFolder(folder)
          for token in runtime.tokens() {
            // The lock comes first: a guard that ends meanwhile has written its end before it lets go.
            let isGuarded = try runtime.lock(token) == nil
            if isGuarded == withGuard, let record = runtime.record(token), record.end == nil {
              found.append(record.state)
            }
          }
          return found
        })
    }.get()
  }

  /// Thaws everything whose guard is gone or has let its deadline pass, and forgets freezes that ended a week ago. For the
  /// start of a worker, and for janitors. Returns what it thawed.
  /// - Throws: the first `FreezeError`, after all the others were thawed.
  @discardableResult
  public func thawStale() async throws(FreezeError) -> [ThawOutcome] {
    let folder = runtimeFolder
    return try await onOwnThread { report in
      report(
        Result { () throws(FreezeError) in
          var thawed: [ThawOutcome] = []
          var problem: FreezeError?
          guard access(folder, F_OK) == 0 else { return thawed }
          let runtime = try RuntimeFolder(folder)
          for token in runtime.tokens() {
            // What is wrong with one must not keep the others frozen.
            do throws(FreezeError) {
              if let outcome = try runtime.thawStale(token) { thawed.append(outcome) }
            } catch {
              problem = problem ?? error
            }
          }
          if let problem { throw problem }
          return thawed
        })
    }.get()
  }

  private static func check(_ token: String) throws(FreezeError) {
    let allowed = token.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "._-".utf8.contains(byte)
    }
    guard allowed, (1...60).contains(token.utf8.count), token.first != "." else {
      throw FreezeError(.refused, "The token '\(token)' of a freeze must be 1 to 60 letters, digits, '.', '_' or '-'.")
    }
  }
}

/// Runs `body` on a thread of its own and returns what it reports, which it does once; it may go on after that.
private func onOwnThread<T: Sendable>(
  _ body: @escaping @Sendable (_ report: @escaping @Sendable (T) -> Void) -> Void
) async -> T {
  await withCheckedContinuation { continuation in
    let work: @Sendable () -> Void = { body { continuation.resume(returning: $0) } }
    while startThread(named: "freeze", work) != 0 {
      // No room for a thread. A filesystem may be frozen: this is no time to give up.
      usleep(10_000)
    }
  }
}
