internal import CommandSyntax
internal import Concurrency
internal import Glibc
internal import JSON
internal import RestorePoints
internal import StepEngine
internal import Terminal

/// `holdfast restore`
enum RestorePointCommand {
  static let point = Operand<String>.required(
    .text("APP|POINT"), "A restore point, or an application for its last good one")
  static let volumes = Option<[String]>.repeated(
    "--volume", .text("NAME"), "Only this volume; * and ? stand for any letters")
  static let paths = Option<[String]>.repeated(
    "--path", .text("PATTERN"), "Only these files of the one volume; into --target, from its export")
  static let target = Option<String?>.optional(
    "--target", short: "-t", .text("DIR", completion: .file), default: "where the volumes were",
    "A folder: each volume comes into one of its own there, and nothing else is touched")
  static let node = Option<String?>.optional(
    "--node", .text("NODE"), default: "where each volume was",
    "The node that --target is on: any with a worker can restore exports")
  static let from = Option<String>.value(
    "--from", .text("WHAT"), default: "auto", "What it comes back from: snapshot, export or auto")
  static let verify = Option<Bool>.flag("--verify", "Read everything back, and compare it")
  static let noHooks = Option<Bool>.flag("--no-hooks", "Leave the application's hooks out")
  static let yes = Option<Bool>.flag("--yes", short: "-y", "Do not ask before volumes are replaced in place")

  static let command = Command(
    name: "restore",
    summary: "Bring an application, or some of its volumes, back to a restore point",
    discussion: [
      "Without --target each volume goes back to where it was, between the application's restorePrehook and restorePosthook: "
        + "what changed since is gone. That is asked for first; --yes answers, and has to be given where nobody can be asked.",
      "It runs where the volumes are, as a run of the workflow 'restore', and goes on after any failure; as long as it runs, the "
        + "point is not retired. In place, local snapshots are used where there are any, else exports; into --target, exports "
        + "where there are any. If a volume's node is lost, --node names another one for its export.",
    ],
    options: [
      volumes.description, paths.description, target.description, node.description, from.description,
      verify.description, noHooks.description, yes.description, BuiltInRun.noWait.description,
    ],
    operands: [point.description],
    examples: [
      Example(purpose: "An application, back to its last good point", line: "holdfast restore shop"),
      Example(
        purpose: "Look at what a point holds, beside the running application",
        line: "holdfast restore shop-20261129-030000-1k --target /srv/look"),
      Example(
        purpose: "One file of a volume",
        line: "holdfast restore shop --volume data --path /orders.db --target /srv/look"),
    ],
    run: run)

  private static func run(_ arguments: ParsedArguments) async throws {
    let name = arguments[point]
    guard ["auto", "snapshot", "export"].contains(arguments[from]) else {
      throw CommandFailure(.usage, "--from has to be auto, snapshot or export")
    }
    guard arguments[node] == nil || arguments[target] != nil else {
      throw CommandFailure(
        .usage, "--node needs a --target DIR on that node: in place each volume comes back where it was")
    }
    guard arguments[node] == nil || arguments[from] != "snapshot" else {
      throw CommandFailure(.usage, "--node needs exports: a snapshot can be read only on its own node")
    }
    guard let found = try await RestorePointStore(pool: arguments.pool()).point(name) else {
      throw CommandFailure(
        .notFound,
        "there is no restore point '\(name)', and no application of that name with one; 'holdfast points' lists them")
    }
    if !arguments[paths].isEmpty { return try await restoreFiles(found.point.name, arguments) }
    if arguments[target] == nil { try confirm(found.point, arguments) }
    var parameters: [String: JSONValue] = [
      "point": .string(found.point.name), "volumes": .array(arguments[volumes].map { .string($0) }),
      "from": .string(arguments[from]), "verify": .bool(arguments[verify]), "hooks": .bool(!arguments[noHooks]),
    ]
    if let target = arguments[target] { parameters["target"] = .string(absolute(target)) }
    if let node = arguments[node] { parameters["node"] = .string(node) }
    try await BuiltInRun(workflow: "restore", parameters: parameters).start(arguments)
  }

  private static func restoreFiles(_ point: String, _ arguments: ParsedArguments) async throws {
    guard let target = arguments[target], arguments[volumes].count == 1 else {
      throw CommandFailure(
        .usage, "--path needs one --volume that the files are of, and a --target that they come into")
    }
    var parameters: [String: JSONValue] = [
      "point": .string(point), "volume": .string(arguments[volumes][0]), "target": .string(absolute(target)),
      "paths": .array(arguments[paths].map { .string($0) }),
    ]
    if let node = arguments[node] { parameters["node"] = .string(node) }
    try await BuiltInRun(workflow: "restore-files", parameters: parameters).start(arguments)
  }

  /// Asks whether what is there may be replaced.
  private static func confirm(_ point: RestorePoint, _ arguments: ParsedArguments) throws {
    if arguments[yes] { return }
    let wanted = arguments[volumes]
    // A device is known by its name alone, which may be another one's by now.
    let devices = point.volumes.filter {
      $0.source["kind"]?.string == "device" && (wanted.isEmpty || wanted.contains($0.name))
    }
    .compactMap { $0.source["path"]?.string }
    let what =
      "volumes of \(point.application) go back to \(point.name), and what changed since is lost"
      + (devices.isEmpty ? "" : "; written onto: " + devices.joined(separator: ", "))
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
      throw CommandFailure(.usage, "\(what); give --yes if that is meant, or --target DIR to restore beside them")
    }
    writeText("\(what).\nGo on? [y/N] ", to: STDERR_FILENO)
    let answer = readLine(strippingNewline: true)?.lowercased() ?? ""
    guard ["y", "yes"].contains(answer) else { throw CommandFailure(.failed, "nothing was changed") }
  }

  /// The worker has another working directory than whoever types this.
  private static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
    defer { free(here) }
    return "\(String(cString: here))/\(path)"
  }
}
