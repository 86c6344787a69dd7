internal import CommandSyntax
internal import JSON
internal import Maintenance
internal import ResticRepository
internal import Terminal

/// `holdfast repo prune`
enum PruneCommand {
  static let maxUnused = Option<PruneRequest.UnusedLimit>.value(
    "--max-unused", .unusedLimit, default: .percent(5),
    "What may stay although nothing needs it: 5%, 2G, 0, or unlimited; less means more copying")
  static let maxRepack = Option<Int?>.optional(
    "--max-repack-size", .size(), "Copy no more than this in one go; the next prune goes on from there")
  static let allowsEmpty = Option<Bool>.flag(
    "--allow-empty", "Remove all data if there are no snapshots; without it that is an error")
  static let dryRun = Option<Bool>.flag("--dry-run", short: "-n", "Only say what would be removed and copied")

  static let command = Command(
    name: "prune",
    summary: "Remove what no snapshot needs any more",
    discussion: [
      "Packs of which nothing is needed go; those of which a part is needed are copied without the rest, as far as --max-unused "
        + "asks for it. Nothing goes before its copy is stored and listed, so it may be interrupted at any time.",
      "What backups have stored that were interrupted, or whose parts (backup --part) are not joined yet, goes, too, as far as no "
        + "snapshot needs it: they start anew.",
      "The lock keeps Holdfast and restic from writing meanwhile. rustic heeds no locks: what it stores while a prune runs may be "
        + "lost.",
    ],
    options: [maxUnused.description, maxRepack.description, allowsEmpty.description, dryRun.description],
    examples: [
      Example(purpose: "After 'holdfast repo forget'", line: "holdfast repo prune"),
      Example(purpose: "See how much that would free", line: "holdfast repo prune --dry-run --max-unused 0"),
    ],
    run: RepositoryCommand.action("the repository is whole; the next prune does the rest") { arguments in
      let display = ProgressDisplay(arguments, phase: "opens the repository")
      var request = request(arguments)
      request.allowsNoSnapshots = arguments[allowsEmpty]
      request.isDryRun = arguments[dryRun]
      let wanted = request
      let result = try await arguments.withRepository(.exclusive, display) { repository, lock in
        try await prune(repository, wanted, lock, display)
      }
      write(result, arguments, isDryRun: arguments[dryRun])
    })

  /// What the options of a prune ask for.
  static func request(_ arguments: ParsedArguments) -> PruneRequest {
    var request = PruneRequest()
    request.maxUnused = arguments[maxUnused]
    request.maxRepackBytes = arguments[maxRepack]
    return request
  }

  /// Prunes, and shows how far it is.
  static func prune(
    _ repository: Repository, _ request: PruneRequest, _ lock: RepositoryLock, _ display: ProgressDisplay
  ) async throws -> PruneResult {
    let stages = StageBoard(display)
    return try await repository.prune(
      request, mayWrite: lock.checkHeld, verify: lock.verify, progress: { stages.note($0) })
  }

  /// Says what was done, or would be.
  static func write(_ result: PruneResult, _ arguments: ParsedArguments, isDryRun: Bool) {
    if arguments.isQuiet { return }
    let removed = result.packsRemoved + result.orphans
    let summary = """
      \(isDryRun ? "would free" : "freed") \(byteText(result.bytesFreed))
        needed   \(byteText(result.usedBytes)) in \(countText(result.usedBlobs, "piece"))
        useless  \(byteText(result.unusedBytes)) in \(countText(result.unusedBlobs, "piece")), \(byteText(result.unusedBytesLeft)) \
      of it \(isDryRun ? "would stay" : "stays")
        packs    \(groupedText(removed)) removed, \(groupedText(result.packsRepacked)) copied (\(byteText(result.bytesCopied))), \
      \(groupedText(result.packsKept)) kept
      """
    let count = countText(result.unfinishedBackups, "unfinished backup")
    let fate = isDryRun ? "would be removed" : "is removed"
    let unfinished = "\n  \(count): what no snapshot needs of it \(fate); the next attempt starts anew"
    let sentence = result.unfinishedBackups == 0 ? summary : summary + unfinished
    arguments.report(sentence, name: "\(result.bytesFreed)", json(result))
  }

  static func json(_ result: PruneResult) -> JSONValue {
    [
      "message_type": "summary", "used_blobs": .int(Int64(result.usedBlobs)),
      "used_bytes": .int(Int64(result.usedBytes)),
      "unused_blobs": .int(Int64(result.unusedBlobs)), "unused_bytes": .int(Int64(result.unusedBytes)),
      "packs_kept": .int(Int64(result.packsKept)), "packs_repacked": .int(Int64(result.packsRepacked)),
      "bytes_copied": .int(Int64(result.bytesCopied)), "packs_removed": .int(Int64(result.packsRemoved)),
      "unfinished_backups": .int(Int64(result.unfinishedBackups)),
      "orphan_packs": .int(Int64(result.orphans)), "orphan_bytes": .int(Int64(result.orphanBytes)),
      "bytes_freed": .int(Int64(result.bytesFreed)), "unused_bytes_left": .int(Int64(result.unusedBytesLeft)),
      "index_files_replaced": .int(Int64(result.indexFilesReplaced)),
    ]
  }
}

extension ValueType where Value == PruneRequest.UnusedLimit {
  /// `5%`, `2G`, `0`, `unlimited`.
  static var unusedLimit: Self {
    Self(
      placeholder: "LIMIT", expectation: "a limit such as 5%, 2G or unlimited",
      parse: { text in
        if text == "unlimited" { return .unlimited }
        guard text.hasSuffix("%") else { return ValueType<Int>.size().parse(text).map { .bytes($0) } }
        guard let percent = Double(text.dropLast()), (0...100).contains(percent) else { return nil }
        return .percent(percent)
      },
      text: { limit in
        switch limit {
        case .percent(let percent): "\(fixedText(percent, digits: percent == percent.rounded() ? 0 : 1))%"
        case .bytes(let bytes): byteText(bytes)
        case .unlimited: "unlimited"
        }
      })
  }
}
