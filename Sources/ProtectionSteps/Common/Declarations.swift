import JSON
import StepEngine
import WorkflowDSL

/// The kinds of outside objects that these steps write into the ledger.
package enum ResourceKind {
  /// A driver's snapshot.
  package static let snapshot = "snapshot"
  /// What a driver makes of one to read from.
  package static let clone = "clone"
  /// A snapshot in a repository.
  package static let export = "export"
  /// What a repository says of a restore point, until the catalogue has the point.
  package static let description = "description"
  /// A folder that something is restored to for a while.
  package static let scratch = "scratch"
}

/// The named limits that steps of the built-in workflows count against, once somebody has set them.
enum NamedLimit {
  /// Exports of snapshots, whole or in parts. What is exported while its application is at rest waits for no limit.
  static let exports = "exports"
}

/// A step kind that protects volumes, and declares what it does.
protocol ProtectionStepKind: StepKind {
  /// What it takes, puts out, makes outside and is bounded by.
  static var signature: StepSignature { get }

  /// With what these steps share, narrowed to what the kind declares.
  init(services: ProtectionServices)
}

extension ProtectionServices {
  /// Writes into the ledger that the step is about to make, or to release, an outside object.
  /// - Throws: `StepFailure` if its kind does not declare such objects: nobody would have been told that it makes them.
  func intend(
    _ kind: String, _ name: String, driver: String, detail: JSONValue, _ step: StepContext
  ) async throws -> ResourceLedger.Entry {
    guard declared?.resources.contains(kind) ?? false else {
      let stepKind = declared.map { "'\($0.kind)'" } ?? "its kind"
      throw StepFailure(
        .permanent,
        "step \(step.name): the \(kind) \(name) was not made or removed, since \(stepKind) does not declare such objects; this is a mistake in Holdfast, please report it"
      )
    }
    return try await asking { () async throws(StoreError) in
      try await ledger.intend(step.held, kind: kind, driver: driver, name: name, detail: detail)
    }
  }
}
