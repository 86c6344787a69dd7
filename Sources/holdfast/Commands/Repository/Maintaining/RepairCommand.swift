internal import CommandSyntax
internal import JSON
internal import Maintenance
internal import ResticRepository
internal import Terminal

/// `holdfast repo repair`
enum RepairCommand {
  static let command = Command(
    name: "repair",
    summary: "Repair what 'holdfast repo check' found damaged",
    subcommands: [index])

  static let readsAll = Option<Bool>.flag(
    "--read-all-packs", "Believe nothing in the old index: read what every pack says of itself")

  private static let index = Command(
    name: "index",
    summary: "Make a new index of the packs that are there",
    discussion: [
      "What the old index says of packs that are there is kept; missing and damaged parts come from the packs themselves. Where a "
        + "pack's own list is damaged, the index keeps what the old one lists there and is whole; it is a problem all the same."
    ],
    options: [readsAll.description],
    examples: [Example(purpose: "When the index is damaged", line: "holdfast repo repair index")],
    run: RepositoryCommand.action("the old index is still there") { arguments in
      let display = ProgressDisplay(arguments, phase: "opens the repository")
      let result = try await arguments.withRepository(.exclusive, display) { repository, lock in
        let stages = StageBoard(display)
        return try await repository.repairIndex(
          readsAll: arguments[readsAll], mayWrite: lock.checkHeld, progress: { stages.note($0) })
      }
      for problem in result.problems { display.complain(problem) }
      let sentence =
        result.indexFilesReplaced == 0
        ? "nothing to repair: the index lists all \(countText(result.packs, "pack"))"
        : "made a new index of \(countText(result.packs, "pack")) in the place of \(countText(result.indexFilesReplaced, "file"))"
          + "; \(groupedText(result.packsRead)) read, \(groupedText(result.packsMissing)) missing"
      arguments.report(
        sentence, name: "\(result.packs)",
        [
          "message_type": "summary", "packs": .int(Int64(result.packs)), "packs_read": .int(Int64(result.packsRead)),
          "packs_missing": .int(Int64(result.packsMissing)),
          "index_files_replaced": .int(Int64(result.indexFilesReplaced)),
          "problems": .array(result.problems.map(JSONValue.string)),
        ])
      guard result.problems.isEmpty else {
        throw CommandFailure(
          .failed,
          "\(countText(result.problems.count, "pack")) could not be read, see above; 'holdfast repo check' tells what is lost"
        )
      }
    })
}
