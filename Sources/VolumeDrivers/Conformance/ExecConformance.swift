internal import JSON

/// What a driver program must do besides what every driver must: how it deals with requests that it doesn't know.
public struct ExecConformance: Sendable {
  private let program: String
  private let volume: VolumeSource

  /// A suite for a program, an absolute path, and a volume that it can work with.
  public init(program: String, volume: VolumeSource) {
    self.program = program
    self.volume = volume
  }

  /// Tries everything; see `DriverConformance.run`.
  public func run(report: @escaping (ConformanceCheck) -> Void = { _ in }) async -> [ConformanceCheck] {
    var list = CheckList(report: report)
    _ = await list.check("ignores members of a request that it doesn't know") {
      _ = try await ExecAnswer(ExecCall(program, "capabilities", volume, ["future": ["a": [1, "b"]]])).capabilities()
    }
    _ = await list.check("refuses an operation that it doesn't know for good") {
      try await expectError(.permanent) { () throws(DriverError) in
        _ = try await ExecCall(program, "dance", volume).answer()
      }
    }
    _ = await list.check("refuses another version of the contract for good") {
      try await expectError(.permanent) { () throws(DriverError) in
        _ = try await ExecCall(program, "capabilities", volume, contract: 1000).answer()
      }
    }
    await checkDiscover(&list)
    return list.checks
  }

  /// Programs need not know it.
  private func checkDiscover(_ list: inout CheckList) async {
    let title = "finds the volume when it is asked what is at the volume's path"
    let answer: ExecAnswer
    do throws(DriverError) {
      answer = try await ExecAnswer(ExecCall(program, "discover", volume))
    } catch {
      guard error.kind == .permanent else {
        _ = await list.check(title) { throw error }
        return
      }
      return list.skip(title, "it need not, and \(error)")
    }
    _ = await list.check(title) {
      let found = try answer.volumes()
      guard found.contains(where: { $0.path == volume.path }) else {
        throw Unmet("\(volume.path) is not among the \(found.count) volumes that it finds")
      }
    }
  }
}
