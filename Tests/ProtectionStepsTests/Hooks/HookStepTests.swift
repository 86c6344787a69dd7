import Foundation
import Glibc
import JSON
import StepEngine
import Synchronization
import TestSupport
import Testing

@testable import ProtectionSteps

@Suite("hook")
struct HookStepTests {
  private func hook(_ script: String, _ more: [String: JSONValue] = [:], exec: [String: JSONValue] = [:]) -> JSONValue {
    let program: [String: JSONValue] = ["command": ["sh", "-c", .string(script)]]
    return .object(["exec": .object(program.merging(exec) { $1 })].merging(more) { $1 })
  }

  private func step(
    _ hooks: [JSONValue], _ more: [String: JSONValue] = [:], run: Int64 = 7, attempt: Int = 1, log: StepLog = StepLog()
  ) -> StepContext {
    let with: [String: JSONValue] = [
      "phase": "backupPrehook", "application": "shop", "hooks": .array(hooks),
    ]
    return context(.object(with.merging(more) { $1 }), run: run, attempt: attempt, log: log)
  }

  @Test("runs in order, with what it has to know")
  func environment() async throws {
    let log = StepLog()
    let with: [String: JSONValue] = [
      "point": "shop-1", "target": "/data", "volume": "db", "variables": ["MODE": "fast"], "artifacts": ["LSN": "0/1"],
    ]
    let script = "echo $HOLDFAST_APPLICATION $HOLDFAST_PHASE $HOLDFAST_RUN $HOLDFAST_STEP $HOLDFAST_ATTEMPT"
    let more = "echo $HOLDFAST_POINT $HOLDFAST_TARGET $HOLDFAST_VOLUME $MODE $HOLDFAST_ARTIFACT_LSN $PORT"
    let result = try await outputs(
      HookStep(), step([hook(script), hook(more, exec: ["environment": ["PORT": 5432]])], with, attempt: 2, log: log))
    #expect(log.lines == ["shop backupPrehook 7 quiesce[0].hooks 2", "shop-1 /data db fast 0/1 5432"])
    #expect(result["artifacts"] == [:] && result["succeeded"] == true)
    #expect(result["results"]?.array?.map { $0["exitCode"] } == [0, 0])
    #expect(try await outputs(HookStep(), step([]))["results"] == [])
  }

  @Test("artifacts: by a file, by lines, for the next hook and for later")
  func artifacts() async throws {
    let log = StepLog()
    let result = try await outputs(
      HookStep(),
      step(
        [
          hook("echo LSN=0/16 >>$HOLDFAST_ARTIFACTS; echo 'a=b=c d' >>$HOLDFAST_ARTIFACTS; echo $HOLDFAST_ARTIFACTS"),
          hook(
            "echo \"holdfast-artifact SEEN $HOLDFAST_ARTIFACT_LSN and $HOLDFAST_ARTIFACT_OLD\"; echo holdfast-artifact EMPTY"
          ),
          hook("echo LSN=0/17 >>$HOLDFAST_ARTIFACTS; echo holdfast-artifact X from stderr >&2"),
        ], ["artifacts": ["OLD": "one"]], run: 11, log: log))
    #expect(result["artifacts"] == ["LSN": "0/17", "a": "b=c d", "SEEN": "0/16 and one", "EMPTY": ""])
    let path = try #require(log.lines.first)
    #expect(!FileManager.default.fileExists(atPath: (path as NSString).deletingLastPathComponent))
  }

  /// Cases that run at once are not attempts at the same step.
  private static let runs = Atomic<Int64>(100)

  @Test(
    "bad artifacts are one clear failure",
    arguments: [
      ("echo nonsense >>$HOLDFAST_ARTIFACTS", "is not KEY=VALUE"),
      ("echo 'a b=1' >>$HOLDFAST_ARTIFACTS", "no name of an artifact"),
      ("echo holdfast-artifact x-y 1", "no name of an artifact"),
      ("head -c 20000 /dev/zero | tr '\\0' x | sed 's/^/BIG=/' >>$HOLDFAST_ARTIFACTS", "larger than"),
      ("head -c 1000000 /dev/zero >>$HOLDFAST_ARTIFACTS", "larger than"),
      ("i=0; while [ $i -lt 1001 ]; do echo K$i=1; i=$((i+1)); done >>$HOLDFAST_ARTIFACTS", "more artifacts"),
      ("rm $HOLDFAST_ARTIFACTS; ln -s /etc/passwd $HOLDFAST_ARTIFACTS", "no plain file"),
      ("rm $HOLDFAST_ARTIFACTS; mkfifo $HOLDFAST_ARTIFACTS", "no plain file"),
    ])
  func badArtifacts(_ script: String, _ message: String) async throws {
    let run = Self.runs.add(1, ordering: .relaxed).newValue
    let error = try await failure(HookStep(), step([hook(script)], run: run))
    #expect(error.kind == .permanent && error.message.contains(message), "\(error)")
  }

  @Test("a failure ends the step, unless the hook may fail")
  func failures() async throws {
    let log = StepLog()
    let bad = hook("echo why >&2; exit 137", ["name": "quiesce"])
    let error = try await failure(HookStep(), step([bad, hook("echo never")], run: 20, log: log))
    #expect(error == StepFailure(.retryable, "hook 'quiesce': 'sh' ended with exit code 137: why"))
    #expect(!log.lines.contains("never"))
    let tolerated = hook("echo holdfast-artifact MADE this; exit 3", ["onError": "continue"])
    let result = try await outputs(HookStep(), step([tolerated, hook("true")], run: 21))
    #expect(result["succeeded"] == false && result["artifacts"] == ["MADE": "this"])
    #expect(result["results"]?.array?.map { $0["exitCode"] } == [3, 0])
    #expect(result["results"]?.array?.map { $0["continued"] } == [true, false])
    #expect(try await failure(HookStep(), step([hook("kill -9 $$")], run: 22)).message.contains("signal 9"))
    let missing: JSONValue = ["exec": ["command": ["/no/such/program"]]]
    #expect(try await failure(HookStep(), step([missing], run: 23)).kind == .permanent)
  }

  @Test("in a drill a hook that finds fault is a result; one that can't look is a failure", arguments: [true, false])
  func drill(_ isDrill: Bool) async throws {
    let more: [String: JSONValue] = isDrill ? ["drill": true] : [:]
    let run: Int64 = isDrill ? 500 : 600
    let (log, good) = (StepLog(), hook("true"))
    #expect(try await outputs(HookStep(), step([good], more, run: run))["finding"] == "")
    for (number, code) in [1, 2, 125, 193, 255].enumerated() {
      let hooks = [hook("echo no index >&2; exit \(code)", ["name": "look"]), hook("echo never")]
      let context = step(hooks, more, run: run + 1 + Int64(number), log: log)
      guard isDrill else {
        #expect(try await failure(HookStep(), context).message.contains("exit code \(code)"))
        continue
      }
      let result = try await outputs(HookStep(), context)
      #expect(result["finding"] == .string("hook 'look': 'sh' ended with exit code \(code): no index"))
      #expect(result["succeeded"] == false && result["results"]?.array?.map { $0["continued"] } == [false])
    }
    #expect(!log.lines.contains("never"))
    if isDrill {
      // On another node than the copy, or after it was removed, nobody can look at it.
      let nowhere = more.merging(["target": "/no/such/copy"]) { $1 }
      let failure = try await failure(HookStep(), step([hook("exit 1")], nowhere, run: run + 20, log: log))
      #expect(failure.message.contains("/no/such/copy is not on this node"))
    }
    let tolerated = hook("exit 3", ["onError": "continue"])
    #expect(try await outputs(HookStep(), step([tolerated, good], more, run: run + 10))["finding"] == "")
    let missing: JSONValue = ["exec": ["command": ["/no/such/program"]]]
    let unable = [
      missing, hook("exit 126"), hook("no-such-program"), hook("kill -9 $$"), hook("exit 137"),
      hook("sleep 300", ["timeout": 0.3]), hook("echo nonsense >>$HOLDFAST_ARTIFACTS"),
    ]
    for (number, hook) in unable.enumerated() {
      _ = try await failure(HookStep(), step([hook], more, run: run + 20 + Int64(number)))
    }
  }

  @Test("mistakes are found before the first hook runs")
  func mistakes() async throws {
    let log = StepLog()
    for bad: JSONValue in [
      "text", ["exec": "text"], [:], ["exec": ["command": ["true"]], "onError": "ignore"],
      ["exec": ["command": ["true"]], "timeout": "soon"], ["exec": ["command": ["true"]], "when": "never"],
    ] {
      #expect(try await failure(HookStep(), step([hook("echo ran"), bad], run: 30, log: log)).kind == .permanent)
    }
    #expect(log.lines.isEmpty)
  }

  @Test("secrets turn up nowhere")
  func secrets() async throws {
    setenv("HOOK_TEST_SECRET", "s3cret-word", 1)
    let secret: [String: JSONValue] = ["secrets": ["PASSWORD": ["env": "HOOK_TEST_SECRET"]]]
    let log = StepLog()
    let result = try await outputs(
      HookStep(),
      step([hook("echo $PASSWORD; echo \"P=$PASSWORD\" >>$HOLDFAST_ARTIFACTS", exec: secret)], run: 40, log: log))
    #expect(!"\(result) \(log.lines)".contains("s3cret") && result["artifacts"]?["P"] == "•••")
    let error = try await failure(HookStep(), step([hook("echo $PASSWORD >&2; exit 1", exec: secret)], run: 41))
    #expect(error.message.contains("•••") && !error.message.contains("s3cret"))

    // In the name of an artifact that is refused, also where the message is cut.
    let names = ["-$PASSWORD", "$(printf %070d 0)$PASSWORD", "$(printf %0495d 0)$PASSWORD"]
    let lines = names.flatMap { ["echo \"\($0)=1\" >>$HOLDFAST_ARTIFACTS", "echo \"holdfast-artifact \($0) 1\""] }
    for (number, line) in lines.enumerated() {
      let refused = try await failure(
        HookStep(), step([hook(line, exec: secret)], run: 400 + Int64(number), log: log))
      #expect(refused.message.contains("•••") && !refused.message.contains("s3"), "\(refused)")
    }
    #expect(!"\(log.lines)".contains("s3cret"))
  }

  @Test("one that hangs is ended at its timeout, with all that it has started")
  func hangs() async throws {
    let marker = try scratchDirectory("hook").appendingPathComponent("late").path
    let script = "(sleep 300; touch \(marker)) & trap '' TERM; sleep 300 & wait; wait"
    let start = ContinuousClock.now
    let error = try await failure(HookStep(), step([hook(script, ["timeout": 0.3])], run: 50))
    #expect(error.kind == .retryable && error.message.contains("did not end within 0.3 s"))
    #expect(.now - start < .seconds(40))
    // Each shell of it has the marker in its command line.
    try await eventually("the end of what it started") { try await runProgram("pgrep", ["-f", marker]).exitCode == 1 }
    #expect(!FileManager.default.fileExists(atPath: marker))
  }

  @Test("one that floods its output, and closes it, and prints what is no text")
  func floods() async throws {
    let log = StepLog()
    let result = try await outputs(
      HookStep(),
      step(
        [
          hook("head -c 300000000 /dev/zero"),
          hook("head -c 100000 /dev/urandom; printf '\\377\\0\\n'; echo 'holdfast-artifact OK yes'"),
          hook("exec >&- 2>&-; sleep 0.2; exit 0"),
          hook("sleep 60 & exit 0"),
        ], run: 60, log: log))
    #expect(result["artifacts"] == ["OK": "yes"] && result["succeeded"] == true)
    #expect(log.lines.allSatisfy { !$0.utf8.contains(0) && $0.utf8.count < 40_000 })
    #expect(result["results"]?.array?.last?["seconds"]?.double ?? 99 < 30)
    let endless = try await failure(HookStep(), step([hook("yes", ["timeout": 0.5])], run: 61))
    #expect(endless.message.contains("did not end"))
  }

  @Test("what an attempt left that was killed is removed by the next")
  func leftovers() async throws {
    let place = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    let old = "\(place)/holdfast-hook-\(80 << 20 | 3)-1-1"
    // Of an earlier test process that was killed.
    try? FileManager.default.removeItem(atPath: old)
    try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: false)
    try "A=1".write(toFile: old + "/artifacts", atomically: false, encoding: .utf8)
    #expect(try await outputs(HookStep(), step([hook("true")], run: 80, attempt: 2))["artifacts"] == [:])
    #expect(!FileManager.default.fileExists(atPath: old))
  }

  @Test("what others put where such a leftover would be stays, and a link there leads nowhere")
  func othersLeftovers() async throws {
    let place = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    let victim = try scratchDirectory("victim").path
    let (link, theirs) = ("\(place)/holdfast-hook-\(81 << 20 | 3)-1-1", "\(place)/holdfast-hook-\(81 << 20 | 3)-1-2")
    defer { for path in [link, theirs] { try? FileManager.default.removeItem(atPath: path) } }
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: victim)
    try FileManager.default.createDirectory(atPath: theirs, withIntermediateDirectories: false)
    for folder in [victim, theirs] { try Data("keep".utf8).write(to: URL(fileURLWithPath: folder + "/file")) }
    // Only root can give a folder away.
    let isTheirs = chown(theirs, 65534, 65534) == 0
    _ = try await outputs(HookStep(), step([hook("true")], run: 81, attempt: 2))
    #expect(FileManager.default.fileExists(atPath: victim + "/file"))
    #expect(FileManager.default.fileExists(atPath: theirs + "/file") == isTheirs)
  }

  @Test("cancelling ends it")
  func cancel() async throws {
    let log = StepLog()
    let task = Task { [self] in try await HookStep().run(step([hook("echo up; sleep 60")], run: 70, log: log)) }
    try await eventually("the hook's start") { log.lines == ["up"] }
    let start = ContinuousClock.now
    task.cancel()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    #expect(.now - start < .seconds(40))
  }
}
