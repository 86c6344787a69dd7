import BlobIndex
import Concurrency
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("Storing blobs")
struct BlobWriterTests {
  // With a buffer less, one who waits for memory while another opens the same pack waits for ever.
  @Test("one upload and many writers: nobody waits for memory that never comes", .timeLimit(.minutes(10)))
  func oneUpload() async throws {
    let (_, repository) = try await ResticFixture.initialized()
    var settings = WriteSettings()
    settings.uploads = 1
    settings.openPacks = 1
    settings.packSize = 64 << 10
    settings.compression = .off
    let pool = BlockingPool(size: 10)
    for round in 0..<20 {
      try await repository.withBlobWriter(index: BlobIndex(), settings: settings, pool: pool) { writer in
        // Every place for a pack holds one.
        try await writer.store(Array("{}".utf8), type: .tree, with: writer.sealer())
        try await withThrowingTaskGroup(of: Void.self) { group in
          for task in 0..<8 {
            group.addTask(executorPreference: pool) {
              let sealer = writer.sealer()
              for number in 0..<12 {
                // Two fill a pack.
                let blob = Array("\(round) \(task) \(number) ".utf8) + [UInt8](repeating: 0, count: 40 << 10)
                try await writer.store(blob, type: .data, with: sealer)
              }
            }
          }
          try await group.waitForAll()
        }
        #expect(writer.totals.dataBlobs == 96)
      }
    }
  }
}
