internal import CommandSyntax
internal import Glibc
internal import JSON
internal import Restore
internal import Terminal

/// What a restore says of itself, to people and to programs.
struct RestoreReport {
  let result: RestoreResult
  let target: String
  let isDryRun: Bool
  let elapsed: Duration

  // MARK: - While it runs

  /// The numbers for the picture on a terminal.
  static func state(_ progress: RestoreProgress.State) -> WorkState {
    if progress.isWalking, progress.files == 0, progress.expectedFiles == 0 { return .phase("reads folders") }
    var state = WorkState()
    state.bytes = progress.bytes
    state.expectedBytes = progress.expectedBytes
    state.items = progress.files
    state.expectedItems = progress.expectedFiles
    state.isGrowing = progress.isWalking
    if progress.verifiedBytes > 0 { state.notes.append("verified " + byteText(progress.verifiedBytes)) }
    state.problems = progress.problems
    state.current = progress.current
    return state
  }

  /// The object for programs, with the names of restic's.
  static func status(_ progress: RestoreProgress.State, _ pace: WorkPace) -> JSONValue {
    var members = state(progress).status(pace)
    members.merge(numbers(progress)) { $1 }
    members["bytes_done"] = .int(Int64(progress.bytes))
    members["current_files"] = .array(progress.current.map(JSONValue.string))
    return .object(members)
  }

  private static func numbers(_ progress: RestoreProgress.State) -> [String: JSONValue] {
    let numbers: [(String, Int)] = [
      ("total_files", progress.expectedFiles), ("files_restored", progress.files - progress.unchangedFiles),
      ("files_skipped", progress.unchangedFiles), ("files_deleted", progress.deleted),
      ("total_bytes", progress.expectedBytes), ("bytes_restored", progress.bytes - progress.unchangedBytes),
      ("bytes_skipped", progress.unchangedBytes), ("error_count", progress.problems),
    ]
    return Dictionary(
      numbers.map { ($0, .int(Int64($1))) }, uniquingKeysWith: { first, _ in first as JSONValue })
  }

  /// A line about one file.
  static func line(_ item: RestoreRequest.Item, json: Bool) -> String {
    let path = String(decoding: item.path, as: UTF8.self)
    guard json else {
      return "\(padded(item.action.rawValue, to: 9))  \(singleLine(path))"
        + (item.size > 0 ? "  \(byteText(item.size))" : "")
    }
    let object: JSONValue = [
      "message_type": "verbose_status", "action": .string(item.action.rawValue), "item": .string(path),
      "size": .int(Int64(item.size)),
    ]
    return object.text
  }

  // MARK: - At the end

  /// Writes what is wrong with single paths.
  func complain(_ arguments: ParsedArguments, _ display: ProgressDisplay) {
    for problem in result.problems {
      if arguments.writesJSON {
        let object: JSONValue = [
          "message_type": "error", "during": "restore", "item": .string(String(decoding: problem.path, as: UTF8.self)),
          "error": ["message": .string(problem.message)],
        ]
        writeText(object.text + "\n", to: STDERR_FILENO)
      } else if problem.isLoss {
        display.complain(problem.message)
      } else {
        display.warn(problem.message)
      }
    }
    for (kind, count) in result.problemCounts where count > RestoreResult.problemLimit {
      display.warn(
        "\(countText(count - RestoreResult.problemLimit, "more problem")) of the same kind (\(kind.rawValue))")
    }
    // What could not be read may have had it.
    for pattern in result.isIncomplete ? [] : result.unfittedIncludes {
      display.warn("nothing in the snapshot fits the pattern '\(pattern)'")
    }
  }

  /// Writes the summary as the command line wants it.
  func write(_ arguments: ParsedArguments) {
    if arguments.isQuiet { return }
    switch arguments[GlobalOptions.output] {
    case .table: writeText(lines.map { $0 + "\n" }.joined())
    case .json: writeText(json.text + "\n")
    case .yaml: writeText(documentText(json, as: .yaml, style: arguments.style))
    case .name: writeText(target + "\n")
    }
  }

  /// The summary for programs, with the names of restic's.
  var json: JSONValue {
    var members = Self.numbers(result.progress)
    members["message_type"] = "summary"
    members["seconds_elapsed"] = .int(elapsed.components.seconds)
    members["percent_done"] = .double(Self.state(result.progress).fraction ?? 0)
    return .object(members)
  }

  /// The summary for people.
  var lines: [String] {
    let state = result.progress
    let written = state.bytes - state.unchangedBytes
    let seconds = max(0.001, elapsed / .seconds(1))
    let rate = isDryRun ? "" : ", \(byteText(Int(clamping: Int64(Double(state.bytes) / seconds))))/s"
    var lines = [
      "\(isDryRun ? "would restore" : "restored") \(countText(state.files - state.unchangedFiles, "file")) (\(byteText(written))) to "
        + "\(target) in \(durationText(elapsed))\(rate)"
    ]
    if state.folders + state.others > 0 {
      lines.append(
        "  with them  \(countText(state.folders, "folder")), \(countText(state.others, "link or special file", "links and special files"))"
      )
    }
    if state.unchangedFiles > 0 {
      lines.append("  unchanged  \(countText(state.unchangedFiles, "file")) (\(byteText(state.unchangedBytes)))")
    }
    if state.deleted > 0 { lines.append("  \(isDryRun ? "to remove" : "removed")    \(groupedText(state.deleted))") }
    if state.verifiedBytes > 0 { lines.append("  verified   \(byteText(state.verifiedBytes))") }
    return lines
  }

  /// Set if something that was asked for could not be restored.
  var failure: CommandFailure? {
    guard result.isIncomplete else { return nil }
    let losses = result.progress.problems
    return CommandFailure(
      .failed, "\(countText(losses, "thing")) could not be restored, see above; everything else was")
  }
}
