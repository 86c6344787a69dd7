import Foundation
import Glibc
import TestSupport

/// A terminal with a shell in it, typed into and read as a person would: one tmux server with one window.
///
/// The server ends with its last reference, and with the test process; what runs in the shell then gets SIGHUP.
final class TerminalWindow: Sendable {
  private let server: BackgroundProgram
  private let folder: URL
  /// Every command that ended leaves its exit code there.
  private let exitCodes: URL

  /// How long anything may take to show up: machines are slow when they test.
  static let patience = Duration.seconds(120)
  /// Where tmux is; nil if it isn't installed.
  static let tmux = ["/usr/bin/tmux", "/usr/local/bin/tmux"].first { (path: String) in access(path, X_OK) == 0 }

  private let tmux: String

  /// Opens the terminal with a shell in `directory`.
  init(_ tmux: String, columns: Int, rows: Int, directory: String, environment: [String: String]) async throws {
    self.tmux = tmux
    let folder = try scratchDirectory("terminal")
    self.folder = folder
    exitCodes = folder.appendingPathComponent("exit-codes")
    try Data().write(to: exitCodes)
    let settings = folder.appendingPathComponent("shell").path
    // PATH again: tmux takes that of the client that makes the window.
    let path = environment["PATH"] ?? "/usr/bin:/bin"
    try #"""
    export PATH='\#(path)'
    PS1='$ '
    PROMPT_COMMAND='echo $? >>"$EXIT_CODES"'
    unset HISTFILE
    """#.write(toFile: settings, atomically: true, encoding: .utf8)
    let environment = environment.merging([
      "EXIT_CODES": exitCodes.path, "LANG": "C.UTF-8", "TERM": "xterm", "SHELL": "/bin/bash",
    ]) { $1 }
    // In the foreground (-D), so that it is a program of this test like any other.
    server = try BackgroundProgram(
      tmux, ["-S", folder.appendingPathComponent("tmux").path, "-f", "/dev/null", "-u", "-D"], environment: environment)
    let socket = folder.appendingPathComponent("tmux").path
    try await eventually(within: Self.patience, "a tmux server") { access(socket, F_OK) == 0 }
    try await control([
      "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "-c", directory,
      "exec bash --noprofile --rcfile '\(settings)' -i",
    ])
    try await eventually(within: Self.patience, "a prompt") { try await isAtPrompt() }
  }

  /// Types a line into the empty screen and presses return; does not wait.
  func enter(_ line: String) async throws {
    // A clean screen, so that what is waited for is not from before.
    try await control(["send-keys", "C-l"])
    try await eventually(within: Self.patience, "an empty screen") { try await screen() == "$" }
    try await control(["send-keys", "-l", line])
    try await control(["send-keys", "Enter"])
  }

  /// Types a line, waits for the next prompt, and returns the screen and the exit code.
  func run(_ line: String) async throws -> (screen: String, exitCode: Int) {
    let before = finished.count
    try await enter(line)
    return try await end(after: before, of: line)
  }

  /// How many commands have ended.
  var count: Int { finished.count }

  /// Waits until more than `count` commands have ended.
  func end(after count: Int, of line: String) async throws -> (screen: String, exitCode: Int) {
    try await show("the end of '\(line)'") { [self] _ in
      guard finished.count > count else { return false }
      return try await isAtPrompt()
    }
    return (try await screen(), finished.last ?? -1)
  }

  /// Waits until the screen has a text, and returns it.
  /// - Parameter isWhole: whether it has all else that is to be there beside it: it may be seen while it is being drawn.
  @discardableResult
  func wait(for text: String, _ isWhole: (String) -> Bool = { _ in true }) async throws -> String {
    var found = ""
    let before = count
    try await show("'\(text)'") { screen in
      found = screen
      if screen.contains(text), isWhole(screen) { return true }
      // With the prompt, all that the command has written is there.
      if Self.isAtPrompt(screen), count > before { throw TestSupportError("the command ended without '\(text)'") }
      return false
    }
    return found
  }

  /// Answers a question of what is running; does not wait.
  func answer(_ line: String) async throws {
    try await control(["send-keys", "-l", line])
    try await control(["send-keys", "Enter"])
  }

  /// Presses Ctrl-C.
  func interrupt() async throws { try await control(["send-keys", "C-c"]) }

  /// Makes the terminal as wide and high as that.
  func resize(columns: Int, rows: Int) async throws {
    try await control(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  /// What a person sees now, without the empty rest of lines and screen.
  func screen() async throws -> String {
    let text = try await control(["capture-pane", "-p"])
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      String(line.reversed().drop { $0 == " " }.reversed())
    }
    while lines.last?.isEmpty ?? false { lines.removeLast() }
    return lines.joined(separator: "\n")
  }

  /// Ends the shell and the terminal.
  func close() async {
    _ = try? await control(["kill-server"])
    await server.kill()
  }

  private var finished: [Int] {
    // The first is that of the first prompt.
    let text = (try? String(contentsOf: exitCodes, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").dropFirst().compactMap { Int($0) }
  }

  private func isAtPrompt() async throws -> Bool { Self.isAtPrompt(try await screen()) }

  private static func isAtPrompt(_ screen: String) -> Bool { screen.split(separator: "\n").last == "$" }

  private func show(_ what: String, _ condition: (String) async throws -> Bool) async throws {
    var last = ""
    do {
      try await eventually(within: Self.patience, what) {
        last = try await screen()
        return try await condition(last)
      }
    } catch {
      throw TestSupportError("\(error); the screen:\n\(last)")
    }
  }

  @discardableResult
  private func control(_ arguments: [String]) async throws -> String {
    let socket = folder.appendingPathComponent("tmux").path
    let result = try await runProgram(
      tmux, ["-S", socket, "-u"] + arguments, environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"])
    guard result.exitCode == 0 else {
      throw TestSupportError("tmux \(arguments.joined(separator: " ")): \(result.errors)\(server.errors)")
    }
    return result.output
  }
}
