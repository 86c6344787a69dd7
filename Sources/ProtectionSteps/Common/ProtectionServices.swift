import Concurrency
import JSON
package import PostgresClient
package import ResticRepository
import RestorePoints
import StepEngine
import WorkflowDSL

/// What the steps that protect volumes share within a worker.
package struct ProtectionServices: Sendable {
  /// The engine, for documents.
  let client: EngineClient
  /// The ledger of snapshots, clones and exports.
  let ledger: ResourceLedger
  /// The catalogue.
  let points: RestorePointStore
  /// Repositories that are open.
  package let sessions: RepositorySessions
  /// Where this machine keeps repositories' indexes.
  let cache: IndexCachePlace
  /// The node that this worker runs on, as its label says; nil if it has none.
  let node: String?
  /// What the step kind declares that has these; nil for those who write nothing into the ledger.
  private(set) var declared: StepSignature?

  /// Everything goes through `pool`.
  package init(pool: PostgresPool, node: String?, cache: IndexCachePlace = .standard) {
    client = EngineClient(pool: pool)
    ledger = ResourceLedger(pool: pool)
    points = RestorePointStore(pool: pool)
    sessions = RepositorySessions(points: points)
    self.cache = cache
    self.node = node
  }

  /// The same for a step kind that declares this.
  func declaring(_ signature: StepSignature) -> Self {
    var services = self
    services.declared = signature
    return services
  }

  /// Gives back what the steps shared.
  package func end() async { await sessions.close() }

  /// The document of this kind and name.
  /// - Throws: `StepFailure` if there is none.
  func document(_ kind: String, _ name: String) async throws -> JSONValue {
    let document = try await asking { () async throws(StepEngine.StoreError) in
      try await client.document(kind: kind, name: name)
    }
    guard let document else {
      throw StepFailure(.permanent, "there is no \(kind) '\(name)'; apply its document")
    }
    return document
  }

  /// What an application's document says now; null if there is none, as after a disaster.
  func applicationSpec(_ name: String) async throws -> JSONValue {
    let document = try await asking { () async throws(StepEngine.StoreError) in
      try await client.document(kind: "application", name: name)
    }
    return document?["spec"] ?? .null
  }

  /// A profile with its secrets, which are read anew each time: they may have been changed.
  func profile(_ name: String, log: @escaping @Sendable (String) -> Void = { _ in }) async throws -> Profile {
    let document = try await document("profile", name)
    return try await BlockingPool.shared.run { try Profile(name: name, document: document, report: log) }
  }

  /// Runs a call of the engine; what PostgreSQL can't do now may be tried again.
  func asking<Result: Sendable>(
    _ body: () async throws(StepEngine.StoreError) -> Result
  ) async throws -> Result {
    do {
      return try await body()
    } catch {
      switch error.kind {
      case .cancelled: throw CancellationError()
      case .busy: throw StepFailure(.throttled(after: .seconds(2)), error.description)
      case .invalid, .notFound, .wrongState: throw StepFailure(.permanent, error.description)
      default: throw StepFailure(.retryable, error.description)
      }
    }
  }
}
