internal import CommandSyntax
internal import JSON

/// `holdfast verify`
enum VerifyCommand {
  static let point = Operand<String>.required(
    .text("APP|POINT"), "A restore point, or an application for its last good one")
  static let scratch = Option<String?>.optional(
    "--scratch", .text("DIR", completion: .file), default: "/var/tmp",
    "Where the copies are made, on the nodes of the volumes; they are removed in any case")

  static let command = Command(
    name: "verify",
    summary: "Restore a point on trial, compare every byte, and record how long it took",
    discussion: [
      "A restore drill: each volume is restored from its export to a scratch folder, read back and compared with what was backed "
        + "up; the application's verifyHook may look at the copy (HOLDFAST_TARGET). What came of it and the recovery time stand "
        + "in 'holdfast points'. The application itself is not touched.",
      "A point is bad only if its data have shown that: damaged, missing, or refused by a verifyHook. A drill that could "
        + "not be done, for want of room or of a program, is noted, and what is known of the point stays.",
    ],
    options: [scratch.description, BuiltInRun.noWait.description],
    operands: [point.description],
    examples: [Example(purpose: "Is the last good point of an application good?", line: "holdfast verify shop")],
    run: { arguments in
      var parameters: [String: JSONValue] = ["point": .string(arguments[point])]
      if let scratch = arguments[scratch] { parameters["scratch"] = .string(scratch) }
      try await BuiltInRun(workflow: "verify", parameters: parameters).start(arguments)
    })
}
