internal import CommandSyntax
internal import Glibc
internal import JSON
internal import Maintenance
internal import ResticRepository
internal import Terminal

/// `holdfast repo check`
enum CheckCommand {
  static let readData = Option<CheckRequest.DataSelection?>.optionalValue(
    "--read-data", .subset, alone: .all, "Read every pack, or only PART of them, and verify all that is in it")
  static let subset = Option<CheckRequest.DataSelection?>.optional(
    "--read-data-subset", .subset, "Read a part of the packs: the third of ten (3/10), a random 2.5%, or random 50G")

  static let command = Command(
    name: "check",
    summary: "Check that the repository is whole: everything that a snapshot needs is there and undamaged",
    discussion: [
      "Without --read-data the structure is checked: snapshots, folders, the index and the sizes of packs. Backups may run "
        + "meanwhile. Damage is named, and the exit code is 1 then."
    ],
    options: [readData.description, subset.description],
    examples: [
      Example(purpose: "The structure", line: "holdfast repo check"),
      Example(purpose: "Everything, in ten nights", line: "holdfast repo check --read-data-subset 3/10"),
    ],
    run: RepositoryCommand.action("the check came to no end", run))

  private static func run(_ arguments: ParsedArguments) async throws {
    guard arguments[readData] == nil || arguments[subset] == nil else {
      throw CommandFailure(.usage, "--read-data and --read-data-subset both say which packs are read: leave one out")
    }
    let display = ProgressDisplay(arguments, phase: "opens the repository")
    let request = CheckRequest(data: arguments[readData] ?? arguments[subset] ?? CheckRequest.DataSelection.none)
    let result = try await arguments.withRepositoryToRead(display) { repository in
      let stages = StageBoard(display)
      return try await repository.check(request) { stages.note($0) }
    }
    write(result, arguments, display, display.elapsed)
    guard result.isClean else {
      throw CommandFailure(
        .failed, "the repository is damaged: \(countText(result.problemCount, "problem")), see above")
    }
  }

  private static func write(
    _ result: CheckResult, _ arguments: ParsedArguments, _ display: ProgressDisplay, _ elapsed: Duration
  ) {
    for hint in result.hints where !arguments.writesJSON { display.warn(hint) }
    for problem in result.problems {
      if arguments.writesJSON {
        let object: JSONValue = ["message_type": "error", "message": .string(problem)]
        writeText(object.text + "\n", to: STDERR_FILENO)
      } else {
        display.complain(problem)
      }
    }
    if result.problemCount > result.problems.count {
      display.warn("\(countText(result.problemCount - result.problems.count, "problem")) more")
    }
    if arguments.isQuiet { return }
    let read =
      result.packsRead == 0
      ? "" : ", \(byteText(result.bytesRead)) in \(countText(result.packsRead, "pack")) read and verified"
    let verdict = result.isClean ? "no errors" : countText(result.problemCount, "problem")
    arguments.report(
      """
      \(verdict) in \(countText(result.snapshots, "snapshot")) and \(countText(result.packs, "pack"))\(read), in \(durationText(elapsed))
        pieces  \(groupedText(result.blobs)), \(groupedText(result.usedBlobs)) of them in use
      """, name: verdict,
      [
        "message_type": "summary", "num_errors": .int(Int64(result.problemCount)),
        "snapshots": .int(Int64(result.snapshots)), "packs": .int(Int64(result.packs)),
        "blobs": .int(Int64(result.blobs)), "used_blobs": .int(Int64(result.usedBlobs)),
        "packs_read": .int(Int64(result.packsRead)), "bytes_read": .int(Int64(result.bytesRead)),
        "hints": .array(result.hints.map(JSONValue.string)), "seconds_elapsed": .double(elapsed / .seconds(1)),
      ])
  }
}

extension ValueType where Value == CheckRequest.DataSelection {
  /// `3/10`, `2.5%`, `50M`.
  static var subset: Self {
    Self(
      placeholder: "PART", expectation: "a part such as 3/10, 2.5% or 50G",
      parse: { CheckRequest.DataSelection(subset: $0) }, text: { "\($0)" })
  }
}
