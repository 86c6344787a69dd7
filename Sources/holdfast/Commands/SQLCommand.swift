internal import CommandSyntax
internal import Glibc
internal import PostgresClient

/// `holdfast sql`
enum SQLCommand {
  static let texts = Operand<[String]>.repeated(
    .text("SQL"), isOptional: true, "A statement to run; after '--', arguments of psql")

  static let command = Command(
    name: "sql",
    summary: "Look into the database with psql, or run a statement",
    discussion: [
      "Starts psql on the database of the command line, or of 'holdfast up', with Holdfast's views at hand without their "
        + "schema: run_status, step_status, waiting, worker_status, queue_depth, schedule_status and others.",
      "Needs psql (on Debian and Ubuntu: apt-get install postgresql-client). Its exit code is psql's.",
    ],
    operands: [texts.description],
    examples: [
      Example(purpose: "What waits, and why", line: #"holdfast sql "select * from waiting""#),
      Example(purpose: "A session", line: "holdfast sql"),
      Example(purpose: "A file, with options of psql", line: "holdfast sql -- -At -f report.sql"),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let target = try PostgresConfiguration(arguments.databaseURL()).forPrograms()
    let environment = environment(target.environment) { getenv($0).map { String(cString: $0) } }
    try becomePsql(psqlArguments(arguments[texts], target.connectionString), environment)
  }

  /// What psql is told: statements, unless the first text is an option of its own.
  static func psqlArguments(_ texts: [String], _ connectionString: String) -> [String] {
    let database = connectionString.isEmpty ? [] : ["-d", connectionString]
    if texts.first?.hasPrefix("-") == true { return database + texts }
    return database + (texts.isEmpty ? [] : ["-v", "ON_ERROR_STOP=1"]) + texts.flatMap { ["-c", $0] }
  }

  /// The variables that are set for psql, beside those that are there.
  static func environment(_ target: [String: String], inherited: (String) -> String?) -> [String: String] {
    var environment = target
    let before = target["PGOPTIONS"] ?? inherited("PGOPTIONS") ?? ""
    // A user's own wish comes later and wins.
    environment["PGOPTIONS"] = "-c search_path=holdfast,public -c jit=off" + (before.isEmpty ? "" : " " + before)
    environment["PGAPPNAME"] = target["PGAPPNAME"] ?? inherited("PGAPPNAME") ?? "holdfast sql"
    return environment
  }

  /// Goes on as psql, so that the terminal and signals are its own.
  private static func becomePsql(_ arguments: [String], _ environment: [String: String]) throws {
    for (name, value) in environment { setenv(name, value, 1) }
    var pointers: [UnsafeMutablePointer<CChar>?] = (["psql"] + arguments).map { strdup($0) }
    pointers.append(nil)
    // The thread that runs this may block signals, and psql would inherit that.
    var none = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, nil)
    execvp("psql", pointers)
    let code = errno
    for pointer in pointers { free(pointer) }
    throw CommandFailure(
      .failed,
      code == ENOENT
        ? "psql is not installed; on Debian and Ubuntu: apt-get install postgresql-client."
        : "psql can't be started: \(String(cString: strerror(code))).")
  }
}
