internal import Backup
internal import CommandSyntax
internal import JSON
internal import ResticRepository
internal import Terminal

/// `holdfast repo backup --part I/N`: stores a share of the data, for a later run that joins all shares.
enum BackupPartCommand {
  static func run(
    _ part: BackupPart, of request: BackupRequest, _ arguments: ParsedArguments, _ display: ProgressDisplay
  ) async throws {
    let progress = BackupProgress()
    let problems = try await arguments.withRepository(.adding, display) { repository, lock in
      display.show(
        { BackupReport.state(progress.state, nil) },
        status: { BackupReport.status(progress.state, nil, $0) })
      return try await exportPart(
        part, of: request, to: repository, lock: lock, cache: arguments.indexCache, progress: progress,
        notice: { display.warn($0) })
    }
    for problem in problems { display.warn("\(problem)") }
    let state = progress.state
    guard arguments.writesJSON else {
      return writeText(
        "part \(part.index + 1) of \(part.count) is stored: \(byteText(state.bytesRead)) read, \(byteText(state.addedPackedBytes)) added; the same command without --part joins the parts\n"
      )
    }
    let object: JSONValue = [
      "message_type": "part", "part": .int(Int64(part.index + 1)), "parts": .int(Int64(part.count)),
      "bytes_read": .int(Int64(state.bytesRead)), "data_added_packed": .int(Int64(state.addedPackedBytes)),
    ]
    writeText(object.text + "\n")
  }
}
