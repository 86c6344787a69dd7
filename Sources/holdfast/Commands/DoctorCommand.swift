internal import CommandSyntax
internal import EmbeddedPostgres
internal import Glibc
internal import JSON
internal import PostgresClient
internal import Terminal

/// `holdfast doctor`
enum DoctorCommand {
  static let command = Command(
    name: "doctor",
    summary: "Check that everything is as it should be, and say how to mend what is not",
    discussion: [
      "Looks at the database and its settings, the clocks, the data folder of 'holdfast up', workers, step kinds, pauses "
        + "and policies; changes nothing. A warning is worth a look; a problem loses data or keeps work from being done, and "
        + "the exit code is 1 then."
    ],
    examples: [
      Example(purpose: "Look at everything", line: "holdfast doctor"),
      Example(purpose: "The problems, for a script", line: "holdfast doctor --output json"),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let findings = await findings(arguments)
    let style = arguments.style
    switch arguments[GlobalOptions.output] {
    case .table: writeText(table(findings, style))
    case .name: writeText(findings.filter { $0.state > .ok }.map { $0.check + "\n" }.joined())
    case let format: writeText(documentText(.array(findings.map(\.json)), as: format, style: style))
    }
    let problems = findings.count { $0.state == .problem }
    if problems > 0 {
      throw CommandFailure(.failed, problems == 1 ? "There is a problem." : "There are \(problems) problems.")
    }
  }

  private static func findings(_ arguments: ParsedArguments) async -> [Finding] {
    var folder: [Finding] = []
    if !arguments.isGiven(GlobalOptions.database), let data = try? arguments.dataFolder(), data.service() != .none {
      folder = FolderChecks(folder: data).findings()
    }
    folder += await FreezeChecks().findings()
    let connection: PostgresConnection
    let place: String
    do {
      let configuration = try PostgresConfiguration(arguments.databaseURL())
      place = "\(configuration)"
      connection = try await PostgresConnection.open(configuration)
    } catch {
      return [unreachable(error)] + folder
    }
    let database = await DatabaseChecks(connection: connection).findings()
    let isUsable = !database.contains { $0.check == "schema" && $0.state == .problem }
    let engine = isUsable ? await EngineChecks(connection: connection).findings() : []
    return [.ok("database", "reached (\(place))")] + folder + database + engine
  }

  private static func unreachable(_ error: any Error) -> Finding {
    let text = "\(error)".withoutEnd
    // Our own sentences say what to do after the semicolon.
    if error is CommandFailure, let end = text.firstRange(of: "; ") {
      return .problem("database", String(text[..<end.lowerBound]), String(text[end.upperBound...]))
    }
    return .problem("database", text, "start the database, or correct --database or HOLDFAST_DATABASE_URL")
  }

  /// One line for each check, and one below it where there is something to mend.
  static func table(_ findings: [Finding], _ style: TextStyle) -> String {
    let width = findings.map(\.check.count).max() ?? 0
    return findings.map { finding in
      let state = finding.state.rawValue + String(repeating: " ", count: 7 - finding.state.rawValue.count)
      let shown = finding.state == .ok ? state : finding.state == .warning ? style.bold(state) : style.red(state)
      let name = finding.check + String(repeating: " ", count: width - finding.check.count)
      let remedy =
        finding.remedy.isEmpty ? "" : String(repeating: " ", count: width + 11) + "to mend it: \(finding.remedy)\n"
      return "\(shown)  \(name)  \(finding.text)\n" + remedy
    }.joined()
  }
}
