internal import PostgresClient
internal import StepKinds

/// Makes this program's step kinds known to a database, so that workflows are accepted before the first worker has started.
func announceKinds(_ connection: PostgresConnection) async throws {
  _ = try await connection.query("select holdfast.announce_kinds($1)", [.textArray(builtInKindNames)])
}
