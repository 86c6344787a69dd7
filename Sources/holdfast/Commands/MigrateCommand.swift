internal import CommandSyntax
internal import Log
internal import PostgresClient
internal import StepEngine
internal import Terminal

/// `holdfast migrate`
enum MigrateCommand {
  static let dryRun = Option<Bool>.flag("--dry-run", "Show what would be done, and change nothing")
  static let appRoles = Option<Bool>.flag(
    "--app-roles", off: "--no-roles", default: true,
    "Create the roles for workers and readers, if they do not exist; needs the right to create roles")

  static let command = Command(
    name: "migrate",
    summary: "Create Holdfast's schema in the database, or bring it up to date",
    discussion: [
      "Safe to run at any time and from several places at once: what is done already is left alone, and a "
        + "migration that fails leaves nothing behind."
    ],
    options: [dryRun.description, appRoles.description],
    examples: [
      Example(purpose: "See what a new version would change", line: "holdfast migrate --dry-run"),
      Example(
        purpose: "Set up a database where roles are managed elsewhere",
        line: "holdfast migrate --no-roles --database postgres://holdfast@db.example.org/holdfast"),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let isDryRun = arguments[dryRun]
    var configuration = try PostgresConfiguration(arguments.databaseURL())
    let logger = arguments.logger()
    configuration.onNotice = { logger.info($0.message) }
    let connection = try await PostgresConnection.open(configuration)
    let report = try await Migrator(withRoles: arguments[appRoles]).migrate(connection, dryRun: isDryRun)
    if !isDryRun { try await announceProgram(connection, logger) }
    for path in report.applied { writeText("\(isDryRun ? "would apply" : "applied") sql/\(path)\n") }
    writeText(
      report.applied.isEmpty
        ? "The database has schema \(report.version) already; nothing to do.\n"
        : isDryRun
          ? "Nothing was changed; without --dry-run the database would have schema \(report.version).\n"
          : "The database has schema \(report.version).\n")
  }
}
