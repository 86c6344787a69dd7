import CEpoll
import Glibc
import JSON

/// A guard that this process has started.
struct GuardChild: Sendable {
  /// What runs now, even if an update has replaced its file.
  static let thisProgram = "/proc/self/exe"

  let process: pid_t
  /// Our end of the socket to it. The guard takes its end for our death.
  let link: OwnedFile

  /// Starts the guard and gives it its order.
  /// - Parameter command: the program, its arguments, and what `ps` should show.
  init(_ command: [String], _ order: GuardOrder, filesystem: OwnedFile) throws(FreezeError) {
    var ends: [CInt] = [-1, -1]
    guard socketpair(AF_UNIX, CInt(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0,
      let link = OwnedFile(ends[0]), let theirs = OwnedFile(ends[1])
    else { throw Self.failure(errno) }
    process = try Self.spawn(command, control: theirs.number, filesystem: filesystem.number)
    self.link = link
    send(order.json.text, to: link.number)
  }

  /// Waits until the guard lives, and lets it freeze.
  /// - Returns: since when it is frozen.
  func freeze(
    _ target: MountedFilesystem, at path: String, filesystem: OwnedFile
  ) throws(FreezeError) -> Duration {
    let place = "the filesystem of '\(path)' (\(target.type), mounted at \(target.mountPoint))"
    switch try answer(within: .seconds(30), place) {
    case .ready: break
    case .refused(let code): throw Self.refusal(code, place)
    default: throw noAnswer(place)
    }
    guard send(GuardRequest.freeze.rawValue, to: link.number) else { throw noAnswer(place) }
    // The kernel takes as long as it takes to write what is dirty, and can't be stopped at it.
    let answer: GuardAnswer
    do throws(FreezeError) { answer = try self.answer(within: nil, place) } catch {
      // It may have been killed right after it froze.
      _ = thaw(filesystem.number)
      throw error
    }
    switch answer {
    case .frozen(let since): return since
    case .refused(let code): throw Self.refusal(code, place)
    default: throw noAnswer(place)
    }
  }

  private func answer(within limit: Duration?, _ place: String) throws(FreezeError) -> GuardAnswer {
    guard case .message(let text) = receive(from: link.number, within: limit), let answer = GuardAnswer(text) else {
      throw noAnswer(place)
    }
    if case .failed(let sentence) = answer {
      throw FreezeError(.system, "\(sentence) So it did not freeze \(place).")
    }
    return answer
  }

  private func noAnswer(_ place: String) -> FreezeError {
    FreezeError(.system, "The guard for \(place) ended before the freeze, so nothing is frozen: try again.")
  }

  private static func refusal(_ code: CInt, _ place: String) -> FreezeError {
    switch code {
    case EALREADY: FreezeError(.held, "Can't freeze \(place): another guard is at it.")
    case EBUSY: FreezeError(.busy, "Can't freeze \(place): it is frozen already.")
    case EOPNOTSUPP, ENOTTY:
      FreezeError(
        .unsupported, "Can't freeze \(place): this kind of filesystem can't be frozen. Leave out its 'freeze'.")
    case EPERM, EACCES:
      FreezeError(.denied, "Can't freeze \(place): the worker needs root, or CAP_SYS_ADMIN on the machine itself.")
    case EROFS: FreezeError(.unsupported, "Can't freeze \(place): it is mounted read-only.")
    default: FreezeError(.system, "Can't freeze \(place): \(reason(code)).")
    }
  }

  /// Ends a guard that has frozen nothing, or is stuck.
  func end() {
    kill(process, SIGKILL)
    Self.reap(process)
  }

  /// Waits until a child has ended.
  static func reap(_ process: pid_t) {
    while waitpid(process, nil, 0) < 0, errno == EINTR {}
  }

  private static func failure(_ code: CInt) -> FreezeError {
    FreezeError(.system, "Can't start the guard for a freeze: \(reason(code)).")
  }

  private static func spawn(_ command: [String], control: CInt, filesystem: CInt) throws(FreezeError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, control, STDIN_FILENO)
    // After `control`, which may be 3; never before, since neither may be closed by the other's move.
    posix_spawn_file_actions_adddup2(&actions, filesystem, 3)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addclosefrom_np(&actions, 4)
    posix_spawn_file_actions_addchdir_np(&actions, "/")

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    let newSession: CInt = 0x80  // POSIX_SPAWN_SETSID, declared under _GNU_SOURCE
    posix_spawnattr_setflags(&attributes, Int16(newSession | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)

    let words = [command[0] == thisProgram ? "holdfast" : command[0]] + command.dropFirst()
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] = [nil]
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    let code = posix_spawn(&process, command[0], &actions, &attributes, &arguments, &environment)
    guard code == 0 else { throw failure(code) }
    return process
  }
}
