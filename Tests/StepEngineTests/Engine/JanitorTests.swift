import JSON
import Log
import StepEngine
import Synchronization
import TestSupport
import Testing

@Suite("The janitor of a worker")
struct JanitorTests {
  /// Notes what it releases; objects called `stuck…` can't be released while it is told so.
  private final class Releaser: ResourceReleaser {
    let kind: String
    let names = Mutex<[String]>([])
    let problem = Mutex<String?>("busy")

    init(_ kind: String = "snapshot") { self.kind = kind }

    func release(_ entry: ResourceLedger.Entry) async throws {
      if entry.name.hasPrefix("stuck"), let problem = problem.withLock({ $0 }) {
        throw StepFailure(.retryable, problem)
      }
      names.withLock { $0.append(entry.name) }
    }
  }

  /// A run that is over and left these behind: name to the detail.
  private func leave(_ objects: [(String, JSONValue)], kind: String = "snapshot", in engine: Engine) async throws {
    let ledger = ResourceLedger(pool: engine.pool)
    let worker = try await HandWorker(engine, kinds: ["noop"])
    _ = try await engine.submit([step("a")])
    let steps = try await worker.claim(1)
    for (name, detail) in objects {
      _ = try await ledger.intend(steps[0].step, kind: kind, driver: "d", name: name, detail: detail)
    }
    try await worker.report(steps)
  }

  @Test("releases at its start what is for its node, and tells of it")
  func own() async throws {
    try await withEngine { engine in
      try await leave(
        [("here", ["node": "a"]), ("there", ["node": "b"]), ("anywhere", [:]), ("kept", ["keep": true])], in: engine)
      let releaser = Releaser()
      var crew = Crew(labels: ["node": "a"])
      crew.janitor = Janitor(ledger: ResourceLedger(pool: engine.pool), releasers: [releaser])
      try await engine.working(crew) {
        try await eventually("the janitor's first round") {
          releaser.names.withLock { $0 } == ["here", "anywhere"]
        }
        try await eventually("the events") {
          try await engine.int("select count(*) from holdfast.event where kind = 'resource-swept'") == 2
        }
      }
      #expect(
        try await engine.rows("select message as a from holdfast.event where kind = 'resource-swept' order by at")
          .first?
          .first?.hasSuffix("and has been released by the janitor of worker-0") ?? false)
      #expect(
        try await engine.rows("select name as a from holdfast.resource where state <> 'released' order by 1") == [
          ["kept"], ["there"],
        ])
    }
  }

  /// Counts its rounds; the first hangs until the task is cancelled if it is told so.
  private final class Chore: JanitorChore {
    let purpose = "do a chore"
    let pause = Duration.milliseconds(10)
    let rounds = Mutex(0)
    let hangs: Bool
    init(hangs: Bool) { self.hangs = hangs }
    func run(node: String?, logger: Logger) async throws {
      rounds.withLock { $0 += 1 }
      if hangs { try await Task.sleep(for: .seconds(3600)) }
      throw StepFailure(.retryable, "busy")
    }
  }

  @Test("chores go on side by side, whatever becomes of one, and end with the worker")
  func chores() async throws {
    try await withEngine { engine in
      let chores = [Chore(hangs: true), Chore(hangs: false)]
      var crew = Crew()
      crew.janitor = Janitor(ledger: ResourceLedger(pool: engine.pool), releasers: [], chores: chores)
      try await engine.working(crew) {
        try await eventually("some rounds") { chores[1].rounds.withLock { $0 } >= 3 }
      }
      #expect(chores[0].rounds.withLock { $0 } == 1)
      let after = chores[1].rounds.withLock { $0 }
      try await Task.sleep(for: .milliseconds(100))
      #expect(chores[1].rounds.withLock { $0 } == after)
    }
  }

  @Test("what can't be released is tried again after growing pauses, told once for each reason, and hinders nothing")
  func stuck() async throws {
    try await withEngine { engine in
      // More than a page of them, in front of one that can be released.
      try await leave((0..<120).map { ("stuck-\($0)", [:]) } + [("good", [:])], in: engine)
      let releaser = Releaser()
      let janitor = Janitor(ledger: ResourceLedger(pool: engine.pool), releasers: [releaser])
      let start = ContinuousClock.now
      func sweep(_ seconds: Int) async throws -> Janitor.Round {
        try await janitor.sweep(at: start + .seconds(seconds))
      }
      let first = try await sweep(0)
      #expect(first.released.map(\.name) == ["good"])
      #expect(first.failed.count == 120 && first.failed.allSatisfy { $0.isNews && $0.reason == "busy" })
      #expect(try await sweep(29).failed.count == 0)
      let second = try await sweep(30)
      #expect(second.failed.count == 120 && second.failed.allSatisfy { !$0.isNews })
      #expect(try await sweep(89).failed.count == 0)
      releaser.problem.withLock { $0 = "gone wrong" }
      #expect(try await sweep(90).failed.count { $0.isNews } == 120)
      releaser.problem.withLock { $0 = nil }
      #expect(try await sweep(209).released.count == 0)
      #expect(try await sweep(210).released.count == 120)
      #expect(try await sweep(1000).released.count == 0)
    }
  }

  @Test("a release that hangs is given up, and the next is done")
  func hangs() async throws {
    struct Hanging: ResourceReleaser {
      let kind = "clone"
      func release(_ entry: ResourceLedger.Entry) async throws {
        if entry.name == "hangs" { try await Task.sleep(for: .seconds(600)) }
      }
    }
    try await withEngine { engine in
      try await leave([("hangs", [:]), ("good", [:])], kind: "clone", in: engine)
      var options = Janitor.Options()
      options.releaseLimit = .seconds(5)
      let janitor = Janitor(ledger: ResourceLedger(pool: engine.pool), releasers: [Hanging()], options: options)
      let round = try await janitor.sweep()
      #expect(round.released.map(\.name) == ["good"] && round.failed.map(\.entry.name) == ["hangs"])
    }
  }
}
