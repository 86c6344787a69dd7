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
    return list.checks
  }
}
