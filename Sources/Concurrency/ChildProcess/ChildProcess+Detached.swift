import CEpoll
import Glibc

extension ChildProcess {
  /// Starts the program so that it can outlive this process: in a session of its own, without input, and with what it
  /// says appended to a file. Nobody ends it but who signals it; limits and grace mean nothing here.
  /// - Throws: `ChildProcessError` if the program was not started.
  public func startDetached(log: String) async throws(ChildProcessError) -> ProcessHandle {
    let started = try? await BlockingPool.shared.run {
      Result { () throws(ChildProcessError) in
        let path = try prepare()
        let file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else {
          throw ChildProcessError(.system, "cannot write \(log): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, file, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, file, STDERR_FILENO)
        let (process, handle) = try launch(path, &actions, ownSession: true)
        return ProcessHandle(process, handle)
      }
    }
    guard let started else { throw ChildProcessError(.system, "cannot run '\(program)'") }
    return try started.get()
  }
}

/// A process to wait for and to signal, a child of ours or not. Never another one that got its id later.
public final class ProcessHandle: Sendable {
  /// Its process id.
  public let id: Int32
  private let handle: Descriptor

  init(_ id: pid_t, _ handle: Descriptor) {
    self.id = id
    self.handle = handle
  }

  /// The process with this id; nil if there is none.
  public init?(_ id: Int32) {
    let number = shim_pidfd_open(id)
    guard number >= 0 else { return nil }
    self.id = id
    handle = Descriptor(number)
  }

  /// Sends it a signal; false if it has ended or belongs to somebody else.
  @discardableResult
  public func signal(_ number: CInt) -> Bool { shim_pidfd_send_signal(handle.number, number) == 0 }

  /// Waits for its end.
  /// - Returns: false if `deadline` came or the task was cancelled before that.
  public func end(until deadline: ContinuousClock.Instant? = nil) async -> Bool {
    guard (try? await Reactor.shared.wait(for: .readable, on: handle.number, until: deadline)) != nil else {
      return false
    }
    // A dead child that nobody waits for looks alive to others. Fails if it is none of ours.
    waitpid(id, nil, WNOHANG)
    return true
  }
}
