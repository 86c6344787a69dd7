import PostgresClient
import TestSupport
import Testing

@testable import StepEngine

@Suite("Migrations")
struct MigrationTests {
  private func withDatabase(_ body: (PostgresConfiguration) async throws -> Void) async throws {
    let server = try await PostgresInstance.shared
    let name = try await server.makeDatabase()
    try await body(PostgresConfiguration(server.url(database: name)))
  }

  /// Every object of the schema with what it is made of, in one text.
  private func schema(_ connection: PostgresConnection) async throws -> String {
    try await connection.query(
      """
      select coalesce(string_agg(x, E'\\n' order by x), 'nothing') from (
        select 'relation ' || c.relname || c.relkind::text as x from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'holdfast'
        union all
        select 'function ' || p.proname || md5(p.prosrc) || p.xmin from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'holdfast'
        union all select 'schema ' || nspname from pg_namespace where nspname = 'holdfast') o
      """
    ).single().string(0)
  }

  @Test("a second migration finds nothing to do")
  func twice() async throws {
    try await withDatabase { configuration in
      let connection = try await PostgresConnection.open(configuration)
      let first = try await Migrator().migrate(connection)
      #expect(first.applied.contains("migrations/004-run.sql") && first.applied.contains("functions/submit.sql"))
      #expect(first.version == Migrator.version)
      let before = try await schema(connection)
      #expect(try await Migrator().migrate(connection).applied == [])
      #expect(try await schema(connection) == before)
      try await Migrator.check(connection)
    }
  }

  @Test("ten migrations at once apply everything once")
  func atOnce() async throws {
    try await withDatabase { configuration in
      let reports = try await withThrowingTaskGroup(of: [String].self) { group in
        for _ in 0..<10 {
          group.addTask { try await Migrator().migrate(PostgresConnection.open(configuration)).applied }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(reports.filter { !$0.isEmpty }.count == 1)
      #expect(reports.count == 10)
    }
  }

  @Test("a dry run says what it would do, and does nothing")
  func dryRun() async throws {
    try await withDatabase { configuration in
      let connection = try await PostgresConnection.open(configuration)
      let report = try await Migrator().migrate(connection, dryRun: true)
      #expect(report.applied.contains("migrations/001-schema.sql"))
      #expect(try await schema(connection) == "nothing")
      #expect(try await Migrator().migrate(connection).applied == report.applied)
    }
  }

  @Test("a database of a newer version is refused")
  func newer() async throws {
    try await withDatabase { configuration in
      let connection = try await PostgresConnection.open(configuration)
      _ = try await Migrator().migrate(connection)
      try await connection.execute("insert into holdfast.migration values (9999, 'migrations/9999-later.sql', 'x')")
      let error = await storeError { _ = try await Migrator().migrate(connection) }
      #expect(error?.kind == .notUsable)
      #expect(
        error?.description
          == "The database has schema 9999, and this holdfast knows only \(Migrator.version): it was migrated by a newer one. Use that."
      )
      #expect(
        await storeError { try await Migrator.check(connection) }?.description
          == "The database has schema 9999, this holdfast knows only \(Migrator.version): use a newer one.")
    }
  }

  @Test("a database whose migration has another checksum is refused and left alone")
  func foreign() async throws {
    try await withDatabase { configuration in
      let connection = try await PostgresConnection.open(configuration)
      _ = try await Migrator().migrate(connection)
      try await connection.execute("update holdfast.migration set checksum = 'abc' where version = 4")
      let before = try await schema(connection)
      let error = await storeError { _ = try await Migrator().migrate(connection) }
      #expect(error?.kind == .notUsable)
      #expect(
        error?.description
          == "The database's migration 4 is not the one that this holdfast has (migrations/004-run.sql): they come from "
          + "different versions, so nothing was changed.")
      #expect(try await schema(connection) == before)
    }
  }

  @Test("a migration that fails leaves nothing of itself or of those before it")
  func failing() async throws {
    try await withDatabase { configuration in
      let connection = try await PostgresConnection.open(configuration)
      let broken = Migrator(
        migrations: SchemaFile.all(in: "migrations") + [
          SchemaFile(path: "migrations/900-broken.sql", text: "select nothing_here()")
        ],
        definitions: SchemaFile.all(in: "functions"))
      let error = await storeError { _ = try await broken.migrate(connection) }
      #expect(error?.description.contains("sql/migrations/900-broken.sql") == true)
      #expect(error?.description.contains("nothing_here() does not exist") == true)
      #expect(try await schema(connection) == "nothing")
      #expect(connection.isUsable && !connection.isInTransaction)
      #expect(await storeError { try await Migrator.check(connection) }?.kind == .notUsable)
    }
  }

  @Test("a function with new parameters takes the place of the old one")
  func replacedFunction() async throws {
    try await withDatabase { configuration in
      let connection = try await PostgresConnection.open(configuration)
      _ = try await Migrator().migrate(connection)
      let file = SchemaFile(
        path: "functions/setting.sql",
        text: """
          create or replace function holdfast.setting(p_name text, p_more int default 1) returns text
          language sql stable return (select s.value from holdfast.setting s where s.name = p_name);
          """)
      let changed = SchemaFile.all(in: "functions").map { $0.path == file.path ? file : $0 }
      let report = try await Migrator(migrations: SchemaFile.all(in: "migrations"), definitions: changed).migrate(
        connection)
      #expect(report.applied == ["functions/setting.sql"])
      let count = try await connection.query("select count(*) from pg_proc where proname = 'setting'").single().int64(0)
      #expect(count == 1)
      #expect(try await connection.query("select holdfast.setting('max_crashes')").single().string(0) == "3")
    }
  }

  @Test("earlier imports are believed no more than later ones, and no point is of the time after it was recorded")
  func earlierPoints() async throws {
    try await withDatabase { configuration in
      let connection = try await PostgresConnection.open(configuration)
      _ = try await Migrator().migrate(connection)
      try await connection.execute(
        """
        select holdfast.put_point(
          jsonb_build_object(
            'name', n, 'application', 'shop', 'createdAt', '2026-01-01T00:00:00Z', 'consistency', 'crash', 'pinned', true,
            'volumes', jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
              'name', 'data', 'driver', 'exec', 'snapshot', 'hf-' || n,
              'export', case when n = 'exported' then repeat('a', 64) end,
              'source', '{"path": "/srv", "program": "/bin/sh", "options": {"c": "x"}, "kind": "image", "exclude": "x"}'::jsonb)))),
          case when n = 'ours' then 1 end)
        from unnest('{exported,unknown,known,ours}'::text[]) n;
        insert into holdfast.resource (kind, driver, name, run_id, step_id, state, detail)
        values ('snapshot', 'exec', 'hf-known', 2, 2, 'exists',
          '{"point": "known", "volume": {"name": "data", "path": "/known", "program": "/opt/driver"}}');
        update holdfast.restore_point set created_at = '2999-01-01 00:00Z', expires_at = '2999-01-01 01:00Z' where name = 'ours';
        """)
      for file in SchemaFile.all(in: "migrations") where [106, 107].contains(file.version) {
        try await file.run(on: connection)
      }
      let points = try await connection.query(
        """
        select string_agg(concat_ws(' ', p.name, p.state, p.snapshots, v.snapshot_state, v.source), E'\\n' order by p.name)
        from holdfast.restore_point p join holdfast.point_volume v on v.point_id = p.point_id
        where v.source = p.document -> 'volumes' -> 0 -> 'source'
        """
      ).single().string(0)
      #expect(
        points == #"""
          exported complete 0 released {"kind": "image", "name": "data", "path": "/srv", "driver": "exec"}
          known complete 1 exists {"kind": "image", "name": "data", "path": "/known", "driver": "exec", "program": "/opt/driver"}
          ours complete 1 exists {"kind": "image", "path": "/srv", "exclude": "x", "options": {"c": "x"}, "program": "/bin/sh"}
          unknown retired 0 released {"kind": "image", "name": "data", "path": "/srv", "driver": "exec"}
          """#)
      let times = try await connection.query(
        """
        select bool_and(p.created_at <= p.recorded_at)
          and bool_and(abs(extract(epoch from p.expires_at - p.created_at) - 3600) < 1)
        from holdfast.restore_point p
        """)
      #expect(try times.single().bool(0))
    }
  }

  /// The views with one of them as given.
  private func migrator(_ view: String, _ text: String) -> Migrator {
    let file = SchemaFile(path: "views/\(view).sql", text: text)
    return Migrator(
      migrations: SchemaFile.all(in: "migrations"),
      definitions: SchemaFile.all(in: "functions")
        + SchemaFile.all(in: "views").map { $0.path == file.path ? file : $0 } + SchemaFile.all(in: "roles"))
  }

  @Test("what others have built on views and granted on them stays, whatever changes")
  func foreignViews() async throws {
    try await withDatabase { configuration in
      let connection = try await PostgresConnection.open(configuration)
      _ = try await Migrator().migrate(connection)
      let role = "viewer_\(UInt32.random(in: 0...UInt32.max))"
      try await connection.execute(
        """
        create role \(role);
        grant select on holdfast.freezes, holdfast.step_need to \(role);
        create view public.frozen as select path from holdfast.freezes;
        """)
      // A function changes: no view is touched.
      let function = SchemaFile.all(in: "functions").map {
        $0.object == "setting" ? SchemaFile(path: $0.path, text: $0.text + "-- changed\n") : $0
      }
      _ = try await Migrator(
        migrations: SchemaFile.all(in: "migrations"),
        definitions: function + SchemaFile.all(in: "views") + SchemaFile.all(in: "roles")
      ).migrate(connection)
      #expect(try await connection.query("select count(*) from public.frozen").single().int64(0) == 0)

      // A view gets one column more.
      let freezes = try #require(SchemaFile.all(in: "views").first { $0.object == "freezes" }?.text)
      let more = "create or replace view holdfast.freezes as select f.*, 1 as more from (\(try query(freezes))) f"
      let report = try await migrator("freezes", more).migrate(connection)
      #expect(report.applied.filter { $0.hasPrefix("views/") } == ["views/freezes.sql"])
      #expect(try await connection.query("select count(more) from holdfast.freezes").single().int64(0) == 0)
      #expect(try await connection.query("select count(*) from public.frozen").single().int64(0) == 0)

      // It loses one: that can't be while another view stands on it, and is said.
      let less = "create or replace view holdfast.freezes as select 1 as other"
      let error = await storeError { _ = try await migrator("freezes", less).migrate(connection) }
      #expect(error?.kind == .notUsable)
      #expect(
        error?.description
          == "Columns of the views freezes change, and other views stand on them: public.frozen. Drop these, migrate, "
          + "and make them again; nothing was changed.")
      #expect(try await connection.query("select count(more) from holdfast.freezes").single().int64(0) == 0)
      try await connection.execute("drop view public.frozen")
      _ = try await migrator("freezes", less).migrate(connection)
      #expect(try await connection.query("select other from holdfast.freezes").single().int32(0) == 1)
      let rights = try await connection.query(
        "select count(*) from unnest(array['freezes', 'step_need']) v where has_table_privilege($1, 'holdfast.' || v, 'select')",
        [.text(role)]
      ).single().int64(0)
      #expect(rights == 2)
      #expect(
        try await connection.query("select has_table_privilege('holdfast_reader', 'holdfast.freezes', 'select')")
          .single().bool(0))
      // And back, which is another change of columns.
      _ = try await Migrator().migrate(connection)
      #expect(try await Migrator().migrate(connection).applied == [])
      try await connection.execute("drop owned by \(role); drop role \(role)")
    }
  }

  @Test("a view that a new version doesn't have goes, and what stands on a remade one is made anew with it")
  func remadeViews() async throws {
    try await withDatabase { configuration in
      let connection = try await PostgresConnection.open(configuration)
      func migrate(_ views: [String: String]) async throws -> [String] {
        let files = views.map { SchemaFile(path: "views/\($0.key).sql", text: $0.value) }.sorted { $0.path < $1.path }
        return try await Migrator(
          migrations: SchemaFile.all(in: "migrations"), definitions: SchemaFile.all(in: "functions") + files
        ).migrate(connection).applied.filter { $0.hasPrefix("views/") }
      }
      func view(_ name: String, _ query: String) -> String { "create or replace view holdfast.\(name) as \(query)" }
      let upper = view("b", "select x from holdfast.a")
      _ = try await migrate([
        "a": view("a", "select 1 as x, 2 as y"), "b": upper, "gone": view("gone", "select y from holdfast.a"),
      ])
      let applied = try await migrate(["a": view("a", "select 'one' as x"), "b": upper])
      #expect(applied == ["views/a.sql", "views/b.sql"])
      #expect(try await connection.query("select x from holdfast.b").single().string(0) == "one")
      #expect(try await connection.query("select to_regclass('holdfast.gone') is null").single().bool(0))
      #expect(
        try await connection.query("select count(*) from holdfast.definition where path = 'views/gone.sql'").single()
          .int64(0) == 0)
      // A mistake is still told as one.
      let error = await storeError { _ = try await migrate(["a": view("a", "select nothing"), "b": upper]) }
      #expect(error?.description.contains("apply sql/views/a.sql") == true)
      #expect(try await connection.query("select x from holdfast.b").single().string(0) == "one")
    }
  }

  /// The query of a view's file, without its comments.
  private func query(_ text: String) throws -> String {
    let start = try #require(text.firstRange(of: " as\n"))
    let end = try #require(text[start.upperBound...].firstRange(of: ";\n"))
    return String(text[start.upperBound..<end.lowerBound])
  }
}
