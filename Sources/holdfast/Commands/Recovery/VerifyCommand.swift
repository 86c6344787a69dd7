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

/// `holdfast import`
enum ImportCommand {
  static let profile = Operand<String>.required(.text("PROFILE"), "The profile whose repository is read")

  static let command = Command(
    name: "import",
    summary: "Rebuild the catalogue of restore points from a profile's repository",
    discussion: [
      "Every restore point with exports is also described in the repository itself, sealed. So an empty database knows all of them "
        + "again once the profile is applied and imported. Points that are known stay as they are. restic's REST server takes no such "
        + "descriptions: from there nothing can be imported."
    ],
    options: [BuiltInRun.noWait.description],
    operands: [profile.description],
    examples: [Example(purpose: "After the loss of the database", line: "holdfast import vault")],
    run: { arguments in
      try await BuiltInRun(workflow: "import", parameters: ["profile": .string(arguments[profile])]).start(arguments)
    })
}
