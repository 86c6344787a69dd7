internal import JSON

/// The driver `exec`: a program does it, in the way that the article "The driver contract" describes.
struct ExecDriver: VolumeDriver {
  let program: String

  var name: String { "exec" }

  /// - Throws: `.permanent` without an absolute path.
  init(program: String?) throws(DriverError) {
    guard let program, !program.isEmpty else {
      throw DriverError(.permanent, "the driver exec needs a \"program\", an absolute path.")
    }
    guard program.hasPrefix("/"), !program.utf8.contains(0) else {
      throw DriverError(
        .permanent, "the program of the driver exec must be an absolute path: \"\(printable(program.prefix(300)))\".")
    }
    self.program = program
  }

  func capabilities(of source: VolumeSource) async throws(DriverError) -> DriverCapabilities {
    try await ExecAnswer(ExecCall(program, "capabilities", source)).capabilities()
  }

  func discover(below path: String) async throws(DriverError) -> [DiscoveredVolume] {
    var place = candidate(path)
    place.program = program
    let answer: ExecAnswer
    do throws(DriverError) {
      answer = try await ExecAnswer(ExecCall(program, "discover", place))
    } catch {
      guard error.kind == .permanent else { throw error }
      throw DriverError(
        .permanent,
        "\(error.message.dropLast()); a program need not know \"discover\": where it doesn't, write its volumes into the document yourself."
      )
    }
    return DiscoveredVolume.distinct(try answer.volumes())
  }

  func snapshot(_ source: VolumeSource, named name: String) async throws(DriverError) -> DriverObject {
    try ObjectName.check(name)
    return try await ExecAnswer(ExecCall(program, "snapshot", source, ["name": .string(name)])).snapshot(named: name)
  }

  func readiness(_ source: VolumeSource, snapshot: String) async throws(DriverError) -> SnapshotReadiness {
    try ObjectName.check(snapshot)
    return try await ExecAnswer(ExecCall(program, "readiness", source, ["snapshot": .string(snapshot)])).readiness()
  }

  func clone(
    _ source: VolumeSource, snapshot: String, named name: String, writable: Bool
  ) async throws(DriverError) -> DriverClone {
    try ObjectName.check(snapshot)
    try ObjectName.check(name)
    return try await ExecAnswer(
      ExecCall(
        program, "clone", source, ["snapshot": .string(snapshot), "name": .string(name), "writable": .bool(writable)])
    ).clone(named: name)
  }

  func releaseClone(_ source: VolumeSource, named name: String) async throws(DriverError) {
    try ObjectName.check(name)
    try await release("release-clone", source, name)
  }

  func releaseSnapshot(_ source: VolumeSource, named name: String) async throws(DriverError) {
    try ObjectName.check(name)
    try await release("release-snapshot", source, name)
  }

  private func release(_ operation: String, _ source: VolumeSource, _ name: String) async throws(DriverError) {
    do throws(DriverError) {
      _ = try await ExecCall(program, operation, source, ["name": .string(name)]).answer()
    } catch {
      // With the volume, everything that was made of it is gone.
      guard error.kind == .missing else { throw error }
    }
  }

  func changedRanges(
    _ source: VolumeSource, from: String, to: String
  ) async throws(DriverError) -> [Range<Int>]? {
    try ObjectName.check(from)
    try ObjectName.check(to)
    return try await ExecAnswer(
      ExecCall(program, "changed-ranges", source, ["from": .string(from), "to": .string(to)])
    ).ranges()
  }

  func restore(
    _ source: VolumeSource, snapshot: String, keeping isKept: PathTest?
  ) async throws(DriverError) {
    try ObjectName.check(snapshot)
    if isKept != nil, try await isFolder(source) {
      throw DriverError(
        .permanent,
        "the volume \(source.label) was not restored from the snapshot \"\(snapshot)\": its program restores all of it, also over what the application's document excludes; restore it from an export or into a folder, or take the excludes out of the document."
      )
    }
    _ = try await ExecCall(program, "restore", source, ["snapshot": .string(snapshot)]).answer()
  }

  private func isFolder(_ source: VolumeSource) async throws(DriverError) -> Bool {
    do throws(DriverError) {
      return try await capabilities(of: source).kind == .folder
    } catch {
      // Where nothing is, nothing can be overwritten.
      guard error.kind == .missing else { throw error }
      return false
    }
  }

  func owned(_ source: VolumeSource) async throws(DriverError) -> [DriverObject] {
    try await ExecAnswer(ExecCall(program, "owned", source)).objects()
  }
}
