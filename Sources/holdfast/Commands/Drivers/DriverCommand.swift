internal import CommandSyntax
internal import Concurrency
internal import FileSystem
internal import Glibc
internal import JSON
internal import Terminal
internal import VolumeDrivers
internal import YAML

/// `holdfast driver`
enum DriverCommand {
  static let program = Operand<String>.required(
    .text("PROGRAM", completion: .file), "The driver program, or the name of a driver that is built in")
  static let volume = Option<String?>.optional(
    "--volume", .text("FILE|JSON", completion: .file), default: "a new folder below TMPDIR",
    "The volume to try it with, as inventories write it: at least name and path")
  static let force = Option<Bool>.flag(
    "--force", "Also where the volume holds something already: the test writes to it, and brings it back to a snapshot")

  static let command = Command(
    name: "driver",
    summary: "Try a driver for volumes, and find what can be its volumes",
    subcommands: [
      Command(
        name: "test",
        summary: "Try whether a driver does all that drivers must",
        discussion: [
          "Takes snapshots of a volume, clones, restores and releases them, and looks whether everything is as the driver's "
            + "contract wants it, also when it is done twice. Needs no database. The exit code is 1 if a check fails.",
          "The volume must be one made for this: the test writes to it and restores it.",
        ],
        options: [volume.description, force.description], operands: [program.description],
        examples: [
          Example(
            purpose: "The example, with a folder of its own", line: "holdfast driver test deploy/drivers/example"),
          Example(
            purpose: "LVM, with a thin volume that may be overwritten",
            line:
              "holdfast driver test --force deploy/drivers/lvm-thin --volume '{\"name\": \"trial\", \"path\": \"/dev/vg/trial\"}'"
          ),
        ],
        run: test),
      DriverDiscoverCommand.command,
    ])

  static func test(_ arguments: ParsedArguments) async throws {
    let given = arguments[program]
    let isBuiltIn = Drivers.names.contains(given) && given != "exec"
    let path = isBuiltIn ? nil : try absolutePath(given, "program")
    let scratch = arguments[volume] == nil ? try makeScratch() : nil
    let outcome: Result<[ConformanceCheck], any Error>
    do {
      outcome = .success(
        try await test(isBuiltIn ? given : "exec", path, try await source(arguments, path, scratch), arguments))
    } catch { outcome = .failure(error) }
    if let scratch {
      _ = try await BlockingPool.shared.run {
        try DirectoryHandle(path: scratch.parent).removeAll(Array(scratch.name.utf8))
      }
    }
    let failed = try outcome.get().count { if case .failed = $0.outcome { true } else { false } }
    if failed > 0 { throw CommandFailure(.failed, failed == 1 ? "A check failed." : "\(failed) checks failed.") }
  }

  private static func test(
    _ name: String, _ path: String?, _ source: VolumeSource, _ arguments: ParsedArguments
  ) async throws -> [ConformanceCheck] {
    let suite = DriverConformance(driver: try Drivers.driver(named: name, program: path), volume: source)
    if !arguments[force], try await suite.isInUse() {
      throw CommandFailure(
        .failed,
        "\(source.path) holds something already, which the test would change; name a volume made for it, or add --force"
      )
    }
    let style = arguments.style
    let isTable = arguments[GlobalOptions.output] == .table
    let report = { (check: ConformanceCheck) in if isTable { writeText(line(check, style)) } }
    var checks = await suite.run(report: report)
    if let path { checks += await ExecConformance(program: path, volume: source).run(report: report) }
    switch arguments[GlobalOptions.output] {
    case .table:
      let passed = checks.count { $0.outcome == .passed }
      writeText("\(passed) of \(checks.count) checks passed\n")
    case .name: writeText(checks.filter { $0.outcome != .passed }.map { $0.title + "\n" }.joined())
    case let format: writeText(documentText(.array(checks.map(json)), as: format, style: style))
    }
    return checks
  }

  private static func line(_ check: ConformanceCheck, _ style: TextStyle) -> String {
    switch check.outcome {
    case .passed: "✓ \(check.title)\n"
    case .failed(let reason): style.red("✗ \(check.title)") + "\n    \(reason)\n"
    case .skipped(let reason): "- \(check.title): left out, since \(reason)\n"
    }
  }

  private static func json(_ check: ConformanceCheck) -> JSONValue {
    let (outcome, reason): (String, String?) =
      switch check.outcome {
      case .passed: ("passed", nil)
      case .failed(let reason): ("failed", reason)
      case .skipped(let reason): ("skipped", reason)
      }
    return ["check": .string(check.title), "outcome": .string(outcome), "reason": JSONValue(reason)]
  }

  /// The volume of the command line, or one in the scratch folder.
  private static func source(
    _ arguments: ParsedArguments, _ path: String?, _ scratch: (parent: String, name: String)?
  ) async throws -> VolumeSource {
    var members: [String: JSONValue] = ["name": "conformance"]
    if let scratch {
      members["path"] = .string("\(scratch.parent)/\(scratch.name)/volume")
    } else if let text = arguments[volume] {
      let isJSON = text.drop(while: \.isWhitespace).hasPrefix("{")
      let content = isJSON ? text : String(decoding: try await readSmallFile(text, "volume"), as: UTF8.self)
      guard let found = try YAMLFile(content, name: isJSON ? "--volume" : text).documents.first?.json.object else {
        throw CommandFailure(.usage, "the volume must be an object with at least name and path")
      }
      members.merge(found) { _, found in found }
    }
    members["driver"] = .string(path == nil ? arguments[program] : "exec")
    if let path { members["program"] = .string(path) }
    return try VolumeSource(json: .object(members))
  }

  /// A new folder with an empty volume in it.
  private static func makeScratch() throws -> (parent: String, name: String) {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/holdfast-driver-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw CommandFailure(.failed, "can't make a folder in \(parent): \(String(cString: strerror(errno)))")
    }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try DirectoryHandle(path: path).makeDirectory(Array("volume".utf8))
    return (parent, String(path.dropFirst(parent.count + 1)))
  }

  /// The path of what is there, with no symbolic link in it.
  /// - Parameter sort: what it should be, for the error.
  static func absolutePath(_ path: String, _ sort: String) throws -> String {
    guard let found = realpath(path, nil) else {
      throw CommandFailure(.notFound, "there is no \(sort) \(path): \(String(cString: strerror(errno)))")
    }
    defer { free(found) }
    return String(cString: found)
  }
}
