import JSON
import PostgresClient
import StepEngine
import Synchronization
import TestSupport
import Testing

@Suite("Scale", .serialized)
struct ScaleTests {
  @Test("a hundred thousand items fan out and in, in about ten times the time of ten thousand")
  func fanOut() async throws {
    var times: [Double] = []
    // What else the machine does may fall upon one of them, but not each time.
    for _ in 0..<3 {
      times = [try await time(of: 10_000), try await time(of: 100_000)]
      if times[1] < 20 * times[0] + 2 { return }
    }
    Issue.record("\(times)")
  }

  /// How many seconds a run over so many items takes.
  private func time(of count: Int) async throws -> Double {
    var seconds = 0.0
    try await withEngine { engine in
      // The group alone is held in one step's parameters, and expanded by the server.
      let list = JSONValue.array((0..<count).map { .int(Int64($0)) })
      let run = try await engine.submit(
        [step("first"), group("g", over: "$.params.l", needs: ["first"], [step("x")]), step("z", needs: ["g"])],
        ["params": ["l": list]])
      let start = ContinuousClock.now
      // One exchange takes all items in, and has to be back within two thirds of the lease.
      try await engine.working(Crew(workers: 2, slots: 500, lease: .seconds(600))) {
        try await engine.end(of: run, within: .seconds(600))
      }
      seconds = (ContinuousClock.now - start).seconds
      print("\(count) items: \(Int(seconds * 1000)) ms, \(Int(Double(count) / seconds)) steps/s")
      #expect(try await engine.state(run) == "succeeded")
      #expect(try await engine.int("select count(*) from holdfast.attempt where state = 'succeeded'") == count + 3)
      #expect(try await engine.leftovers() == [:])
    }
    return seconds
  }
}
