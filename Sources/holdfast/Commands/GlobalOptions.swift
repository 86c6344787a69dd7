internal import CommandSyntax
internal import Log
internal import Terminal

/// The options that every command takes.
enum GlobalOptions {
  static let database = Option<String?>.optional(
    "--database", .text("URL"), environment: "HOLDFAST_DATABASE_URL",
    "The PostgreSQL database, as a postgres:// URL or key=value pairs")
  static let output = Option<OutputFormat>.value(
    "--output", short: "-o", .choice("FORMAT"), default: .table, "How lists and objects are written")
  static let logLevel = Option<LogLevel>.value(
    "--log-level", .choice("LEVEL"), default: .info, "Write log lines of this level and above")
  static let logFormat = Option<LogFormat>.value(
    "--log-format", .choice("FORMAT"), default: .logfmt, "How log lines are written")

  static let all = [
    database.description, output.description, logLevel.description, logFormat.description,
    StandardOptions.noColor.description, StandardOptions.help.description, StandardOptions.version.description,
  ]
}

extension ParsedArguments {
  /// The database that the command works on.
  /// - Throws: `CommandFailure` if the command line and the environment name none.
  func databaseURL() throws -> String {
    guard let url = self[GlobalOptions.database] else {
      throw CommandFailure(.usage, "no database is given; use --database URL or set HOLDFAST_DATABASE_URL")
    }
    return url
  }

  /// The log as the command line wants it.
  func logger() -> Logger { Logger(level: self[GlobalOptions.logLevel], format: self[GlobalOptions.logFormat]) }
}
