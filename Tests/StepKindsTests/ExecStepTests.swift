import Foundation
import JSON
import StepEngine
import Testing

@Suite("exec")
struct ExecStepTests {
  private func shell(_ script: String, _ more: [String: JSONValue] = [:], log: StepLog = StepLog()) -> StepContext {
    context(
      .object(["command": ["sh", "-c", .string(script)]].merging(more) { $1 }), attempt: 2, log: log)
  }

  @Test("outputs, and the log line by line")
  func outputsAndLog() async throws {
    let log = StepLog()
    let result = try await outputs("exec", shell("echo one; echo two >&2; printf 'a\\0b'", log: log))
    #expect(result == ["exitCode": 0, "stdout": "one\na\u{fffd}b", "stderr": "two\n"])
    #expect(Set(log.lines) == ["one", "two", "a\u{fffd}b"])
  }

  @Test("the environment: a little of ours, what is given, and which step this is")
  func environment() async throws {
    setenv("HOLDFAST_TEST_SECRET", "s3cret", 1)
    let given: [String: JSONValue] = ["environment": ["PORT": 5432, "TZ": "UTC", "HOLDFAST_RUN": "forged", "ON": true]]
    let text = try await outputs("exec", shell("env", given))["stdout"]?.string ?? ""
    let lines = Set(text.split(separator: "\n").map(String.init))
    #expect(lines.isSuperset(of: ["PORT=5432", "TZ=UTC", "ON=true"]))
    #expect(lines.isSuperset(of: ["HOLDFAST_RUN=7", "HOLDFAST_STEP=volumes[3].dump", "HOLDFAST_ATTEMPT=2"]))
    #expect(lines.contains { $0.hasPrefix("PATH=/") })
    #expect(!text.contains("s3cret"))
  }

  @Test("input as a string or JSON, working directory, numbers as arguments")
  func input() async throws {
    #expect(try await outputs("exec", shell("cat", ["stdin": "text"]))["stdout"] == "text")
    #expect(
      try await outputs("exec", shell("cat", ["stdin": ["b": [1], "a": nil]]))["stdout"] == "{\"a\":null,\"b\":[1]}")
    #expect(try await outputs("exec", shell("pwd", ["directory": "/usr/lib"]))["stdout"] == "/usr/lib\n")
    #expect(try await outputs("exec", context(["command": ["echo", 5, true]]))["stdout"] == "5 true\n")
  }

  @Test("output is bounded")
  func bounded() async throws {
    let result = try await outputs("exec", shell("yes | head -c 1000000", ["outputLimitBytes": 100]))
    #expect(result["stdout"]?.string?.contains("… 999900 bytes left out …") == true)
  }

  @Test("parse: json makes the outputs of what is printed")
  func parse() async throws {
    let json: [String: JSONValue] = ["parse": "json"]
    #expect(try await outputs("exec", shell("echo '{\"size\": 3, \"a\": [null]}'", json)) == ["size": 3, "a": [nil]])
    for script in ["echo hello", "echo '[1]'", "true"] {
      let error = try await failure("exec", shell(script, json))
      #expect(error.kind == .permanent && error.message.contains("no JSON object"))
    }
    let large = try await failure("exec", shell("yes", ["parse": "json", "timeout": 0.3]))
    #expect(large.kind == .retryable)
    let cut = try await failure("exec", shell("yes | head -c 1000", ["parse": "json", "outputLimitBytes": 100]))
    #expect(cut.kind == .permanent && cut.message.contains("outputLimitBytes"))
  }

  @Test(
    "failures are classified, with the last line of standard error",
    arguments: [
      ("echo no space >&2; echo >&2; exit 3", [:], .retryable, "exec: 'sh' ended with exit code 3: no space"),
      ("exit 3", ["permanentExitCodes": [2, 3]], .permanent, "exec: 'sh' ended with exit code 3"),
      ("exit 0", ["okExitCodes": [1]], .retryable, "exec: 'sh' ended with exit code 0"),
      ("exit 126", [:], .permanent, "exec: 'sh' ended with exit code 126"),
      ("exit 127", [:], .permanent, "exec: 'sh' ended with exit code 127"),
      ("kill -9 $$", [:], .retryable, "exec: 'sh' was ended by signal 9"),
      ("sleep 100", ["timeout": 0.2], .retryable, "exec: 'sh' did not end within 0.2 s and was stopped"),
    ] as [(String, [String: JSONValue], StepFailure.Class, String)])
  func failures(script: String, more: [String: JSONValue], kind: StepFailure.Class, message: String) async throws {
    #expect(try await failure("exec", shell(script, more)) == StepFailure(kind, message))
  }

  @Test("other exit codes may be fine")
  func okExitCodes() async throws {
    #expect(try await outputs("exec", shell("exit 1", ["okExitCodes": [0, 1]]))["exitCode"] == 1)
  }

  @Test("a missing program or directory is permanent")
  func missing() async throws {
    let program = try await failure("exec", context(["command": ["no-such-program", "s3cret"]]))
    #expect(program == StepFailure(.permanent, "exec: no program 'no-such-program' in PATH"))
    let directory = try await failure("exec", shell("true", ["directory": "/no/such"]))
    #expect(directory.kind == .permanent && directory.message.contains("'/no/such'"))
  }

  @Test("a cancelled step ends its whole process group, and is no failure of the step")
  func cancelled() async throws {
    let log = StepLog()
    let step = shell("sleep 100 & echo $!; wait", log: log)
    let task = Task { try await run("exec", step) }
    while log.lines.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    let start = ContinuousClock.now
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(ContinuousClock.now - start < .seconds(20))
    let process = try #require(Int(log.lines[0]))
    func hasEnded() -> Bool {
      let state = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ") Z"
      return state.contains(") Z")
    }
    // It lets go of its streams a moment before it is gone.
    for _ in 0..<3000 {
      if hasEnded() { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("the step's process still runs")
  }
}
