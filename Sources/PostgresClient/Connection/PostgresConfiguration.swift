internal import CPQ

/// How to reach a database: what libpq takes, and what this client adds.
///
/// Everything that libpq knows works, from the string, the environment (`PGHOST`, …), service and password files: several
/// hosts, `target_session_attrs`, TLS. Descriptions of it never show a password.
public struct PostgresConfiguration: Sendable {
  /// What the string said, as libpq parsed it.
  let options: [String: String]

  /// What `pg_stat_activity` shows, unless the string or the environment names something else.
  public var applicationName = "holdfast"
  /// How long one host (one address of it) may take to connect and log in. `connect_timeout` in the string sets it, too.
  public var connectTimeout: Duration = .seconds(10)
  /// How long a statement may take before it is cancelled; nil for as long as it wants. A call's own deadline wins.
  public var statementTimeout: Duration?
  /// Whether named statements are prepared once and kept by the server. Turn it off behind a transaction pooler, which
  /// gives each transaction another server connection.
  public var preparesStatements = true
  /// Gets the notices and warnings of the server, on whatever thread reads them. Nothing is ever printed.
  public var onNotice: (@Sendable (PostgresNotice) -> Void)?

  /// From a URL (`postgresql://user@host1,host2/db?target_session_attrs=read-write`) or a string of `key=value` pairs.
  /// - Throws: `.invalidConfiguration`, without the parts that may be secret.
  public init(_ connectionString: String) throws(PostgresError) {
    guard !connectionString.utf8.contains(0) else { throw Self.invalid("it contains a zero byte") }
    var message: UnsafeMutablePointer<CChar>?
    guard let parsed = PQconninfoParse(connectionString, &message) else {
      defer { PQfreemem(message) }
      throw Self.invalid(Self.withoutQuotes(message.map { String(cString: $0) } ?? "out of memory"))
    }
    defer { PQconninfoFree(parsed) }
    options = Self.dictionary(parsed)
    if let seconds = options["connect_timeout"].flatMap({ Int($0) }), seconds > 0 { connectTimeout = .seconds(seconds) }
  }

  /// The keywords and values that libpq is given.
  func effectiveOptions() -> [String: String] {
    var all = options
    all["fallback_application_name"] = all["fallback_application_name"] ?? applicationName
    // The decoders expect it, whatever the environment says.
    all["client_encoding"] = "UTF8"
    // A dead peer is noticed within about a minute, not after the system's two hours.
    for (key, value) in [
      ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
      ("tcp_user_timeout", "60000"),
    ] where all[key] == nil { all[key] = value }
    return all
  }

  /// `text` without any password of this configuration.
  func redacted(_ text: String) -> String {
    var text = text
    for secret in Self.secretKeys.compactMap({ options[$0] }) where !secret.isEmpty {
      text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: Self.stars)
    }
    return text
  }

  private static let secretKeys = ["password", "sslpassword"]
  private static let stars = "********"

  static func dictionary(_ parsed: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
    var result: [String: String] = [:]
    var option = parsed
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { result[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return result
  }

  /// libpq quotes the part it did not understand, which may hold the password: keep what is around it.
  private static func withoutQuotes(_ message: String) -> String {
    var message = message
    while message.last?.isNewline == true { message.removeLast() }
    guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\""), first < last else {
      return message
    }
    return message[..<first] + "…" + message[message.index(after: last)...]
  }

  private static func invalid(_ message: String) -> PostgresError {
    PostgresError(.invalidConfiguration, message, what: "understand the connection string")
  }
}

extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The options as `key=value` pairs, passwords as stars.
  public var description: String {
    options.sorted { $0.key < $1.key }.map { key, value in
      Self.secretKeys.contains(key) ? "\(key)=\(Self.stars)" : "\(key)=\(redacted(value))"
    }.joined(separator: " ")
  }

  /// The same.
  public var debugDescription: String { description }

  /// Only the description, so that `dump` shows no password either.
  public var customMirror: Mirror { Mirror(self, children: ["options": description]) }
}

/// A notice or warning of the server.
public struct PostgresNotice: Sendable {
  /// `NOTICE`, `WARNING`, … in the server's language.
  public var severity: String
  /// The five characters of the SQL standard.
  public var sqlState: String
  /// What the server says; may quote values.
  public var message: String
}
