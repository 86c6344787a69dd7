import Backup
import Concurrency
import Maintenance
import Restore
import StepEngine
import VolumeDrivers

/// How far a step is with the bytes that it moves.
struct Transfer: Sendable, Equatable {
  /// What is done; nil while something goes on that no bytes measure.
  var bytes: Int?
  /// Bytes of the whole; nil, or less than are done, if that isn't known.
  var totalBytes: Int?
  var files: Int?
  /// What is being worked on.
  var note: String?
}

/// Runs `body`, and tells the step meanwhile how far it is.
func reporting<Result: Sendable>(
  _ transfers: some AsyncSequence<Transfer, Never> & Sendable, to step: StepContext, _ body: () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      var meter = RateMeter()
      for await transfer in transfers { step.progress(meter.document(transfer)) }
    }
    defer { group.cancelAll() }
    return try await body()
  }
}

private let interval = Duration.seconds(1)

extension BackupProgress {
  /// How far it is, once a second.
  var transfers: some AsyncSequence<Transfer, Never> & Sendable {
    updates(every: interval).map {
      Transfer(bytes: $0.bytes, totalBytes: $0.expectedBytes, files: $0.files, note: $0.current.first)
    }
  }
}

extension RestoreProgress {
  /// How far it is, once a second.
  var transfers: some AsyncSequence<Transfer, Never> & Sendable {
    updates(every: interval).map {
      Transfer(bytes: $0.bytes, totalBytes: $0.expectedBytes, files: $0.files, note: $0.current.first)
    }
  }
}

extension CopyProgress {
  /// How far it is, once a second. How much there is to copy nobody knows before.
  var transfers: some AsyncSequence<Transfer, Never> & Sendable {
    AsyncStream.sampling(every: interval) { Transfer(bytes: self.bytes, files: self.files) }
  }
}

extension MaintenanceBoard {
  /// How far it is, once a second, as soon as there are numbers.
  var transfers: some AsyncSequence<Transfer, Never> & Sendable {
    AsyncStream.sampling(every: interval) { self.latest }.compactMap { $0 }.map { latest in
      let count = "\(latest.done)" + (latest.total.map { " of \($0)" } ?? "")
      return Transfer(bytes: latest.bytes, totalBytes: latest.totalBytes, note: "\(latest.stage.rawValue): \(count)")
    }
  }
}

extension ByteCounter {
  /// How far it is, once a second.
  func transfers(of totalBytes: Int) -> some AsyncSequence<Transfer, Never> & Sendable {
    AsyncStream.sampling(every: interval) { Transfer(bytes: self.value, totalBytes: totalBytes) }
  }
}
