import TestSupport
import Schedules
import Testing
import TimeZones

@testable import StepEngine

@Suite("Overlapping runs")
struct ScheduleOverlapTests {
  func plan(
    _ overlap: ScheduleRules.Overlap, _ catchUp: ScheduleRules.CatchUp = .latest, due: [Int64], live: [Int64] = [],
    queued: [Int64] = []
  ) throws -> OverlapPlan {
    var rules = ScheduleRules(cron: try CronExpression("@daily"), timeZone: .utc)
    rules.overlap = overlap
    rules.catchUp = catchUp
    rules.catchUpLimit = 3
    return rules.plan(due: due, live: live.map(RunID.init), queued: queued)
  }

  @Test("with no run live the slot starts", arguments: ScheduleRules.Overlap.allCases)
  func free(overlap: ScheduleRules.Overlap) throws {
    #expect(try plan(overlap, due: [5]) == OverlapPlan(start: 5))
    #expect(try plan(overlap, due: []) == OverlapPlan())
    #expect(try plan(overlap, due: [3, 4, 5]) == OverlapPlan(start: 5, skipped: [3, 4]))
    #expect(try plan(overlap, due: [], queued: [4]) == OverlapPlan(start: 4))
  }

  @Test("skip records the slot and leaves the run alone")
  func skip() throws {
    #expect(try plan(.skip, due: [5, 6], live: [1]) == OverlapPlan(skipped: [5, 6]))
  }

  @Test("queue lets the latest slot wait, or several in order if all are wanted")
  func queue() throws {
    #expect(try plan(.queue, due: [5], live: [1]) == OverlapPlan(queued: [5]))
    #expect(try plan(.queue, due: [6], live: [1], queued: [5]) == OverlapPlan(queued: [6], skipped: [5]))
    #expect(try plan(.queue, due: [], live: [1], queued: [5]) == OverlapPlan(queued: [5]))
    #expect(
      try plan(.queue, .all, due: [6, 7], live: [1], queued: [4, 5]) == OverlapPlan(queued: [5, 6, 7], skipped: [4]))
    #expect(try plan(.queue, .all, due: [7], queued: [4, 5]) == OverlapPlan(start: 4, queued: [5, 7]))
    #expect(try plan(.queue, .all, due: [3, 4, 5, 6, 7]) == OverlapPlan(start: 4, queued: [5, 6, 7], skipped: [3]))
  }

  @Test("replace cancels the run, and the slot waits until it has ended")
  func replace() throws {
    #expect(
      try plan(.replace, due: [6], live: [1, 2], queued: [5])
        == OverlapPlan(cancel: [RunID(1), RunID(2)], queued: [6], skipped: [5]))
    #expect(try plan(.replace, due: [], queued: [6]) == OverlapPlan(start: 6))
  }

  @Test("over random histories every slot ends once, and runs never overlap", arguments: ScheduleRules.Overlap.allCases)
  func histories(overlap: ScheduleRules.Overlap) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("overlap: \(overlap) seed \(seed)")
    var random = SplitMix64(seed: seed)
    for catchUp in ScheduleRules.CatchUp.allCases {
      var (live, queued, ended): ([Int64], [Int64], [Int64]) = ([], [], [])
      for slot in Int64(1)...500 {
        let due = slot % 3 == 0 ? [] : Array((slot * 10)...(slot * 10 + .random(in: 0...4, using: &random)))
        if Bool.random(using: &random) {
          ended += live
          live = []
        }
        let plan = try plan(overlap, catchUp, due: due, live: live, queued: queued)
        #expect(plan.start == nil || live.isEmpty)
        #expect(plan.queued.count <= (catchUp == .all ? 3 : 1) && (plan.cancel.isEmpty || overlap == .replace))
        let outcome = (plan.start.map { [$0] } ?? []) + plan.queued + plan.skipped
        #expect(outcome.sorted() == (due + queued).sorted(), "seed \(seed)")
        if let start = plan.start { live = [start] }
        queued = plan.queued
      }
    }
  }
}
