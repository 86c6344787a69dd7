internal import CommandSyntax
internal import EmbeddedPostgres
internal import Glibc
internal import Log
internal import Terminal

/// The options that every command takes.
enum GlobalOptions {
  static let database = Option<String?>.optional(
    "--database", .text("URL"), environment: ["HOLDFAST_DATABASE_URL"],
    "The PostgreSQL database, as a postgres:// URL or key=value pairs; without it the one of 'holdfast up' is used")
  static let data = Option<String?>.optional(
    "--data", .text("DIR", completion: .file), environment: ["HOLDFAST_DATA"],
    "The folder of 'holdfast up', which keeps everything there")
  static let output = Option<OutputFormat>.value(
    "--output", short: "-o", .choice("FORMAT"), default: .table, "How lists and objects are written")
  static let logLevel = Option<LogLevel>.value(
    "--log-level", .choice("LEVEL"), default: .info, "Write log lines of this level and above")
  static let logFormat = Option<LogFormat>.value(
    "--log-format", .choice("FORMAT"), default: .logfmt, "How log lines are written")

  static let all = [
    database.description, data.description, output.description, logLevel.description, logFormat.description,
    StandardOptions.noColor.description, StandardOptions.help.description, StandardOptions.version.description,
  ]
}

extension ParsedArguments {
  /// The database that the command works on: the one that is named, else the one of `holdfast up`.
  /// - Throws: `CommandFailure` if none is named and that one does not run.
  func databaseURL() throws -> String {
    if let url = self[GlobalOptions.database] { return url }
    let folder = try dataFolder()
    switch folder.service() {
    case .running(let url): return url
    case .none:
      throw CommandFailure(
        .usage,
        "no database is given, and there is none in \(folder.path); start one with 'holdfast up', or name one with "
          + "--database URL or HOLDFAST_DATABASE_URL.")
    case .stopped:
      throw CommandFailure(
        .databaseUnreachable,
        "'holdfast up' is not running, so the database in \(folder.path) can't be reached; start it with 'holdfast up', or "
          + "name another with --database URL.")
    case .closed(let owner):
      throw CommandFailure(
        .databaseUnreachable,
        "the data folder \(folder.path) is closed to this user; run the command as the one who ran 'holdfast up' (the folder "
          + "belongs to \(owner)), or name a database with --database URL.")
    }
  }

  /// The folder of `holdfast up`.
  func dataFolder() throws -> DataFolder {
    if let path = self[GlobalOptions.data] { return DataFolder(path) }
    return try DataFolder.standard { getenv($0).map { String(cString: $0) } }
  }

  /// The log as the command line wants it.
  func logger() -> Logger { Logger(level: self[GlobalOptions.logLevel], format: self[GlobalOptions.logFormat]) }
}
