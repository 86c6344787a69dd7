import JSON
import StepEngine
import StepKinds
import WorkflowDSL

/// `dump-place`: says which dumps an application has: each stands in a restore point as a volume of one file that no driver makes.
///
/// They are those of the application's document, unless a command is given.
struct DumpPlaceStep: ProtectionStepKind {
  static let signature = StepSignature(
    "dump-place", "Says which dumps an application has, and what writes them",
    inputs: [
      .required("application", .text, "the application"),
      .optional("command", .list(of: .text), "what writes the one dump; without it, the document says"),
      .optional("file", .text, "that dump's name in the repository, without folders; without it, as the dump"),
      .optional("volume", .text, default: .string(Dump.usualName), "what stands for a volume's name"),
      .optional("node", .text, "the node on which that program runs; without it, that of the application's volumes"),
      .optional("environment", .map(keys: .any, values: .text), "variables for the program"),
      .optional(
        "secrets", .map(keys: .any, values: .object(secretShape)), "variables with secret values, by reference"),
    ],
    outputs: [
      OutputField(
        "volumes", .list, "the dumps, as export-stream and restore-point take them, each with its program in 'stream'")
    ] + HookPhase.atEnd.map(\.output))

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let application = try arguments.requiredString("application")
    let command = arguments.value("command")?.array ?? []
    let spec: JSONValue
    let dumps: [Dump]
    if command.isEmpty {
      spec = try await services.document("application", application)["spec"] ?? .null
      dumps = try Dump.all(of: application, spec)
      guard !dumps.isEmpty else {
        throw StepFailure(
          .permanent,
          "application '\(application)' has no dumps in its document, and no command is given; write what dumps it: dumps: [{name: NAME, backup: {command: [PROGRAM, ARGUMENT]}}]"
        )
      }
    } else {
      spec = try await services.applicationSpec(application)
      var given: [String: JSONValue] = ["name": .string(try arguments.string("volume") ?? Dump.usualName)]
      for key in ["file", "node"] {
        if let value = arguments.value(key), value != "" { given[key] = value }
      }
      var program: [String: JSONValue] = ["command": .array(command)]
      for key in ["environment", "secrets"] { program[key] = arguments.value(key) }
      given["backup"] = .object(program)
      dumps = [try Dump(.object(given), of: application, VolumeNodes(application: spec))]
    }
    var outputs: [String: JSONValue] = ["volumes": .array(try await services.marked(dumps.map(\.volume)))]
    let inventory = Inventory(application: application, spec: spec)
    for phase in HookPhase.atEnd { outputs[phase.rawValue] = .array(try inventory.hooks(of: phase)) }
    return .succeeded(outputs: .object(outputs))
  }
}
