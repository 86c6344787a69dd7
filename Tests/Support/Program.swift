public import Foundation
import Glibc

/// What a program said and how it ended.
public struct ProgramResult: Sendable {
  /// The exit status; for a program that a signal ended, 128 + the signal, as a shell says it.
  public let exitCode: Int32
  /// All of standard output.
  public let output: String
  /// All of standard error.
  public let errors: String
}

/// Why a helper for tests gave up, in one sentence.
public struct TestSupportError: Error, CustomStringConvertible {
  /// The sentence.
  public let description: String

  /// An error that says this.
  public init(_ description: String) {
    self.description = description
  }
}

/// Runs a program to its end and returns what it said. Cancelling doesn't end the program.
///
/// Not Foundation's `Process`: that one waits until a daemon that the program leaves behind has ended, too.
/// - Parameters:
///   - path: The program; one without a slash is looked up in `PATH`.
///   - environment: The whole environment; nil hands on our own.
///   - input: What the program reads from standard input.
/// - Throws: only when the program can't be started; a bad exit status is in the result.
@discardableResult
public func runProgram(
  _ path: String, _ arguments: [String] = [], environment: [String: String]? = nil, directory: URL? = nil,
  input: String = ""
) async throws -> ProgramResult {
  // Files rather than pipes: a daemon that inherits them keeps nobody waiting, and nothing can fill up.
  let (standardInput, output, errors) = try (NamelessFile(input), NamelessFile(""), NamelessFile(""))
  let descriptors = [standardInput, output, errors].map(\.handle.fileDescriptor)
  let child = try spawn(
    [path] + arguments, environment: environment ?? ProcessInfo.processInfo.environment,
    directory: directory?.path ?? FileManager.default.currentDirectoryPath, descriptors: descriptors)
  return ProgramResult(exitCode: await child.end(), output: try output.text(), errors: try errors.text())
}

/// A started program.
struct Child: Sendable {
  let pid: pid_t

  /// Waits for its end on a thread of its own and returns its status as a shell would. To be called once.
  func end() async -> Int32 {
    await withCheckedContinuation { done in
      Thread.detachNewThread {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        done.resume(returning: signal == 0 ? (status >> 8) & 0xff : 128 + signal)
      }
    }
  }
}

/// Starts a program with these files as 0, 1 and 2, in a process group of its own: Ctrl-C is for us.
func spawn(
  _ command: [String], environment: [String: String], directory: String, descriptors: [Int32]
) throws -> Child {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  for (number, descriptor) in descriptors.enumerated() {
    posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
  }

  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  var (none, pipe) = (sigset_t(), sigset_t())
  sigemptyset(&none)
  sigemptyset(&pipe)
  sigaddset(&pipe, SIGPIPE)
  posix_spawnattr_setsigmask(&attributes, &none)
  posix_spawnattr_setsigdefault(&attributes, &pipe)
  posix_spawnattr_setflags(
    &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

  // Glibc's way to change the folder is not among what Swift imports.
  let command = ["/bin/sh", "-c", #"cd "$0" && exec "$@""#, directory] + command
  var arguments = command.map { strdup($0) } + [nil]
  var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
  defer { (arguments + variables).forEach { free($0) } }
  var pid: pid_t = 0
  let code = posix_spawnp(&pid, command[0], &actions, &attributes, &arguments, &variables)
  guard code == 0 else { throw TestSupportError("cannot start \(command[0]): \(String(cString: strerror(code)))") }
  return Child(pid: pid)
}

/// A temporary file without a name.
private struct NamelessFile {
  let handle: FileHandle

  init(_ text: String) throws {
    var name = Array((Scratch.root.path + "/XXXXXX").utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw TestSupportError("cannot make a temporary file in \(Scratch.root.path)") }
    unlink(name)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try handle.write(contentsOf: Data(text.utf8))
    try handle.seek(toOffset: 0)
  }

  func text() throws -> String {
    try handle.seek(toOffset: 0)
    return String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
  }
}
