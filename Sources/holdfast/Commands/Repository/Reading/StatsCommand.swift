internal import CommandSyntax
internal import JSON
internal import Maintenance
internal import ResticRepository
internal import Terminal

/// `holdfast repo stats`
enum StatsCommand {
  static let snapshots = Operand<[String]>.repeated(
    .text("SNAPSHOT"), isOptional: true, "Only these: the beginnings of their ids, or 'latest'")
  static let mode = Option<RepositoryStatistics.Mode>.value(
    "--mode", .choice("MODE"), default: .restoreSize,
    "What is counted: what a restore writes, different files, what the repository stores, or pieces by file")

  static let command = Command(
    name: "stats",
    summary: "Count what snapshots hold, and how much room they take",
    options: [mode.description] + SnapshotChoice.options,
    operands: [snapshots.description],
    examples: [
      Example(purpose: "What restoring the last one would write", line: "holdfast repo stats latest"),
      Example(purpose: "What all of them take in the repository", line: "holdfast repo stats --mode raw-data"),
    ],
    run: RepositoryCommand.action { arguments in
      let display = ProgressDisplay(arguments, phase: "reads the snapshots")
      let filter = SnapshotChoice.filter(arguments)
      let statistics = try await arguments.withRepositoryToRead(display) { repository in
        var chosen: [StoredSnapshot] = []
        for text in arguments[snapshots] { chosen.append(try await repository.snapshot(named: text, filter)) }
        if arguments[snapshots].isEmpty { chosen = try await repository.snapshots(filter) }
        let index = try await repository.loadIndex(cache: arguments.indexCache, notice: { display.warn($0) })
        display.show(phase: "counts what \(countText(chosen.count, "snapshot")) hold")
        return try await RepositoryStatistics.count(chosen, arguments[mode], BlobReader(repository, index))
      }
      write(statistics, arguments)
    })

  private static func write(_ statistics: RepositoryStatistics, _ arguments: ParsedArguments) {
    var lines = ["\(countText(statistics.snapshotsCount, "snapshot")), counted by \(arguments[mode].rawValue)"]
    var members: [String: JSONValue] = [
      "total_size": .int(Int64(statistics.totalSize)), "snapshots_count": .int(Int64(statistics.snapshotsCount)),
    ]
    lines.append("  size    \(byteText(statistics.totalSize))")
    if statistics.totalFileCount > 0 {
      lines.append("  entries \(groupedText(statistics.totalFileCount))")
      members["total_file_count"] = .int(Int64(statistics.totalFileCount))
    }
    if statistics.totalBlobCount > 0 {
      lines.append("  pieces  \(groupedText(statistics.totalBlobCount))")
      members["total_blob_count"] = .int(Int64(statistics.totalBlobCount))
    }
    if let ratio = statistics.compressionRatio, let saving = statistics.compressionSpaceSaving {
      lines.append(
        "  before  \(byteText(statistics.totalUncompressedSize)) uncompressed; compression saves \(fixedText(saving, digits: 1)) %"
      )
      members["total_uncompressed_size"] = .int(Int64(statistics.totalUncompressedSize))
      members["compression_ratio"] = .double(ratio)
      members["compression_space_saving"] = .double(saving)
      if let progress = statistics.compressionProgress { members["compression_progress"] = .double(progress) }
    }
    arguments.report(lines.joined(separator: "\n"), name: "\(statistics.totalSize)", .object(members))
  }
}
