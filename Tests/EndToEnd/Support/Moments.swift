import Foundation
import Glibc
import Synchronization
import TestSupport

/// A folder that names moments at which a worker rests or dies (`failPoint` in Sources).
struct Moments {
  let folder: URL

  /// No moment is named yet.
  init() throws { folder = try scratchDirectory("moments") }

  /// What a worker has to be started with.
  var environment: [String: String] { ["HOLDFAST_FAILPOINTS": folder.path] }

  /// The next to come by rests for so many seconds.
  func rest(at moment: String, seconds: Int) throws { try put("sleep \(seconds)", moment) }

  /// The next to come by dies.
  func die(at moment: String) throws { try put("", moment) }

  /// Waits until somebody came by.
  func passed(_ moment: String) async throws {
    let file = path(moment)
    try await eventually(within: .seconds(120), "somebody at \(moment)") {
      !FileManager.default.fileExists(atPath: file)
    }
  }

  /// The next to come by rests until it is let go, however long that is: `held` says when it is there. So does whoever comes by
  /// before that is known.
  func hold(at moment: String) throws {
    // A worker that opens it waits for one who writes.
    guard mkfifo(path(moment), 0o600) == 0 else { throw TestSupportError("cannot make a pipe for \(moment)") }
  }

  /// Waits until somebody rests at a moment that is held.
  func held(at moment: String) async throws -> Held {
    let pipe = path(moment)
    var descriptor: Int32 = -1
    try await eventually(within: .seconds(120), "somebody at \(moment)") {
      // Refused as long as nobody has it open to read.
      descriptor = open(pipe, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
      return descriptor >= 0
    }
    // Later ones pass.
    unlink(pipe)
    return Held(descriptor)
  }

  /// Whoever rests at a moment, until this says so or is gone.
  final class Held: Sendable {
    private let pipe: Mutex<Int32?>

    fileprivate init(_ descriptor: Int32) { pipe = Mutex(descriptor) }

    deinit { letGo() }

    /// Lets them go on.
    func letGo() {
      pipe.withLock { descriptor in
        if let open = descriptor { close(open) }
        descriptor = nil
      }
    }
  }

  private func put(_ text: String, _ moment: String) throws {
    try Data(text.utf8).write(to: folder.appendingPathComponent(moment))
  }

  private func path(_ moment: String) -> String { folder.appendingPathComponent(moment).path }

  /// The moments of a backup that retires the point before, in their order.
  static let ofBackup = [
    "snapshot.intended", "snapshot.taken", "snapshot.noted", "clone.intended", "clone.made", "clone.noted",
    "export.intended", "export.stored", "export.noted", "release.begun", "release.done", "restore-point.sealed",
    "restore-point.recorded", "retire.begun", "retire.removed",
  ]

  /// Those of a backup at which its application is kept from other runs, and is at rest: in their order, and first before, then after
  /// the snapshots.
  static let ofRest = [
    "hold.taken", "hook.begun", "hook.done", "freeze.begun", "freeze.frozen", "thaw.begun", "thaw.thawed", "hook.begun",
    "hook.done", "hold.freed",
  ]
}
