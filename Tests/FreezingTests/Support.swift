import Foundation
import Freezing
import Glibc
import TestSupport
import Testing

/// The helper beside the test bundle.
let helper: String = {
  let bundle =
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("freezing-helper").path
}()

/// A filesystem that may be frozen, and a freezer for it.
struct FreezeGround {
  let path: String
  let runtime: String
  var freezer: Freezer

  func thaw(_ token: String = "test") async throws -> ThawOutcome {
    try #require(try await freezer.thaw(token))
  }

  @discardableResult
  func freeze(_ token: String = "test", deadline: Duration = .seconds(60)) async throws -> FrozenState {
    try await freezer.freeze(path, deadline: deadline, token: token)
  }

  /// A program that writes a file, which takes as long as the filesystem is frozen.
  func writer(_ name: String = "written") throws -> BackgroundProgram {
    try BackgroundProgram("/bin/sh", ["-c", "echo text >\"$0\"", "\(path)/\(name)"])
  }

  /// Another process that freezes and then lives on.
  func holder(_ how: String = "hold", seconds: Double = 60, token: String = "test") async throws -> BackgroundProgram {
    let program = try BackgroundProgram(
      helper, [how, path, String(seconds), token], environment: ["HOLDFAST_RUNTIME": runtime])
    try await eventually("a freeze by another process: \(program.output)") { program.output.contains("frozen") }
    return program
  }

  /// Kills another process that holds a freeze, and its guard, so that neither sees the other's end.
  func killBoth(_ worker: BackgroundProgram) async throws {
    let guardProcess = try worker.guardProcess
    worker.signal(SIGSTOP)
    kill(guardProcess, SIGKILL)
    worker.signal(SIGKILL)
    #expect(try await worker.end() == 128 + SIGKILL)
    try await eventually("the end of the guard") { kill(guardProcess, 0) != 0 }
  }

  /// Waits until a writer could write: long before the usual deadline, which would thaw in the end, too.
  func expectThawed() async throws {
    let start = ContinuousClock.now
    let program = try writer("after")
    #expect(try await program.end(within: .seconds(90)) == 0)
    #expect(.now - start < .seconds(30), "it took \(ContinuousClock.now - start)")
  }
}

extension BackgroundProgram {
  /// The guard of the freeze that a `holder` has told of.
  var guardProcess: Int32 {
    get throws { try #require(output.split(separator: " ").last.flatMap { Int32($0.filter(\.isNumber)) }) }
  }
}

/// Whether nothing has `path` frozen: thawing what is not frozen is refused.
func isThawed(_ path: String) async throws -> Bool {
  let result = try await runProgram("/sbin/fsfreeze", ["--unfreeze", path], environment: ["LC_ALL": "C"])
  return result.exitCode != 0 && result.errors.contains("Invalid argument")
}

/// Gives a filesystem of a kind, and makes sure that it does not stay frozen.
func withGround(_ kind: LoopFileSystem = .ext4, _ body: (FreezeGround) async throws -> Void) async throws {
  try await kind.withOwn(megabytes: kind == .ext4 ? 64 : 320) { mount in
    let runtime = try scratchDirectory("runtime").path
    let ground = FreezeGround(
      path: mount.path, runtime: runtime,
      freezer: Freezer(runtimeFolder: "\(runtime)/freeze", guardCommand: [helper, FreezeGuard.command]))
    let result: Result<Void, any Error>
    do { result = .success(try await body(ground)) } catch { result = .failure(error) }
    #expect(try await isThawed(mount.path), "it is left frozen")
    // A guard that was still starting when its worker was killed learns that a little later.
    try await eventually(within: .seconds(30), "the end of all guards") { try await ground.freezer.held().isEmpty }
    try result.get()
  }
}
