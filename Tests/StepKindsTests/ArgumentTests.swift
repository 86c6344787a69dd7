import JSON
import StepEngine
import StepKinds
import Testing

@Suite("arguments of steps")
struct ArgumentTests {
  @Test(
    "what is wrong with them is a permanent failure of one clear sentence",
    arguments: [
      ("exec", ["comand": ["true"]], "exec: 'with' has an unknown key 'comand'; did you mean 'command'?"),
      ("noop", ["anything": 1], "noop: 'with' has an unknown key 'anything'; it takes outputs"),
      ("noop", ["a"], "noop: 'with' must be a map of arguments; it is a list"),
      (
        "exec", [:],
        "exec: 'with.command' must be a list of strings: a program and its arguments"
          + " (for a shell line: [\"sh\", \"-c\", \"…\"]); it is missing"
      ),
      (
        "exec", ["command": "echo hello"],
        "exec: 'with.command' must be a list of strings: a program and its arguments"
          + " (for a shell line: [\"sh\", \"-c\", \"…\"]); it is a string"
      ),
      (
        "exec", ["command": ["echo", ["x"]]],
        "exec: 'with.command[1]' must be a text; it is a list; a list gives words only as the whole of 'command', such as {{ concat LIST LIST }}"
      ),
      (
        "exec", ["command": []],
        "exec: 'with.command' must be a list of strings: a program and its arguments; it is a list"
      ),
      (
        "exec", ["command": ["true"], "timeout": "5"],
        "exec: 'with.timeout' must be a length of time, such as 90s, 5m, 1h30m or 7d; it is a string"
      ),
      (
        "exec", ["command": ["true"], "environment": ["A": [1]]],
        "exec: 'with.environment' must be a map of strings; it is a map"
      ),
      ("exec", ["command": ["true"], "parse": "yaml"], "exec: 'with.parse' must be one of json; it is a string"),
      (
        "exec", ["command": ["true"], "okExitCodes": 1],
        "exec: 'with.okExitCodes' must be a list of whole numbers; it is a number"
      ),
      ("http", [:], "http: 'with.url' must be a string that is not empty; it is missing"),
      (
        "http", ["url": "http://h", "expectedStatus": "6xx"],
        "http: 'with.expectedStatus' must be like 200, \"2xx\", \"200-299\", or a list of these; it is a string"
      ),
      ("sleep", [:], "sleep: 'with.duration' must be a length of time, such as 90s, 5m, 1h30m or 7d; it is missing"),
      (
        "sleep", ["duration": -1],
        "sleep: 'with.duration' must be a length of time, such as 90s, 5m, 1h30m or 7d; it is a number"
      ),
      ("fail", ["times": 1.5], "fail: 'with.times' must be a whole number from 0 to 1000000; it is a number"),
    ] as [(String, JSONValue, String)])
  func wrong(kind: String, with: JSONValue, message: String) async throws {
    #expect(try await failure(kind, context(with)) == StepFailure(.permanent, message))
  }

  @Test("absent and null arguments count alike")
  func absent() async throws {
    #expect(try await run("noop", context(.null)) == .succeeded(outputs: nil))
    #expect(try await run("noop", context(["outputs": nil])) == .succeeded(outputs: nil))
    #expect(try await run("noop", context(["outputs": ["a": 1]])) == .succeeded(outputs: ["a": 1]))
  }

  @Test("every kind has its own name")
  func names() {
    #expect(builtInStepKinds.map(\.name) == ["exec", "http", "sleep", "approval", "noop", "fail", "evaluate"])
  }
}
