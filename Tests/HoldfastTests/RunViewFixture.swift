import Foundation
import JSON
import Terminal
import Testing

@testable import holdfast

/// A run in the middle of its life, for pictures and sentences.
enum RunViewFixture {
  static let base = Moment(microseconds: 1_790_000_000_000_000)
  static let utc: Void = {
    setenv("TZ", "UTC", 1)
    tzset()
  }()

  static func at(_ seconds: Double) -> Moment {
    Moment(microseconds: base.microseconds + Int64(seconds * 1_000_000))
  }

  static func step(
    _ ordinal: Int64, _ name: String, _ state: StepState, uses: String = "exec", from: Double? = nil, to: Double? = nil,
    _ change: (inout RunStep) -> Void = { _ in }
  ) -> RunStep {
    var step = RunStep(id: 1 << 20 | ordinal, name: name, uses: uses, state: state, since: at(to ?? from ?? 0))
    step.startedAt = from.map(at)
    step.finishedAt = to.map(at)
    change(&step)
    return step
  }

  /// Twelve volumes: one failed, one runs, one waits for its next attempt, one for a limit; a step for a zone without workers,
  /// an approval, a hook, a lister that is over.
  static var midway: RunSnapshot {
    _ = utc
    var header = RunHeader(id: 1, workflow: "csi-backup", policy: "nightly", state: .running, submittedAt: at(0))
    header.startedAt = at(1)
    header.params = ["application": "shop", "profile": "s3"]
    header.steps = StepCounts(
      total: 55, succeeded: 30, failed: 1, running: 1, ready: 2, waiting: 2, blocked: 19)
    let steps = [
      step(1, "discover", .succeeded, from: 1, to: 3),
      step(2, "volumes:items", .succeeded, uses: "evaluate", from: 3, to: 3.1),
      step(3, "volumes", .succeeded, uses: "group", to: 3.2) { $0.isGroup = true },
      step(4, "approve", .waiting, uses: "approval", from: 4) {
        $0.signal = "approval/approve"
        $0.reason = "waits for approval: keep the snapshots?"
      },
      step(5, "far", .ready, from: nil) {
        $0.since = at(3)
        $0.reason = "no active worker offers exec with zone=eu-2"
        $0.waitsFor = "no-worker"
        $0.labels = ["zone": "eu-2"]
      },
      step(6, "record", .blocked, uses: "noop"),
      step(7, "onFailure:notify", .blocked, uses: "http"),
      step(22, "volumes[2].export", .failed, from: 5, to: 26) {
        $0.item = ["volume": "media"]
        $0.attempt = 3
        $0.maxAttempts = 3
        $0.worker = "db-1"
        $0.reason = "exec: 'sh' ended with exit code 1: no space left on device"
      },
      step(32, "volumes[3].export", .running, from: 90) {
        $0.item = ["volume": ["name": "cache", "size": 12]]
        $0.attempt = 2
        $0.maxAttempts = 3
        $0.worker = "db-1"
        $0.timeLimitAt = at(690)
        $0.progress = ["done": 1_288_490_189, "total": 4_294_967_296, "rate": 325_058_560, "etaSeconds": 9.2]
      },
      step(42, "volumes[4].export", .waiting, from: 80) {
        $0.attempt = 2
        $0.maxAttempts = 3
        $0.wakeAt = at(130)
        $0.reason = "attempt 1 of 3 failed: the\nconnection \u{1B}[31mbroke"
      },
      step(51, "volumes[5].snapshot", .ready) {
        $0.since = at(60)
        $0.reason = "limit snapshots is used up: 2 of 2"
        $0.waitsFor = "limit"
        $0.limits = ["snapshots"]
      },
      step(52, "volumes[5].export", .blocked),
    ]
    var snapshot = RunSnapshot(run: header, steps: steps, now: at(125))
    snapshot.items["volumes"] = GroupItems(
      counts: [.succeeded: 8, .failed: 1, .running: 1, .waiting: 1, .ready: 1], startedAt: at(4), finishedAt: at(120))
    let id: Int64 = 1 << 20
    snapshot.needs = [
      id | 2: [id | 1], id | 3: [id | 2], id | 5: [id | 1], id | 52: [id | 51],
      id | 6: [id | 3, id | 4, id | 22, id | 32, id | 42, id | 52],
    ]
    return snapshot
  }

  static var facts: ExplainFacts {
    var facts = ExplainFacts()
    facts.workers = [
      .init(
        name: "db-1", state: "active", kinds: ["exec", "noop"], queues: nil, labels: ["zone": "eu-1"], slots: 4,
        busy: 4,
        lastSeenAt: at(123), leaseEndsAt: at(153)),
      .init(
        name: "gpu", state: "draining", kinds: ["http"], queues: ["night"], labels: [:], slots: 1, busy: 0,
        lastSeenAt: at(120), leaseEndsAt: at(150)),
    ]
    facts.limits = [
      .init(
        name: "snapshots", capacity: 2, used: 2,
        holders: [
          .init(run: 7, step: "volumes[0].snapshot", worker: "db-3", since: at(20)),
          .init(run: 9, step: "snap", worker: nil, since: nil),
        ])
    ]
    facts.attempts = [
      .init(
        state: "retrying", worker: "db-1", startedAt: at(5), finishedAt: at(10), message: "no space left on device"),
      .init(state: "lost", worker: "db-2", startedAt: at(12), finishedAt: at(18), message: nil),
    ]
    facts.lastLines = ["block 4 of 5 sent", "no space left on device"]
    return facts
  }
}

/// Texts as they were agreed on; run with HOLDFAST_UPDATE_GOLDEN=1 to write them anew.
func expectGolden(_ text: String, _ name: String, _ location: SourceLocation = #_sourceLocation) throws {
  let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "RunView/\(name).txt")
  if ProcessInfo.processInfo.environment["HOLDFAST_UPDATE_GOLDEN"] == "1" { try Data(text.utf8).write(to: file) }
  let agreed = try String(contentsOf: file, encoding: .utf8)
  #expect(text == agreed, sourceLocation: location)
}
