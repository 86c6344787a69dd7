internal import Glibc
internal import PostgresClient
internal import StepEngine

/// Looks at what Holdfast needs of its database.
struct DatabaseChecks {
  let connection: PostgresConnection

  static let oldestServer = 15

  func findings() async -> [Finding] {
    await [version(), durability(), schema(), roles(), clock()].flatMap { $0 }
  }

  private func version() -> [Finding] {
    let major = connection.serverVersion / 10_000
    let text = "PostgreSQL \(major).\(connection.serverVersion % 10_000)"
    return [
      major >= Self.oldestServer
        ? .ok("version", text)
        : .problem("version", "\(text) is too old", "upgrade to PostgreSQL \(Self.oldestServer) or later")
    ]
  }

  private func durability() async -> [Finding] {
    await check("durability") {
      let wanted = ["fsync", "full_page_writes", "synchronous_commit"]
      let off = try await connection.query(
        "select name from pg_settings where name = any ($1) and setting = 'off' order by name", [.textArray(wanted)]
      ).map { try $0.string(0) }
      if off.isEmpty { return [.ok("durability", "what is committed is on the disk")] }
      return [
        .problem(
          "durability", "\(off.joined(separator: ", ")) \(off.count == 1 ? "is" : "are") off, so a crash can lose runs",
          "as a superuser: " + off.map { "alter system set \($0) = on" }.joined(separator: "; ")
            + "; select pg_reload_conf()")
      ]
    }
  }

  private func schema() async -> [Finding] {
    do throws(StoreError) {
      try await Migrator.check(connection)
      return [.ok("schema", "schema \(Migrator.version), as this holdfast needs it")]
    } catch {
      return [.problem("schema", error.description.withoutEnd, "run 'holdfast migrate' of the newest holdfast in use")]
    }
  }

  private func roles() async -> [Finding] {
    await check("roles") {
      let missing = try await connection.query(
        """
        select w.name from unnest(array['holdfast_worker', 'holdfast_reader']) w(name)
        where not exists (select from pg_roles r where r.rolname = w.name)
        """
      ).map { try $0.string(0) }
      if missing.isEmpty { return [.ok("roles", "the roles for workers and readers are there")] }
      return [
        .warning(
          "roles", "missing: \(missing.joined(separator: ", ")); only the owner can work and look",
          "run 'holdfast migrate' as a user who may create roles")
      ]
    }
  }

  private func clock() async -> [Finding] {
    await check("clock") {
      // The first query warms the way; half of what the second takes is the way back.
      _ = try await connection.query("select clock_timestamp()")
      let before = microseconds()
      let theirs = try await connection.query("select clock_timestamp()").single().timestamp(0)
      let after = microseconds()
      return [Self.clock(differenceMicroseconds: theirs - (before + after) / 2)]
    }
  }

  /// What a difference between the two clocks means.
  static func clock(differenceMicroseconds difference: Int64) -> Finding {
    let tenths = abs(difference) / 100_000
    let text =
      "the database's clock is \(tenths / 10).\(tenths % 10) s \(difference < 0 ? "behind" : "ahead of") this machine's"
    let remedy = "synchronize the clocks of both machines, with chrony or systemd-timesyncd"
    switch abs(difference) {
    case ..<1_000_000: return .ok("clock", "this machine's and the database's agree")
    case ..<60_000_000: return .warning("clock", text, remedy)
    default: return .problem("clock", text, remedy)
    }
  }
}

/// Now, in microseconds since 1970.
private func microseconds() -> Int64 {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
}

/// Runs one check; one that the role may not make, or that fails, says so and does not keep the others from it.
func check(_ name: String, _ body: () async throws -> [Finding]) async -> [Finding] {
  do { return try await body() } catch {
    if let error = error as? PostgresError, error.kind == .notPermitted {
      return [.warning(name, "this role may not look at it", "run 'holdfast doctor' as the schema's owner")]
    }
    return [
      .problem(name, "could not be checked: \("\(error)".withoutEnd)", "mend what the sentence says, then try again")
    ]
  }
}

extension String {
  /// Without a full stop at its end.
  var withoutEnd: String { hasSuffix(".") ? String(dropLast()) : self }
}
