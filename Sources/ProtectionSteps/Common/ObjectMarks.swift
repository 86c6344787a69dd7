import JSON
import RestorePoints
import StepEngine
import WorkflowDSL

extension ProtectionServices {
  /// These volumes, with what sets the objects that are about to be made of them apart from all others: the installation, and a
  /// mark of chance.
  ///
  /// The number of a run does not do: in a database that was restored from a dump, numbers begin again where the dump ended, and
  /// a snapshot from before the disaster must never pass for one of today.
  func marked(_ volumes: [JSONValue]) async throws -> [JSONValue] {
    let tag = try await asking { () async throws(StoreError) in try await points.installation() }
    let letters = Array("abcdefghjkmnpqrstuvwxyz23456789")
    let mark = String((0..<6).map { _ in letters[Int.random(in: letters.indices)] })
    return volumes.map { $0.with("tag", .string(tag)).with("mark", .string(mark)) }
  }
}
