internal import DocumentStore
internal import Log
internal import PostgresClient
internal import ProtectionSteps
internal import StepKinds
internal import WorkflowDSL

/// What workflow files may name as `uses`, with inputs and outputs.
let knownCatalog = StepKindCatalog(builtInSignatures + protectionSignatures)

/// Makes this program's step kinds known to a database, so that workflows are accepted before the first worker has started, and
/// lets policies follow this program's own workflows.
func announceProgram(_ connection: PostgresConnection, _ logger: Logger) async throws {
  let names = builtInKindNames + protectionSignatures.map(\.kind)
  _ = try await connection.query("select holdfast.announce_kinds($1)", [.textArray(names)])
  do {
    try await DocumentStore(connection, kinds: knownCatalog, builtIn: builtInDocuments).renewPlans()
  } catch {
    // They go on as they are; nothing else must wait for it.
    logger.warning("could not let policies follow this version's workflows", ["error": "\(error)"])
  }
}
