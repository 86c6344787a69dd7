import Foundation
import Glibc
import TestSupport

/// What one run of a program took, its children included.
struct Cost {
  /// Seconds on the clock.
  var wall = 0.0
  /// Seconds of user and system time together.
  var cpu = 0.0
  /// The most memory that one process of it held, in MiB. Pages of mapped files count, too.
  var peak = 0.0

  static func + (one: Cost, other: Cost) -> Cost {
    Cost(wall: one.wall + other.wall, cpu: one.cpu + other.cpu, peak: max(one.peak, other.peak))
  }
}

/// A program with its arguments, ready to be run.
struct Command {
  var arguments: [String]
  /// Added to our own environment.
  var environment: [String: String] = [:]
  /// Where it runs.
  var folder: URL?
}

extension Command {
  /// Runs it to its end and says what it took. Its output is dropped; an exit status other than 0 is an error.
  ///
  /// By way of `launch` in a process of its own: a child's peak of memory starts with that of the process that started
  /// it, and ours holds lists of files.
  /// Blocks: a benchmark does one thing at a time.
  @discardableResult
  func run() throws -> Cost {
    var command = self
    let folder = self.folder?.path ?? "."
    command.arguments = [ownProgram, "launch", "/bin/sh", "-c", #"cd "$0" && exec "$@""#, folder] + arguments
    let (output, errors) = try (temporaryFile(), temporaryFile())
    defer { [output, errors].forEach { _ = close($0) } }
    var status: Int32 = 0
    let pid = try command.start(output: output, errors: errors)
    while waitpid(pid, &status, 0) < 0 {
      guard errno == EINTR else { throw TestSupportError("cannot wait for \(arguments[0])") }
    }
    let numbers = text(of: output).split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    guard status == 0, numbers.count == 3 else {
      let code = status & 0x7f == 0 ? "exit status \(status >> 8)" : "signal \(status & 0x7f)"
      throw TestSupportError("\(arguments.joined(separator: " ")): \(code): \(text(of: errors).suffix(2000))")
    }
    return Cost(wall: numbers[0], cpu: numbers[1], peak: numbers[2])
  }

  /// Runs the command line that follows `launch`, and prints what it took. Returns its exit status.
  static func launch(_ arguments: [String]) throws -> Int32 {
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    let begin = ContinuousClock.now
    let pid = try Command(arguments: arguments).start(output: nowhere, errors: 2)
    var status: Int32 = 0
    var usage = rusage()
    // The one call that tells the use of just this child and its children.
    while wait4(pid, &status, 0, &usage) < 0 {
      guard errno == EINTR else { throw TestSupportError("cannot wait for \(arguments[0])") }
    }
    let wall = (ContinuousClock.now - begin) / .seconds(1)
    print(wall, seconds(usage.ru_utime) + seconds(usage.ru_stime), Double(usage.ru_maxrss) / 1024)
    return status & 0x7f == 0 ? status >> 8 : 128 + status & 0x7f
  }

  /// Starts it with these files for its output.
  private func start(output: Int32, errors: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    // Our threads may block signals; a shell that waits for its children needs them.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    var texts = arguments.map { strdup($0) } + [nil]
    var settings = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (texts + settings).forEach { free($0) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, &texts, &settings)
    guard code == 0 else { throw TestSupportError("cannot start \(arguments[0]): \(String(cString: strerror(code)))") }
    return pid
  }
}

private func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

/// This benchmark's own program.
let ownProgram = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path

/// A file without a name.
private func temporaryFile() throws -> Int32 {
  var name = Array("/tmp/holdfast-benchmark-XXXXXX".utf8CString)
  let file = mkstemp(&name)
  guard file >= 0 else { throw TestSupportError("cannot make a temporary file in /tmp") }
  unlink(name)
  _ = fcntl(file, F_SETFD, FD_CLOEXEC)
  return file
}

private func text(of file: Int32) -> String {
  lseek(file, 0, SEEK_SET)
  let handle = FileHandle(fileDescriptor: file, closeOnDealloc: false)
  return String(decoding: (try? handle.readToEnd()) ?? Data(), as: UTF8.self)
}

/// Runs a line of shell, to prepare something.
func shell(_ line: String, _ arguments: [String] = []) throws {
  try Command(arguments: ["/bin/sh", "-ec", line, "sh"] + arguments).run()
}
