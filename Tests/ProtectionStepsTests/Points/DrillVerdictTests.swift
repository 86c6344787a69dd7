import JSON
import ObjectStores
import ResticRepository
import Restore
import StepEngine
import Testing

@testable import ProtectionSteps

@Suite("What a restore drill shows")
struct DrillVerdictTests {
  @Test("only a finding speaks against the data, whatever else failed")
  func verdict() {
    let fine: JSONValue = ["volume": "data", "finding": ""]
    let damaged: JSONValue = ["volume": "logs", "finding": "a pack is missing"]
    #expect(DrillVerdict(restores: [fine], looks: [["finding": ""], .null], failure: nil) == .good)
    #expect(DrillVerdict(restores: [fine, damaged], looks: [.null], failure: nil) == .bad("a pack is missing"))
    #expect(
      DrillVerdict(restores: [damaged, .null], looks: [["finding": "no index"]], failure: "the disk is full")
        == .bad("a pack is missing; no index"))
    #expect(DrillVerdict(restores: [fine, .null], looks: [], failure: "no room") == .unknown("no room"))
    // As steps of an older release put it out.
    #expect(DrillVerdict(restores: [["volume": "data"]], looks: [[:]], failure: nil) == .good)
    #expect(
      DrillVerdict.unknown("no room").message(of: "p1") == "the restore drill of point p1 could not be done: no room")
  }

  @Test("a recovery takes from the first restore's start to the last one's end")
  func recovery() {
    func restore(_ start: String, _ end: String, _ seconds: Double) -> JSONValue {
      [
        "startedAt": .string("2026-11-28T10:00:\(start)Z"), "endedAt": .string("2026-11-28T10:00:\(end)Z"),
        "seconds": .double(seconds),
      ]
    }
    let (first, second) = (restore("01.5", "11.5", 10), restore("11.75", "31", 19.25))
    #expect(RecordVerificationStep.recoverySeconds([second, first, .null]) == 29.5)
    // A clock that is behind makes no recovery shorter than its longest restore.
    #expect(RecordVerificationStep.recoverySeconds([restore("10", "05", 30)]) == 30)
    #expect(RecordVerificationStep.recoverySeconds([["seconds": 2.5], ["seconds": 4]]) == 4)
    #expect(RecordVerificationStep.recoverySeconds([]) == 0)
  }

  static let errors: [(any Error, Bool)] = [
    (RepositoryError(.corrupt, "x"), true), (RepositoryError(.notFound, "x"), true),
    (RepositoryError(.store(.notFound), "x"), true), (RepositoryError(.store(.truncated), "x"), true),
    (RepositoryError(.store(.unreachable), "x"), false), (RepositoryError(.lockLost, "x"), false),
    (RepositoryError(.wrongPassword, "x"), false), (RestoreError(.notFound, "x"), true),
    (RestoreError(.full, "x"), false), (RestoreError(.target, "x"), false),
    (StepFailure(.permanent, "x"), false), (CancellationError(), false), (ExportDamage("x"), true),
  ]

  @Test("what was stored is told from the place that it comes to")
  func damage() {
    for (error, isDamage) in Self.errors {
      #expect((ExportDamage(error, of: "volume shop/data") != nil) == isDamage, "\(error)")
    }
    let missing = ExportDamage(RepositoryError(.corrupt, "the pack is damaged"), of: "volume shop/data")
    #expect(missing?.failure == StepFailure(.retryable, "volume shop/data: the pack is damaged"))
    #expect(ExportDamage(canHeal: false, "gone").failure.kind == .permanent)
  }
}
