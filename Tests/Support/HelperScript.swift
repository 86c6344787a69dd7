import Foundation
import Synchronization

/// A Python program of this folder that says in a line of output how to reach it, and ends when its input closes: with this
/// object, and with the test process.
final class HelperScript: Sendable {
  private let input: FileHandle
  private let output: FileHandle
  private let turn = Mutex(())

  /// Starts the script.
  init(_ name: String, _ arguments: [String], python: String = "python3") throws {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(name).path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, script] + arguments
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.standardError
    try process.run()
    self.input = input.fileHandleForWriting
    self.output = output.fileHandleForReading
  }

  /// Starts the script on a thread that may wait for it, and returns it with its first line.
  static func start(
    _ name: String, _ arguments: [String], python: String = "python3"
  ) async throws -> (script: HelperScript, line: String) {
    try await withCheckedThrowingContinuation { done in
      Thread.detachNewThread {
        done.resume(
          with: Result {
            let script = try HelperScript(name, arguments, python: python)
            return (script, try script.line())
          })
      }
    }
  }

  deinit { try? input.close() }

  /// The next line that the script says.
  func line() throws -> String {
    var bytes: [UInt8] = []
    while let byte = try output.read(upToCount: 1)?.first {
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
    throw TestSupportError("a helper ended before it answered: \(String(decoding: bytes, as: UTF8.self))")
  }

  /// Sends a line and returns the answer to it.
  func ask(_ question: String) throws -> String {
    try turn.withLock { _ in
      try input.write(contentsOf: Data((question + "\n").utf8))
      return try line()
    }
  }
}
