internal import PostgresClient

/// Brings the views of a database to those of this binary without taking anything from others: views that stand on ours
/// stay, and so do rights that were granted on ours.
struct ViewReplacement {
  let connection: PostgresConnection
  /// All views, in an order in which each stands on earlier ones only.
  let views: [SchemaFile]

  /// Replaces those of the `changed` files in place. Where that can't be, since columns went or came in between, they
  /// are dropped with those of ours that stand on them, and made anew.
  /// - Returns: The paths of what was made anew, changed or not.
  /// - Throws: `StoreError`: `.notUsable` if somebody else's views stand on one that has to be dropped.
  func replace(_ changed: Set<String>) async throws -> Set<String> {
    guard !views.isEmpty else { return [] }
    let old = try await oldViews()
    var remade: Set<String> = []
    for view in views where changed.contains(view.path) {
      if try await !replaceInPlace(view) { remade.insert(view.object) }
    }
    if !remade.isEmpty {
      let dropped = try await standing(on: remade, old: old)
      let grants = try await grants(on: dropped)
      if !dropped.isEmpty { try await connection.execute(drop(dropped)) }
      remade.formUnion(dropped)
      for view in views where remade.contains(view.object) { try await view.run(on: connection) }
      for (view, grant) in grants where !old.contains(view) { try await connection.execute(grant) }
    }
    if !old.isEmpty {
      try await connection.execute(drop(old.sorted()))
      _ = try await connection.query(
        "delete from holdfast.definition where path = any ($1)", [.textArray(old.map { "views/\($0).sql" })])
    }
    return Set(views.filter { remade.contains($0.object) }.map(\.path))
  }

  /// False if it has to be dropped first; then nothing has happened.
  private func replaceInPlace(_ view: SchemaFile) async throws -> Bool {
    try await connection.execute("savepoint replaced_view")
    do throws(PostgresError) {
      try await view.run(on: connection)
    } catch {
      // Whatever is wrong with it, if it isn't that it can't be replaced, is said when it is made anew.
      guard connection.isUsable else { throw error }
      try await connection.execute("rollback to savepoint replaced_view")
      return false
    }
    try await connection.execute("release savepoint replaced_view")
    return true
  }

  /// Names of views that earlier binaries have made and this one doesn't have.
  private func oldViews() async throws -> Set<String> {
    let rows = try await connection.query(
      "select path from holdfast.definition where path like 'views/%' and path <> all ($1)",
      [.textArray(views.map(\.path))])
    return Set(try rows.map { SchemaFile(path: try $0.string(0), text: "").object })
  }

  /// These of our views and those that stand on them, as far as they exist; refuses if any of these is not ours.
  private func standing(on names: Set<String>, old: Set<String>) async throws -> [String] {
    let rows = try await connection.query(
      """
      with recursive standing (oid) as (
        select c.oid from pg_class c where c.relnamespace = 'holdfast'::regnamespace and c.relname = any ($1)
        union
        select r.ev_class
        from standing s
        join pg_depend d
          on d.refclassid = 'pg_class'::regclass and d.refobjid = s.oid and d.classid = 'pg_rewrite'::regclass
        join pg_rewrite r on r.oid = d.objid
      )
      select c.relname::text, n.nspname || '.' || c.relname, c.relnamespace = 'holdfast'::regnamespace and c.relname = any ($2)
      from standing s join pg_class c on c.oid = s.oid join pg_namespace n on n.oid = c.relnamespace
      order by 2
      """, [.textArray(names.sorted()), .textArray(views.map(\.object) + old)])
    var ours: [String] = []
    var others: [String] = []
    for row in rows {
      if try row.bool(2) { ours.append(try row.string(0)) } else { others.append(try row.string(1)) }
    }
    guard others.isEmpty else {
      throw StoreError(
        .notUsable,
        "Columns of the views \(names.sorted().joined(separator: ", ")) change, and other views stand on them: "
          + "\(others.joined(separator: ", ")). Drop these, migrate, and make them again; nothing was changed.")
    }
    return ours
  }

  /// The rights that others have on these views: each view with a statement that gives one.
  private func grants(on names: [String]) async throws -> [(view: String, statement: String)] {
    let rows = try await connection.query(
      """
      select c.relname::text, format('grant %s on holdfast.%I to %s%s', a.privilege_type, c.relname,
        case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end,
        case when a.is_grantable then ' with grant option' else '' end)
      from pg_class c
      cross join lateral aclexplode(c.relacl) a
      left join pg_roles r on r.oid = a.grantee
      where c.relnamespace = 'holdfast'::regnamespace and c.relname = any ($1) and a.grantee <> c.relowner
      """, [.textArray(names)])
    var grants: [(view: String, statement: String)] = []
    for row in rows { grants.append((try row.string(0), try row.string(1))) }
    return grants
  }

  private func drop(_ names: [String]) -> String {
    "drop view if exists " + names.map { "holdfast.\($0)" }.joined(separator: ", ")
  }
}
