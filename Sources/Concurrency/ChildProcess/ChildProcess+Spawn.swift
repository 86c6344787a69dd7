import CEpoll
import Glibc

extension ChildProcess {
  /// Starts the program. Blocks until it is loaded.
  func spawn() throws(ChildProcessError) -> RunningChild {
    let path = try prepare()

    guard let output = PipeEnds(), let error = PipeEnds() else {
      throw ChildProcessError(errno: errno, starting: program)
    }
    let inputPipe = input.isEmpty ? nil : PipeEnds()
    guard input.isEmpty || inputPipe != nil else { throw ChildProcessError(errno: errno, starting: program) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let inputDescriptor {
      posix_spawn_file_actions_adddup2(&actions, inputDescriptor, STDIN_FILENO)
    } else if let inputPipe {
      posix_spawn_file_actions_adddup2(&actions, inputPipe.reading.number, STDIN_FILENO)
    } else {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    // Without a writer the pipe of the output ends at once.
    posix_spawn_file_actions_adddup2(&actions, outputDescriptor ?? output.writing.number, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errorDescriptor ?? error.writing.number, STDERR_FILENO)
    let (process, handle) = try launch(path, &actions, ownSession: false)
    for end in [inputPipe?.writing, output.reading, error.reading] { end?.setNonBlocking() }
    return RunningChild(
      process: process, sharesGroup: sharesGroup, handle: handle, input: inputPipe?.writing, output: output.reading,
      error: error.reading)
  }

  /// Checks what can be checked beforehand, so that errors name it; returns the path to execute.
  func prepare() throws(ChildProcessError) -> String {
    _ = processSettings
    try checkStrings()
    try checkDirectory()
    return try findProgram()
  }

  /// Executes `path` with these streams, in a process group or even a session of its own, or in our group.
  func launch(
    _ path: String, _ actions: inout posix_spawn_file_actions_t, ownSession: Bool
  ) throws(ChildProcessError) -> (process: pid_t, handle: Descriptor) {
    // Libraries may have opened descriptors that are not close-on-exec.
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)
    if let directory { posix_spawn_file_actions_addchdir_np(&actions, directory) }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    let newSession: CInt = 0x80  // POSIX_SPAWN_SETSID, declared under _GNU_SOURCE
    let group = ownSession ? newSession : sharesGroup ? 0 : POSIX_SPAWN_SETPGROUP
    posix_spawnattr_setflags(&attributes, Int16(group | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    if group == POSIX_SPAWN_SETPGROUP { posix_spawnattr_setpgroup(&attributes, 0) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)

    var process = pid_t()
    let code = withCStrings([program] + arguments) { arguments in
      withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
        posix_spawn(&process, path, &actions, &attributes, arguments, environment)
      }
    }
    guard code == 0 else { throw ChildProcessError(errno: code, starting: program) }

    let handle = shim_pidfd_open(process)
    guard handle >= 0 else {
      let failure = errno
      kill(sharesGroup && !ownSession ? process : -process, SIGKILL)
      while waitpid(process, nil, 0) < 0, errno == EINTR {}
      throw ChildProcessError(errno: failure == ENOENT ? EMFILE : failure, starting: program)
    }
    return (process, Descriptor(handle))
  }

  private func checkStrings() throws(ChildProcessError) {
    let strings = [program, directory ?? ""] + arguments + environment.keys + environment.values
    guard !strings.contains(where: { $0.utf8.contains(0) }) else {
      throw ChildProcessError(.badArguments, "cannot run '\(program)': an argument or variable holds a zero byte")
    }
    guard !environment.keys.contains(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: "=")) }) else {
      throw ChildProcessError(.badArguments, "cannot run '\(program)': a variable's name is empty or holds '='")
    }
  }

  private func checkDirectory() throws(ChildProcessError) {
    guard let directory else { return }
    guard mode(of: directory).map({ $0 & S_IFMT == S_IFDIR }) == true, access(directory, X_OK) == 0 else {
      throw ChildProcessError(
        .noSuchDirectory, "cannot run '\(program)': no directory '\(directory)' that we may enter")
    }
  }

  /// The path to execute; relative ones are relative to the working directory.
  private func findProgram() throws(ChildProcessError) -> String {
    guard !program.isEmpty else { throw ChildProcessError(.notFound, "the program's name is empty") }
    if program.contains("/") {
      let path = program.hasPrefix("/") ? program : (directory ?? ".") + "/" + program
      switch usability(of: path) {
      case .program: return program
      case .notExecutable: throw ChildProcessError(.notExecutable, "'\(program)' is no file that we may execute")
      case .missing: throw ChildProcessError(.notFound, "no program '\(program)'")
      }
    }
    var refused: String?
    let search = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    // Relative entries would let a directory that we work in choose the program.
    for folder in search.split(separator: ":") where folder.hasPrefix("/") {
      let path = folder + "/" + program
      switch usability(of: path) {
      case .program: return path
      case .notExecutable: refused = refused ?? path
      case .missing: continue
      }
    }
    if let refused { throw ChildProcessError(.notExecutable, "'\(refused)' is no file that we may execute") }
    throw ChildProcessError(.notFound, "no program '\(program)' in PATH")
  }
}

private enum Usability { case program, notExecutable, missing }

private func usability(of path: String) -> Usability {
  guard let mode = mode(of: path) else { return .missing }
  return mode & S_IFMT == S_IFREG && access(path, X_OK) == 0 ? .program : .notExecutable
}

private func mode(of path: String) -> mode_t? {
  var info = stat()
  return stat(path, &info) == 0 ? info.st_mode : nil
}

/// A null-terminated array of C strings that lives during `body`.
private func withCStrings<R>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
  var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
  pointers.append(nil)
  defer { for pointer in pointers { free(pointer) } }
  return body(pointers)
}

/// What running children needs of the whole process, done once.
private let processSettings: Void = {
  ignoreBrokenPipes()
  // Inherited as ignored, SIGCHLD would make the kernel throw exit codes away.
  var current = sigaction()
  sigaction(SIGCHLD, nil, &current)
  if unsafeBitCast(current.__sigaction_handler.sa_handler, to: Int.self) == 1 { signal(SIGCHLD, SIG_DFL) }
}()
