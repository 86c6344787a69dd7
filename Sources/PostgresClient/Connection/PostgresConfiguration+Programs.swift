internal import CPQ

extension PostgresConfiguration {
  /// How a program of PostgreSQL itself, such as psql, is told to reach the same database.
  ///
  /// Everything that libpq reads from the environment is in `environment`, also the password, which so stays out of the
  /// process list; `connectionString` has what is left. The key's password (`sslpassword`) is in neither: psql asks for it.
  public func forPrograms() -> (environment: [String: String], connectionString: String) {
    var environment: [String: String] = [:]
    var rest = options
    guard let known = PQconndefaults() else { return (environment, "") }
    defer { PQconninfoFree(known) }
    var option = known
    while let keyword = option.pointee.keyword {
      if let variable = option.pointee.envvar, let value = rest.removeValue(forKey: String(cString: keyword)) {
        environment[String(cString: variable)] = value
      }
      option += 1
    }
    rest["sslpassword"] = nil
    let pairs = rest.sorted { $0.key < $1.key }.map { key, value in
      key + "='" + value.flatMap { "'\\".contains($0) ? ["\\", $0] : [$0] } + "'"
    }
    return (environment, pairs.joined(separator: " "))
  }
}
