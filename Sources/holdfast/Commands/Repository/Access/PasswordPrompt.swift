internal import CommandSyntax
internal import Concurrency
internal import Glibc
internal import Terminal

/// Asks for a password on the terminal, without showing what is typed. Standard input stays free for data.
enum PasswordPrompt {
  /// Longer lines are refused.
  private static let limit = 4096

  /// What was typed.
  /// - Throws: `CommandFailure` if there is no terminal, nothing was typed, or the two times differ.
  static func ask(_ question: String, twice: Bool) async throws -> [UInt8] {
    let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw CommandFailure(
        .failed,
        "the repository's password is needed, and there is no terminal to ask for it; give --password-file FILE or "
          + "--password-command COMMAND, or set HOLDFAST_PASSWORD")
    }
    defer { close(descriptor) }
    var before = termios()
    guard tcgetattr(descriptor, &before) == 0 else {
      throw CommandFailure(.failed, "the terminal can't be asked for the password: \(String(cString: strerror(errno)))")
    }
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO)
    silent.c_lflag |= tcflag_t(ICANON | ISIG)
    tcsetattr(descriptor, TCSAFLUSH, &silent)
    // However it ends, also by Ctrl-C: a terminal without echo is useless.
    defer { tcsetattr(descriptor, TCSAFLUSH, &before) }
    let first = try await line(question, descriptor)
    guard twice else { return first }
    guard try await line("the same again", descriptor) == first else {
      throw CommandFailure(.failed, "the two passwords differ; nothing was changed")
    }
    return first
  }

  private static func line(_ question: String, _ descriptor: Int32) async throws -> [UInt8] {
    writeText("\(question): ", to: descriptor)
    defer { writeText("\n", to: descriptor) }
    var typed: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: limit)
    while typed.count < limit {
      do {
        _ = try await Reactor.shared.wait(for: .readable, on: descriptor)
      } catch {
        if Task.isCancelled { throw CancellationError() }
        throw CommandFailure(.failed, "the terminal can't be read: \(error)")
      }
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EAGAIN || errno == EINTR { continue }
      guard count > 0 else { break }
      typed += buffer[..<count]
      if typed.last == UInt8(ascii: "\n") {
        typed.removeLast()
        return typed
      }
    }
    throw CommandFailure(.failed, "no password was typed")
  }
}
