public import PostgresClient

/// Brings a database to the schema of this binary.
///
/// Everything happens in one transaction under an advisory lock: ten processes at once do it once, and a failure leaves
/// what was there. Migrations are numbered and applied once; functions, views and roles are applied when they changed.
/// What others have built on our views, and granted on them, stays.
public struct Migrator: Sendable {
  /// What one run did, or would do.
  public struct Report: Sendable, Equatable {
    /// Paths below `sql/`, in the order of their application; empty if there was nothing to do.
    public var applied: [String] = []
    /// The number of the newest migration now.
    public var version = 0
  }

  /// The schema of this binary.
  public static let version = SchemaFile.all(in: "migrations").compactMap(\.version).max() ?? 0

  /// PostgreSQL 15, in the server's own way of counting.
  private static let oldestServer = 150_000

  private let migrations: [SchemaFile]
  private let definitions: [SchemaFile]

  /// A migrator to this binary's schema. `withRoles` false leaves the cluster's roles alone.
  public init(withRoles: Bool = true) {
    self.init(
      migrations: SchemaFile.all(in: "migrations"),
      definitions: SchemaFile.all(in: "functions") + SchemaFile.all(in: "views")
        + (withRoles ? SchemaFile.all(in: "roles") : []))
  }

  init(migrations: [SchemaFile], definitions: [SchemaFile]) {
    self.migrations = migrations
    self.definitions = definitions
  }

  /// Applies what is missing; with `dryRun` only says what that is.
  /// - Throws: `StoreError`: `.notUsable` if the database is newer than this binary or was changed by hand; then nothing
  ///   was applied.
  public func migrate(_ connection: PostgresConnection, dryRun: Bool = false) async throws -> Report {
    guard connection.serverVersion >= Self.oldestServer else {
      throw StoreError(
        .notUsable,
        "This is PostgreSQL \(connection.serverVersion / 10_000); Holdfast needs \(Self.oldestServer / 10_000) or later."
      )
    }
    do {
      try await connection.execute("begin; select pg_advisory_xact_lock(hashtext('holdfast.migrate'))")
      let report = try await apply(connection, dryRun: dryRun)
      try await connection.execute(dryRun ? "rollback" : "commit")
      return report
    } catch {
      if connection.isUsable { try? await connection.execute("rollback") }
      if let error = error as? PostgresError { throw StoreError(error) }
      throw error
    }
  }

  private func apply(_ connection: PostgresConnection, dryRun: Bool) async throws -> Report {
    guard let first = migrations.first(where: { $0.version == 0 }) else {
      throw StoreError(.rejected, "This binary carries no schema; it was built wrongly.")
    }
    // Even a dry run does this: it is rolled back.
    try await connection.execute("set local client_min_messages = warning; " + first.text)
    // Bodies may name functions that come later in the alphabet.
    try await connection.execute("set local check_function_bodies = off")

    let applied = try await applied(connection)
    try check(applied)
    var report = Report(version: Self.version)
    for file in migrations {
      guard let version = file.version, version > 0, applied[version] == nil else { continue }
      try await file.run(on: connection)
      _ = try await connection.query(
        "insert into holdfast.migration (version, name, checksum) values ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'))",
        [.int32(Int32(version)), .text(file.path), .text(file.text)])
      report.applied.append(file.path)
    }
    report.applied += try await applyDefinitions(connection)
    if !report.applied.isEmpty { _ = try await connection.query("select holdfast.ensure_partitions()") }
    return report
  }

  /// Refuses a database that a newer binary has migrated, or whose history is not ours.
  private func check(_ applied: [Int: String]) throws {
    let known = Dictionary(
      uniqueKeysWithValues: migrations.compactMap { file in file.version.map { ($0, file) } })
    if let newest = applied.keys.max(), newest > (known.keys.max() ?? 0) {
      throw StoreError(
        .notUsable,
        "The database has schema \(newest), and this holdfast knows only \(known.keys.max() ?? 0): it was migrated by a "
          + "newer one. Use that.")
    }
  }

  /// Versions and checksums of the migrations in the database; says which of ours differ.
  private func applied(_ connection: PostgresConnection) async throws -> [Int: String] {
    var applied: [Int: String] = [:]
    for row in try await connection.query("select version, checksum from holdfast.migration") {
      applied[Int(try row.int32(0))] = try row.string(1)
    }
    for file in migrations {
      guard let version = file.version, let checksum = applied[version] else { continue }
      let same = try await connection.query(
        "select encode(sha256(convert_to($1, 'UTF8')), 'hex') = $2", [.text(file.text), .text(checksum)])
      guard try same.single().bool(0) else {
        throw StoreError(
          .notUsable,
          "The database's migration \(version) is not the one that this holdfast has (\(file.path)): they come from "
            + "different versions, so nothing was changed.")
      }
    }
    return applied
  }

  private func applyDefinitions(_ connection: PostgresConnection) async throws -> [String] {
    let paths = definitions.map(\.path)
    let rows = try await connection.query(
      """
      select n.path
      from unnest($1::text[], $2::text[]) with ordinality n(path, body, i)
      left join holdfast.definition d
        on d.path = n.path and d.checksum = encode(sha256(convert_to(n.body, 'UTF8')), 'hex')
      where d.path is null
      order by n.i
      """, [.textArray(paths), .textArray(definitions.map(\.text))])
    var changed = Set(try rows.map { try $0.string(0) })
    guard !changed.isEmpty else { return [] }
    // What is new has to be granted.
    changed.formUnion(paths.filter { $0.hasPrefix("roles/") })
    for file in definitions where file.path.hasPrefix("functions/") && changed.contains(file.path) {
      try await replaceFunction(file, connection)
    }
    let views = definitions.filter { $0.path.hasPrefix("views/") }
    changed.formUnion(try await ViewReplacement(connection: connection, views: views).replace(changed))
    for file in definitions where file.path.hasPrefix("roles/") { try await file.run(on: connection) }

    var applied: [String] = []
    for file in definitions where changed.contains(file.path) {
      _ = try await connection.query(
        """
        insert into holdfast.definition (path, checksum) values ($1, encode(sha256(convert_to($2, 'UTF8')), 'hex'))
        on conflict (path) do update set checksum = excluded.checksum, applied_at = now()
        """, [.text(file.path), .text(file.text)])
      applied.append(file.path)
    }
    return applied
  }

  /// Replaces a function, and drops an older one of the same name with other parameters.
  private func replaceFunction(_ file: SchemaFile, _ connection: PostgresConnection) async throws {
    let existing = """
      select p.oid::int8, p.oid::regprocedure::text
      from pg_proc p where p.pronamespace = 'holdfast'::regnamespace and p.proname = $1
      """
    let before = try await connection.query(existing, [.text(file.object)])
    try await file.run(on: connection)
    let after = try await connection.query(existing, [.text(file.object)])
    guard after.count > before.count else { return }
    for row in before { try await connection.execute("drop function \(try row.string(1))") }
  }

  /// Whether the database has this binary's schema; the sentence of the error says what to do if not.
  public static func check(_ connection: PostgresConnection) async throws(StoreError) {
    let version: Int
    do {
      version = Int(try await connection.query("select holdfast.schema_version()").single().int32(0))
    } catch {
      throw StoreError(error)
    }
    if version < Self.version {
      throw StoreError(
        .notUsable, "The database has schema \(version), this holdfast needs \(Self.version): run `holdfast migrate`.")
    } else if version > Self.version {
      throw StoreError(
        .notUsable, "The database has schema \(version), this holdfast knows only \(Self.version): use a newer one.")
    }
  }
}
