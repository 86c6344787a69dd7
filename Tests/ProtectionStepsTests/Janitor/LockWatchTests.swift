import Cryptography
import ResticFormat
import Testing

@testable import ProtectionSteps

@Suite("Locks that are watched")
struct LockWatchTests {
  @Test("one that stays is unchanged after half an hour; one that is written anew never is")
  func unchanged() throws {
    let stays = try #require(FileID(String(repeating: "a", count: 64)))
    let renewed = try (0..<10).map { try #require(FileID(String(repeating: "\($0)", count: 64))) }
    let start = ContinuousClock.now
    var watch = LockWatch()
    for round in 0..<10 {
      let found = watch.unchanged(of: [stays, renewed[round]], at: start + .seconds(300 * round))
      #expect(found == (round < 6 ? [] : [stays]))
    }
    // Gone for a moment: it may be another's.
    #expect(watch.unchanged(of: [], at: start + .seconds(3300)).isEmpty)
    #expect(watch.unchanged(of: [stays], at: start + .seconds(3600)).isEmpty)
  }
}
