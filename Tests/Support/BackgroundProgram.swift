import Foundation
import Glibc
import Synchronization

/// A program that runs beside the test, in a process group and a folder of its own. What it says goes to files.
///
/// It ends with its last reference, and with the test process, however that ends (not so programs that it starts).
public final class BackgroundProgram: Sendable {
  /// Its process id, also that of its group.
  public let pid: Int32
  private let folder: URL
  private let ending: Task<Int32, Never>
  private let exitCode = Mutex<Int32?>(nil)

  /// Starts `path` with these arguments; `environment` nil hands on our own.
  public init(_ path: String, _ arguments: [String], environment: [String: String]? = nil) throws {
    let folder = try scratchDirectory("program")
    self.folder = folder
    let files = ["in", "out", "err"].map { folder.appendingPathComponent($0).path }
    let descriptors = files.map { open($0, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }
    defer { descriptors.forEach { close($0) } }
    guard descriptors.allSatisfy({ $0 >= 0 }) else { throw TestSupportError("cannot make files in \(folder.path)") }
    let child = try spawn(
      [path] + arguments, environment: environment ?? ProcessInfo.processInfo.environment, directory: folder.path,
      descriptors: descriptors)
    pid = child.pid
    // For the watchdog (see Scratch).
    try Data("\(child.pid)\n".utf8).write(to: folder.appendingPathComponent("program.pid"))
    ending = Task { await child.end() }
    Task { [weak self, ending] in
      let code = await ending.value
      self?.exitCode.withLock { $0 = code }
    }
  }

  deinit { if exitCode.withLock({ $0 }) == nil { Glibc.kill(pid, SIGKILL) } }

  /// Sends a signal to the program, not to what it started; nothing if it has ended.
  public func signal(_ number: Int32) {
    if !hasEnded { Glibc.kill(pid, number) }
  }

  /// Ends it as a crash would, and returns when it is gone.
  public func kill() async {
    signal(SIGKILL)
    _ = await ending.value
  }

  /// Whether it has ended.
  public var hasEnded: Bool { exitCode.withLock { $0 } != nil }

  /// Waits for its end; returns its exit status (128 + the signal that ended it), and throws if it does not end in time.
  public func end(within limit: Duration = .seconds(120)) async throws -> Int32 {
    do { try await eventually(within: limit, "the end of process \(pid)") { hasEnded } } catch {
      throw TestSupportError("\(error)\n\(errors.suffix(2000))")
    }
    return await ending.value
  }

  /// What it wrote to standard output so far.
  public var output: String { text("out") }
  /// What it wrote to standard error so far.
  public var errors: String { text("err") }

  private func text(_ name: String) -> String {
    (try? String(decoding: Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)) ?? ""
  }
}
