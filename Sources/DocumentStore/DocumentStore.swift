public import JSON
public import PostgresClient
internal import StepEngine
public import WorkflowDSL

/// The documents in PostgreSQL: applied together or not at all, with the schedules of policies that follow from them.
public struct DocumentStore {
  private let connection: PostgresConnection
  private let kinds: StepKindCatalog
  private let builtIn: [Document]

  /// The documents of the database that a connection leads to.
  ///
  /// - Parameters:
  ///   - kinds: The step kinds that workflows may name.
  ///   - builtIn: What the program brings along; it counts where nothing of its name was applied.
  public init(_ connection: PostgresConnection, kinds: StepKindCatalog, builtIn: [Document] = []) {
    self.connection = connection
    self.kinds = kinds
    self.builtIn = builtIn
  }

  /// Every document that is in force.
  public func documents() async throws -> [StoredDocument] {
    try await connection.query(
      """
      select kind, name, version, source, (extract(epoch from applied_at) * 1000000)::int8, coalesce(applied_by, '')
      from holdfast.document_status order by kind, name
      """
    ).compactMap { row in
      guard let kind = DocumentKind.allCases.first(where: { $0.noun == (try? row.string(0)) }) else { return nil }
      return StoredDocument(
        reference: DocumentReference(kind: kind, name: try row.string(1)), version: Int(try row.int32(2)),
        source: try row.string(3), appliedAtMicroseconds: try row.int64(4), appliedBy: try row.string(5))
    }
  }

  /// Every document that is in force, and those of the program that no other has replaced.
  public func allDocuments() async throws -> [StoredDocument] {
    let stored = try await documents()
    let names = Set(stored.map(\.reference))
    let own = builtIn.filter { !names.contains($0.reference) }.map(StoredDocument.init(builtIn:))
    return (stored + own).sorted { "\($0.reference)" < "\($1.reference)" }
  }

  /// A document that is in force; nil if there is none of this name.
  public func document(_ reference: DocumentReference) async throws -> StoredDocument? {
    try await documents().first { $0.reference == reference }
  }

  /// Puts the documents of files into force, all in one transaction.
  ///
  /// - Parameters:
  ///   - by: Who does it, for the record.
  ///   - dryRun: Say what would happen, and change nothing.
  ///   - warn: Told of what may be wrong with them, if that keeps nothing out.
  /// - Throws: `DocumentErrors` if something is wrong with them; then nothing was changed.
  public func apply(
    _ files: [DocumentFile], by: String, dryRun: Bool = false, warn: ([Diagnostic]) -> Void = { _ in }
  ) async throws -> [ApplyOutcome] {
    try await inTransaction(dryRun: dryRun) {
      let stored = try await documents()
      let set = self.set(files, stored)
      let diagnostics = set.check()
      guard diagnostics.allSatisfy({ $0.severity == .warning }) else { throw DocumentErrors(diagnostics: diagnostics) }
      warn(diagnostics)
      var versions = Dictionary(stored.map { ($0.reference, $0.version) }, uniquingKeysWith: { $1 })
      var outcomes: [ApplyOutcome] = []
      for document in files.flatMap(\.documents) {
        let outcome = try await put(document, by: by)
        versions[document.reference] = outcome.version
        outcomes.append(outcome)
      }
      try await followSchedules(of: set, versions, applied: Set(outcomes.map(\.reference)))
      return outcomes
    }
  }

  /// Gives the engine the plans of all policies anew: after an upgrade, built-in workflows may say something else.
  public func renewPlans() async throws {
    try await inTransaction(dryRun: false) {
      let stored = try await documents()
      let versions = Dictionary(stored.map { ($0.reference, $0.version) }, uniquingKeysWith: { $1 })
      try await followSchedules(of: set([], stored), versions, applied: [])
    }
  }

  /// Takes documents out of force, all in one transaction.
  /// - Returns: for each whether it was there.
  /// - Throws: `DocumentErrors` if others that stay refer to one of them; then nothing was changed.
  public func delete(_ references: [DocumentReference]) async throws -> [Bool] {
    try await inTransaction(dryRun: false) {
      let all = try await documents()
      let staying = all.filter { !references.contains($0.reference) }
      let set = DocumentSet(staying.map(\.file), applied: [], builtIn: builtIn, kinds: kinds)
      // What was wrong before, by the rules of a newer release, is no reason to keep others.
      let known = Set(DocumentSet(all.map(\.file), applied: [], builtIn: builtIn, kinds: kinds).check())
      let diagnostics = set.check().filter { $0.severity == .error && !known.contains($0) }
      guard diagnostics.isEmpty else { throw DocumentErrors(diagnostics: diagnostics) }
      var found: [Bool] = []
      for reference in references {
        found.append(
          try await connection.query(
            "select holdfast.delete_document($1, $2)", [.text(reference.kind.noun), .text(reference.name)]
          ).single().bool(0))
      }
      let versions = Dictionary(staying.map { ($0.reference, $0.version) }, uniquingKeysWith: { $1 })
      try await followSchedules(of: set, versions, applied: [])
      return found
    }
  }

  /// The plan of a run of a workflow that is in force, or of one in `files`, and the versions it is of.
  /// - Throws: `PlanError`.
  public func plan(workflow name: String, _ parameters: [String: JSONValue], files: [DocumentFile] = []) async throws
    -> JSONValue
  {
    let stored = try await documents()
    let set = self.set(files, stored)
    let isFromFile = files.contains { $0.documents.contains { $0.workflow?.name.value == name } }
    let plan = try set.plan(workflow: name, parameters: parameters)
    return isFromFile ? plan : plan.with(version: version(of: name, stored))
  }

  /// The plan that a policy runs now.
  /// - Throws: `PlanError`, also if it selects no application.
  public func plan(policy name: String) async throws -> JSONValue {
    let stored = try await documents()
    let plan = try set([], stored).plan(policy: name, needsApplications: true)
    return plan.with(version: plan["workflow"]?.string.flatMap { version(of: $0, stored) })
  }

  private func set(_ files: [DocumentFile], _ stored: [StoredDocument]) -> DocumentSet {
    DocumentSet(files, applied: stored.compactMap(\.document), builtIn: builtIn, kinds: kinds)
  }

  private func version(of workflow: String, _ stored: [StoredDocument]) -> Int? {
    stored.first { $0.reference == DocumentReference(kind: .workflow, name: workflow) }?.version
  }

  private func put(_ document: Document, by: String) async throws -> ApplyOutcome {
    let labels = JSONValue.object(document.labels.mapValues { .string($0) })
    let row = try await connection.query(
      "select version, outcome from holdfast.put_document($1, $2, $3, $4, $5, $6)",
      [
        .text(document.kind.noun), .text(document.name.value), .jsonb(labels.text), .text(document.source),
        .jsonb(document.json.text), .text(by),
      ]
    ).single()
    return ApplyOutcome(
      reference: document.reference, version: Int(try row.int32(0)),
      change: ApplyOutcome.Change(rawValue: try row.string(1)) ?? .configured)
  }

  /// Gives the engine the schedules of all policies, with the plans that follow from the documents as they are now: a policy's
  /// plan changes with its workflow, and with the applications that it selects. Those are then the ones that it protects.
  private func followSchedules(
    of set: DocumentSet, _ versions: [DocumentReference: Int], applied: Set<DocumentReference>
  ) async throws {
    for document in set.documents(of: .policy) {
      guard let policy = document.policy else { continue }
      let name = policy.name.value
      guard policy.hasSchedule else {
        _ = try await connection.query("select holdfast.drop_policy($1)", [.text(name)])
        continue
      }
      // See below.
      guard let schedule = policy.schedule else { continue }
      let workflow = DocumentReference(kind: .workflow, name: policy.workflow.value)
      let plan: JSONValue
      do throws(PlanError) {
        plan = try set.plan(policy: name)
      } catch {
        // What another version of this program took, and this one doesn't, goes on as it is: others must not wait for it.
        guard applied.contains(document.reference) || applied.contains(workflow) else { continue }
        throw DocumentErrors(diagnostics: [
          Diagnostic(.error, file: "policy/\(name)", at: policy.name.place, error.description)
        ])
      }
      _ = try await connection.query(
        "select holdfast.put_policy($1, $2, $3, $4)",
        [
          .text(name), .jsonb(schedule.text), .jsonb(plan.with(version: versions[workflow]).text),
          .bool(policy.isEnabled),
        ])
    }
    _ = try await connection.query("select holdfast.follow_protection()")
  }

  /// One writer of documents at a time, so that what was checked is what is kept.
  private func inTransaction<Result>(dryRun: Bool, _ body: () async throws -> Result) async throws -> Result {
    var tried: Result?
    do {
      return try await connection.transaction { connection in
        _ = try await connection.query("select pg_advisory_xact_lock(hashtext('holdfast.documents'))")
        let result = try await body()
        if dryRun {
          tried = result
          throw DryRunIsOver()
        }
        return result
      }
    } catch let error as PostgresError {
      throw StoreError(error)
    } catch let over as DryRunIsOver {
      guard let tried else { throw over }
      return tried
    }
  }
}

/// Thrown to roll back what was only tried.
private struct DryRunIsOver: Error {}

extension JSONValue {
  fileprivate func with(version: Int?) -> JSONValue {
    guard case .object(var members) = self, let version else { return self }
    members["version"] = .int(Int64(version))
    return .object(members)
  }
}
