import CommandSyntax
import JSON
import Terminal
import Testing

@testable import holdfast

@Suite("Explanations")
struct RunViewExplainTests {
  private func text(_ explanation: Explanation) -> String {
    explanation.lines(width: 100).map { $0.text(TextStyle()) + "\n" }.joined()
  }

  @Test(
    "steps are explained as agreed",
    arguments: [
      "record", "approve", "far", "volumes", "volumes[2].export", "volumes[3].export", "volumes[4].export",
      "volumes[5].snapshot",
    ])
  func steps(name: String) throws {
    let snapshot = RunViewFixture.midway
    guard case .one(let step) = try StepChoice(name, in: snapshot) else {
      Issue.record("\(name) is one step")
      return
    }
    let explainer = Explainer(snapshot, RunViewFixture.facts)
    try expectGolden(text(explainer.explain(step)), "explain-\(name.filter { $0.isLetter || $0.isNumber })")
  }

  @Test("a live run is explained as agreed")
  func liveRun() throws {
    try expectGolden(text(Explainer(RunViewFixture.midway, RunViewFixture.facts).explainRun()), "explain-live")
  }

  @Test("a failed run is explained from its first failure to what was left out")
  func failedRun() throws {
    var snapshot = RunViewFixture.midway
    snapshot.run.state = .failed
    snapshot.run.finishedAt = RunViewFixture.at(125)
    for index in snapshot.steps.indices where !snapshot.steps[index].state.isOver {
      snapshot.steps[index].state = snapshot.steps[index].state == .blocked ? .omitted : .succeeded
      snapshot.steps[index].finishedAt = RunViewFixture.at(120)
    }
    snapshot.steps.append(RunViewFixture.step(60, "undo:far", .succeeded, from: 121, to: 122))
    snapshot.steps.append(RunViewFixture.step(61, "late", .failed, from: 1, to: 40) { $0.reason = "too late" })
    let explainer = Explainer(snapshot, RunViewFixture.facts)
    try expectGolden(text(explainer.explainRun()), "explain-failed")
    let record = snapshot.steps.first { $0.name == "record" }
    try expectGolden(text(explainer.explain(#require(record))), "explain-omitted")
    #expect(explainer.focus(of: try #require(record)).name == "volumes[2].export")
  }

  @Test("a name stands for a step or for all instances; a mistyped one gets the nearest")
  func choices() throws {
    let snapshot = RunViewFixture.midway
    guard case .instances(let steps) = try StepChoice("volumes.export", in: snapshot) else {
      Issue.record("volumes.export has instances")
      return
    }
    #expect(steps.count == 4)
    let all = Explainer(snapshot, RunViewFixture.facts).explain(instances: steps, named: "volumes.export")
    try expectGolden(text(all), "explain-instances")
    let error = #expect(throws: CommandFailure.self) { try StepChoice("recrod", in: snapshot) }
    #expect(error?.exitCode == .notFound && error?.message.hasSuffix("did you mean 'record'?") ?? false)
  }

  @Test("what a step printed cannot move the cursor, and commands can be copied")
  func safety() throws {
    for step in RunViewFixture.midway.steps {
      let text = text(Explainer(RunViewFixture.midway, RunViewFixture.facts).explain(step))
      #expect(!text.contains("\u{1B}"))
    }
    #expect(Advice(run: 1).logs("volumes[2].export") == "holdfast logs 1 'volumes[2].export'")
    #expect(Advice(run: 1).signal("it's") == #"holdfast signal 1 'it'\''s'"#)
  }

  @Test("changes come as lines, each once, in the order in which they happened")
  func changes() {
    var changes = RunChanges()
    var snapshot = RunViewFixture.midway
    let first = changes.lines(snapshot)
    #expect(first.first?.hasSuffix("run 1 of csi-backup is running") ?? false)
    #expect(first.contains { $0.contains("volumes[3].export running") })
    #expect(!first.contains { $0.contains("discover") })
    #expect(changes.lines(snapshot) == [])
    let index = snapshot.steps.firstIndex { $0.name == "volumes[3].export" } ?? 0
    snapshot.steps[index].state = .succeeded
    snapshot.steps[index].startedAt = RunViewFixture.at(90)
    snapshot.steps[index].finishedAt = RunViewFixture.at(126)
    snapshot.run.state = .cancelled
    snapshot.run.stopReason = "enough"
    snapshot.run.finishedAt = RunViewFixture.at(127)
    let second = changes.lines(snapshot)
    #expect(second.count == 2)
    #expect(second.first?.contains("volumes[3].export succeeded in 36s") ?? false)
    #expect(second.last?.hasSuffix("run 1 of csi-backup was cancelled: enough") ?? false)
  }

  @Test("followed logs give each line once, also one that came late; attempts are set apart")
  func logs() {
    func line(_ fence: Int64, _ number: Int, _ at: Double, attempt: Int = 1) -> LogLine {
      LogLine(
        stepID: 1, step: "a", attempt: attempt, fence: fence, number: number, at: RunViewFixture.at(at),
        text: "line \(number)\u{1B}[2J")
    }
    _ = RunViewFixture.utc
    var follower = LogFollower()
    #expect(follower.since == nil)
    #expect(follower.new([line(1, 1, 0), line(1, 2, 30)]).count == 2)
    #expect(follower.since == RunViewFixture.at(20))
    #expect(follower.new([line(1, 2, 30), line(2, 1, 29)]) == [line(2, 1, 29)])
    var writer = LogWriter(style: TextStyle(columns: 80))
    let text = writer.text([line(1, 1, 0), line(2, 1, 1, attempt: 2), line(2, 2, 2, attempt: 2)])
    #expect(text.split(separator: "\n").count == 4)
    #expect(text.contains("─── a, attempt 2\n"))
    #expect(!text.contains("\u{1B}"))
    var raw = LogWriter(style: TextStyle(), hidesStep: true)
    #expect(raw.text([line(1, 1, 0)]).hasSuffix("  line 1\u{1B}[2J\n"))
  }
}
