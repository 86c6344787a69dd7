internal import Backup
internal import CommandSyntax
internal import Cryptography
internal import Glibc
internal import JSON
internal import ResticFormat
internal import ResticRepository
internal import Terminal

/// What a backup says of itself, to people and to programs.
struct BackupReport {
  let result: BackupResult
  let parent: FileID?
  let isDryRun: Bool
  let elapsed: Duration

  // MARK: - While it runs

  /// What a look at the source found: files, bytes, and whether that is all.
  typealias Found = (files: Int, bytes: Int, isAll: Bool)

  /// The numbers for the picture on a terminal.
  static func state(_ progress: BackupProgress.State, _ found: Found?) -> WorkState {
    if progress.current.isEmpty, progress.files == 0, progress.bytes == 0 { return .phase("reads the index") }
    var state = WorkState()
    state.bytes = progress.bytes
    state.items = progress.files
    // A parent's numbers are a guess: once they are passed, nothing is known.
    if progress.expectedBytes > progress.bytes {
      state.expectedBytes = progress.expectedBytes
      state.expectedItems = max(progress.expectedFiles, progress.files)
    } else if progress.expectedBytes == 0, let found, found.bytes >= progress.bytes {
      state.expectedBytes = found.bytes
      state.expectedItems = max(found.files, progress.files)
      state.isGrowing = !found.isAll
    }
    if progress.addedPackedBytes > 0 { state.notes.append("added " + byteText(progress.addedPackedBytes)) }
    state.problems = progress.problems
    state.current = progress.current
    return state
  }

  /// The object for programs, with the names of restic's.
  static func status(_ progress: BackupProgress.State, _ found: Found?, _ pace: WorkPace) -> JSONValue {
    let state = state(progress, found)
    var status = state.status(pace)
    status["files_done"] = .int(Int64(progress.files))
    status["bytes_done"] = .int(Int64(progress.bytes))
    if let files = state.expectedItems { status["total_files"] = .int(Int64(files)) }
    status["error_count"] = .int(Int64(progress.problems))
    status["current_files"] = .array(progress.current.map(JSONValue.string))
    status["bytes_read"] = .int(Int64(progress.bytesRead))
    status["bytes_added"] = .int(Int64(progress.addedPackedBytes))
    return .object(status)
  }

  // MARK: - At the end

  /// Writes what is wrong with one path.
  func complain(_ problem: BackupProblem, _ arguments: ParsedArguments, _ display: ProgressDisplay) {
    guard arguments.writesJSON else {
      if problem.isLoss { display.complain(problem.message) } else { display.warn(problem.message) }
      return
    }
    let object: JSONValue = [
      "message_type": "error", "during": "archival", "item": .string(String(decoding: problem.path, as: UTF8.self)),
      "error": ["message": .string(problem.message)],
    ]
    writeText(object.text + "\n", to: STDERR_FILENO)
  }

  /// Writes the summary as the command line wants it.
  func write(_ arguments: ParsedArguments) {
    if arguments.isQuiet { return }
    switch arguments[GlobalOptions.output] {
    case .table: writeText(lines.map { $0 + "\n" }.joined())
    case .json: writeText(json.text + "\n")
    case .yaml: writeText(documentText(json, as: .yaml, style: arguments.style))
    case .name: writeText(isDryRun ? "" : result.snapshot.id.hex + "\n")
    }
  }

  /// Set if something that was asked for is not in the snapshot.
  var failure: CommandFailure? {
    guard result.isIncomplete else { return nil }
    if isDryRun {
      return CommandFailure(
        .incomplete, "the snapshot would be incomplete: \(countText(result.problemCount, "problem")), see above")
    }
    return CommandFailure(
      .incomplete,
      "snapshot \(result.snapshot.id.shortHex) is incomplete: \(countText(result.problemCount, "problem")), see above")
  }

  /// The summary for people.
  var lines: [String] {
    let state = result.progress
    let compared = parent.map { "; its parent is \($0.shortHex)" } ?? "; it has no parent"
    let seconds = max(0.001, elapsed / .seconds(1))
    return [
      isDryRun
        ? "a dry run: no snapshot was saved\(compared)" : "snapshot \(result.snapshot.id.shortHex) saved\(compared)",
      "  files    \(counts(state.filesNew, state.filesChanged, state.filesUnmodified))",
      "  folders  \(counts(state.foldersNew, state.foldersChanged, state.foldersUnmodified))",
      "  read     \(byteText(state.bytesRead)) of \(byteText(state.bytes)) in \(durationText(elapsed))"
        + ", \(byteText(Int(clamping: Int64(Double(state.bytes) / seconds))))/s",
      "  \(isDryRun ? "would add" : "added   ") \(byteText(added.plaintext)), \(byteText(added.packed)) as stored",
    ]
  }

  private func counts(_ new: Int, _ changed: Int, _ unmodified: Int) -> String {
    "\(groupedText(new)) new, \(groupedText(changed)) changed, \(groupedText(unmodified)) unmodified"
  }

  private var added: (plaintext: Int, packed: Int) {
    let summary = result.snapshot.snapshot.summary
    return (summary?.dataAdded ?? 0, summary?.dataAddedPacked ?? 0)
  }

  /// The summary for programs, with the names of restic's.
  var json: JSONValue {
    let summary = result.snapshot.snapshot.summary ?? Snapshot.Summary()
    let numbers: [(String, Int)] = [
      ("files_new", summary.filesNew), ("files_changed", summary.filesChanged),
      ("files_unmodified", summary.filesUnmodified), ("dirs_new", summary.dirsNew),
      ("dirs_changed", summary.dirsChanged),
      ("dirs_unmodified", summary.dirsUnmodified), ("data_blobs", summary.dataBlobs), ("tree_blobs", summary.treeBlobs),
      ("data_added", summary.dataAdded), ("data_added_packed", summary.dataAddedPacked),
      ("total_files_processed", summary.totalFilesProcessed), ("total_bytes_processed", summary.totalBytesProcessed),
      ("bytes_read", result.progress.bytesRead), ("error_count", result.problemCount),
    ]
    var members = Dictionary(
      numbers.map { ($0, .int(Int64($1))) }, uniquingKeysWith: { first, _ in first as JSONValue })
    members["message_type"] = "summary"
    members["total_duration"] = .double(elapsed / .seconds(1))
    members["backup_start"] = .string(summary.backupStart.rfc3339)
    members["backup_end"] = .string(summary.backupEnd.rfc3339)
    if isDryRun { members["dry_run"] = true } else { members["snapshot_id"] = .string(result.snapshot.id.hex) }
    members["parent"] = .init(parent?.hex)
    members["incomplete"] = .bool(result.isIncomplete)
    return .object(members)
  }
}
