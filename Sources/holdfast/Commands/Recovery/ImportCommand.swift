internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import Terminal

/// `holdfast import`
enum ImportCommand {
  static let profile = Operand<String>.required(.text("PROFILE"), "The profile whose repository is read")
  static let adopt = Option<Bool>.flag(
    "--adopt", "Let policies retire the points that were imported from there, now and before")

  static let command = Command(
    name: "import",
    summary: "Rebuild the catalogue of restore points from a profile's repository",
    discussion: [
      "Every restore point with exports is also described in the repository itself, sealed. So an empty database knows all of them "
        + "again once the profile is applied and imported. Points that are known stay as they are. restic's REST server takes no such "
        + "descriptions: from there nothing can be imported.",
      "No policy retires what was imported until --adopt, which imports, too: pins are not in the repository, and another "
        + "installation may still rely on the same points. So first pin again what must stay ('holdfast points pin'), and adopt only "
        + "what no other installation uses.",
      "Whoever has the repository's password can have written a description. So it says what can be restored, but neither which "
        + "programs run nor where a restore in place writes: for that, apply the application's document, which has to name the volumes.",
    ],
    options: [adopt.description, BuiltInRun.noWait.description],
    operands: [profile.description],
    examples: [
      Example(purpose: "After the loss of the database", line: "holdfast import vault"),
      Example(purpose: "Once what must stay is pinned again", line: "holdfast import vault --adopt"),
    ],
    run: { arguments in
      var parameters: [String: JSONValue] = ["profile": .string(arguments[profile])]
      if arguments[adopt] { parameters["adopt"] = true }
      try await BuiltInRun(workflow: "import", parameters: parameters).start(arguments)
      guard let sentence = try await outcome(arguments) else { return }
      // Programs have been told of the run already.
      if arguments[GlobalOptions.output] == .table {
        writeText(sentence + "\n")
      } else {
        arguments.note(sentence)
      }
    })

  /// What may become of the points now; nil if that is not known yet.
  private static func outcome(_ arguments: ParsedArguments) async throws -> String? {
    let name = arguments[profile]
    guard arguments[adopt] else {
      return "what was imported is kept until 'holdfast import \(name) --adopt'; "
        + "pins are not in the repository: pin again what must stay ('holdfast points pin POINT')"
    }
    if arguments[BuiltInRun.noWait] { return nil }
    let counts = try await arguments.reader().rows(
      """
      select count(*) from holdfast.restore_points
      where profile = $1 and run_id is null and adopted and state = 'complete'
      """, [.text(name)]
    ) { try $0.int64(0) }
    return "imported restore points of profile \(name) that policies may retire now: \(counts.first ?? 0)"
  }
}
