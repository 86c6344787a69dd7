import Foundation
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
    let file = folder.appendingPathComponent(moment).path
    try await eventually(within: .seconds(60), "somebody at \(moment)") {
      !FileManager.default.fileExists(atPath: file)
    }
  }

  private func put(_ text: String, _ moment: String) throws {
    try Data(text.utf8).write(to: folder.appendingPathComponent(moment))
  }

  /// The moments of a backup that retires the point before, in their order.
  static let ofBackup = [
    "snapshot.intended", "snapshot.taken", "snapshot.noted", "clone.intended", "clone.made", "clone.noted",
    "export.intended", "export.stored", "export.noted", "release.begun", "release.done", "restore-point.sealed",
    "restore-point.recorded", "retire.begun", "retire.removed",
  ]
}
