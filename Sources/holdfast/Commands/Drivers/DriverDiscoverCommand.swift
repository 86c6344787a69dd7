internal import CommandSyntax
internal import JSON
internal import Terminal
internal import VolumeDrivers
internal import YAML

/// `holdfast driver discover`
enum DriverDiscoverCommand {
  static let driver = Operand<String>.required(
    ValueType(
      placeholder: "DRIVER", expectation: Drivers.names.joined(separator: ", "), choices: Drivers.names,
      parse: { Drivers.names.contains($0) ? $0 : nil }, text: { $0 }),
    "The driver")
  static let place = Operand<String?>.optional(
    .text("PATH", completion: .file), "Where to look; without it the current folder, and for exec /, all that there is")
  static let program = Option<String?>.optional(
    "--program", .text("PROGRAM", completion: .file), "The program that is the driver, for the driver exec")

  static let command = Command(
    name: "discover",
    summary: "Find what can be a volume of a driver",
    discussion: [
      "btrfs finds the subvolume at the path and those below it; reflink and directory take the folder, and reflink also "
        + "image files right in it; exec asks its program. What Holdfast keeps itself is left out, and nothing is changed. "
        + "Needs no database.",
      "Below the table are the volumes as a part of an application's document: take out what is not to be protected.",
    ],
    options: [program.description], operands: [driver.description, place.description],
    examples: [
      Example(purpose: "The subvolumes below a folder", line: "holdfast driver discover btrfs /srv"),
      Example(
        purpose: "The thin volumes of LVM",
        line: "holdfast driver discover exec --program /usr/lib/holdfast/lvm-thin"),
    ]
  ) { arguments in
    let name = arguments[driver]
    if name == "exec", arguments[program] == nil {
      throw CommandFailure(.usage, "the driver exec needs --program PROGRAM, the program that is the driver")
    }
    if name != "exec", arguments[program] != nil {
      throw CommandFailure(.usage, "only the driver exec has a program; leave out --program")
    }
    let path = try arguments[program].map { try DriverCommand.absolutePath($0, "program") }
    let given = arguments[place] ?? (name == "exec" ? "/" : ".")
    // An absolute one stays as it is: devices have names that lead to others.
    let start = given.hasPrefix("/") ? given : try DriverCommand.absolutePath(given, "file or folder")
    let found: [DiscoveredVolume]
    do throws(DriverError) {
      found = try await Drivers.driver(named: name, program: path).discover(below: start)
    } catch {
      throw CommandFailure(error.kind == .missing ? .notFound : .failed, error.message)
    }
    arguments.write(found, as: listing(driver: name, program: path, start))
    if arguments[GlobalOptions.output] == .table, !found.isEmpty {
      writeText("\n" + document(found, driver: name, program: path))
    }
  }

  private static func listing(driver: String, program: String?, _ start: String) -> Listing<DiscoveredVolume> {
    Listing(
      nothing: "nothing at \(singleLine(start)) can be a volume of the driver \(driver)",
      columns: [
        (.init("NAME"), { .init($0.name) }), (.init("PATH"), { .init($0.path) }),
        (.init("KIND"), { .init($0.kind.rawValue) }),
        (.init("SIZE", isRight: true), { .init($0.bytes.map(byteText)) }),
        (.init("NOTE", isFlexible: true), { .init($0.note ?? "", nil) }),
      ],
      name: { $0.name },
      json: { volume in
        var members = inventory(volume, driver, program)
        members["kind"] = .string(volume.kind.rawValue)
        members["bytes"] = JSONValue(volume.bytes.map { Int64($0) })
        members["note"] = JSONValue(volume.note)
        return .object(members)
      })
  }

  /// The volumes as the `spec` of an application has them.
  static func document(_ volumes: [DiscoveredVolume], driver: String, program: String?) -> String {
    let text = YAMLWriter.text(of: ["volumes": .array(volumes.map { .object(inventory($0, driver, program)) })])
    return text.split(separator: "\n").map { "  \($0)\n" }.joined()
  }

  private static func inventory(
    _ volume: DiscoveredVolume, _ driver: String, _ program: String?
  ) -> [String: JSONValue] {
    var members: [String: JSONValue] = [
      "name": .string(volume.name), "driver": .string(driver), "path": .string(volume.path),
    ]
    if let program { members["program"] = .string(program) }
    return members
  }
}
