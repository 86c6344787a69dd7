import Glibc
import JSON
import ResticFormat
import Testing
import VolumeDrivers

@testable import ProtectionSteps
@testable import StepEngine

@Suite("When an earlier attempt took a snapshot")
struct SnapshotMomentTests {
  private func moment(createdAt: Int?, noted: String?) throws -> Snapshot.Moment? {
    let entry = ResourceLedger.Entry(
      id: 1, kind: "snapshot", driver: "exec", name: "hf-7-data", step: StepID(7 << 20 | 3), exists: false,
      isKnown: true, detail: ["at": noted.map { .string($0) } ?? .null])
    let object = DriverObject(kind: .snapshot, name: "hf-7-data", createdAt: createdAt)
    return try SnapshotStep.moment(of: object, entry).map { try #require(Snapshot.Moment(rfc3339: $0)) }
  }

  @Test("not before what is known of it, and not after now")
  func bounds() throws {
    let (early, now) = ("2026-01-01T00:00:00Z", Snapshot.Moment.now)
    #expect(try moment(createdAt: nil, noted: nil) == nil)
    #expect(try moment(createdAt: nil, noted: early) == Snapshot.Moment(rfc3339: early))
    #expect(try moment(createdAt: 7, noted: early) == Snapshot.Moment(rfc3339: early))
    #expect(try moment(createdAt: Int(now.seconds) - 9, noted: early)?.seconds == now.seconds - 9)
    // A node's clock may be ahead of the driver's, and of this one's.
    for (createdAt, noted) in [(Int(now.seconds) + 3600, early), (7, "2999-01-01T00:00:00Z")] {
      let moment = try #require(try moment(createdAt: createdAt, noted: noted))
      #expect(moment >= now && moment < Snapshot.Moment(seconds: now.seconds + 600, nanoseconds: 0))
    }
  }
}
