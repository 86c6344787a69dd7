import Foundation
import Glibc
import HTTPTestServer
import JSON
import StepEngine
import Testing

/// Secrets are read where they are used, and kept out of everything that is stored.
@Suite("Secrets")
struct SecretTests {
  private func file(_ text: String) throws -> String {
    let path = NSTemporaryDirectory() + "holdfast-secret-\(UUID().uuidString)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test("a program gets them, and neither its log nor its outputs nor its failure shows them")
  func hidden() async throws {
    let path = try file("s3cret-value\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let log = StepLog()
    func step(_ script: String) -> StepContext {
      context(
        ["command": ["sh", "-c", .string(script)], "secrets": ["PGPASSWORD": ["file": .string(path)]]], log: log)
    }
    let result = try await outputs("exec", step(#"echo "it is $PGPASSWORD, ${#PGPASSWORD} long""#))
    #expect(result["stdout"] == "it is •••, 12 long\n")
    #expect(log.lines == ["it is •••, 12 long"])
    let error = try await failure("exec", step(#"echo "bad $PGPASSWORD" >&2; exit 1"#))
    #expect(error.message == "exec: 'sh' ended with exit code 1: bad •••")
    let json = try await outputs(
      "exec",
      context([
        "command": ["sh", "-c", #"printf '{"a": ["%s"]}' "$KEY""#], "parse": "json",
        "secrets": ["KEY": ["file": .string(path)]],
      ]))
    #expect(json == ["a": ["•••"]])
  }

  @Test("a secret URL is asked, and shows nowhere")
  func secretURL() async throws {
    let server = try server.get()
    let path = try file(server.url("echo?token=s3cret-value") + "\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let log = StepLog()
    let result = try await outputs("http", context(["urlFrom": ["file": .string(path)], "body": "x"], log: log))
    #expect(result["status"] == 200 && result["json"]?["method"] == "POST" && result["json"]?["body"] == "x")
    #expect(log.lines.allSatisfy { $0.hasPrefix("POST the URL in 'urlFrom': 200, ") } && log.lines.count == 1)

    let broken = try file(server.url("status?code=500&body=s3cret-value"))
    defer { try? FileManager.default.removeItem(atPath: broken) }
    let error = try await failure("http", context(["urlFrom": ["file": .string(broken)]]))
    #expect(error.message == "http: GET the URL in 'urlFrom' answered with status 500")
    let nowhere = try file("http://127.0.0.1:1/s3cret-value")
    defer { try? FileManager.default.removeItem(atPath: nowhere) }
    let refused = try await failure("http", context(["urlFrom": ["file": .string(nowhere)]]))
    #expect(refused.message.hasPrefix("http: GET the URL in 'urlFrom': ") && !refused.message.contains("s3cret"))
    let both = try await failure("http", context(["urlFrom": ["file": .string(path)], "url": "http://127.0.0.1"]))
    #expect(both.message == "http: 'with' has both 'url' and 'urlFrom'; one of them says where to")
  }

  @Test("each line of a secret with several is hidden")
  func lines() async throws {
    let path = try file("first-line\nsecond-line\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let log = StepLog()
    _ = try await run(
      "exec",
      context(["command": ["sh", "-c", "echo \"$KEY\""], "secrets": ["KEY": ["file": .string(path)]]], log: log))
    #expect(log.lines == ["•••", "•••"])
  }

  @Test(
    "one that is cut shows neither its beginning nor its end", arguments: ["s3cret-välue", "first-line\nsécond-line"])
  func cut(_ secret: String) async throws {
    let path = try file(secret)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let log = StepLog()
    func step(_ script: String, _ more: [String: JSONValue] = [:]) -> StepContext {
      let with: [String: JSONValue] = [
        "command": ["bash", "-c", .string(script)], "secrets": ["KEY": ["file": .string(path)]],
      ]
      return context(.object(with.merging(more) { $1 }), log: log)
    }
    func expectHidden(_ text: String, _ comment: String) {
      // The filling has none of the secrets' letters.
      let letters = text.unicodeScalars.filter { "s3crtfilndé-ä".unicodeScalars.contains($0) }
      #expect(letters.isEmpty, "\(comment): \(text)")
    }
    for shift in 0..<secret.utf8.count {
      // In the middle of what is kept of the output, of both ends.
      let edge = "printf 'x%.0s' $(seq \(40 - shift))"
      let fill = #"\#(edge); printf %s "$KEY"; printf 'x%.0s' $(seq 200); printf %s "$KEY"; \#(edge)"#
      let result = try await outputs("exec", step(fill, ["outputLimitBytes": 80]))
      let text = try #require(result["stdout"]?.string)
      #expect(text.contains("bytes left out"))
      expectHidden(text.replacing(/… \d+ bytes left out …/, with: ""), "output, shift \(shift)")
      let error = try await failure("exec", step("{ \(fill); } >&2; exit 1", ["outputLimitBytes": 80]))
      expectHidden(error.message.replacing("exec: 'bash' ended with exit code 1", with: ""), "failure, shift \(shift)")
    }
    // At the end of what is logged of a line, and of what a failure tells.
    for shift in 0..<secret.utf8.count where !secret.contains("\n") {
      let line = #"head -c \#(8192 - shift) /dev/zero | tr '\0' x; printf %s "$KEY"; head -c 99 /dev/zero | tr '\0' x"#
      _ = try await run("exec", step(line))
      expectHidden((log.lines.last ?? "").replacing(/… \(\d+ bytes more\)/, with: ""), "line, shift \(shift)")
      let long = try await failure("exec", step("{ printf 'x%.0s' $(seq \(500 - shift)); echo \"$KEY\"; } >&2; exit 1"))
      expectHidden(long.message.replacing("exec: 'bash' ended with exit code 1", with: ""), "failure, shift \(shift)")
    }
  }

  @Test("one that can't be read is told without it")
  func unreadable() async throws {
    func error(_ reference: JSONValue) async throws -> StepFailure {
      try await failure("exec", context(["command": ["true"], "secrets": ["KEY": reference]]))
    }
    let missing = try await error(["file": "/nonexistent/secret"])
    #expect(
      missing.kind == .retryable
        && missing.message == "'secrets.KEY': this worker can't read the file /nonexistent/secret")
    let unset = try await error(["env": "HOLDFAST_NOT_SET"])
    #expect(unset.kind == .permanent && unset.message.contains("has no environment variable HOLDFAST_NOT_SET"))
    // A literal would have reached PostgreSQL already; at least it goes no further.
    #expect(try await error("hunter2").message.contains("must be a reference to a secret"))
    #expect(!(try await error("hunter2").message.contains("hunter2")))
  }

  @Test("an HTTP header may be secret, and is not shown if the server sends it back")
  func header() async throws {
    setenv("HOLDFAST_TEST_TOKEN", "Bearer t0ken-value", 1)
    let with: JSONValue = [
      "url": .string(try server.get().url("echo")), "secretHeaders": ["Authorization": ["env": "HOLDFAST_TEST_TOKEN"]],
    ]
    let result = try await outputs("http", context(with))
    #expect(result["json"]?["headers"]?.array?.contains(["Authorization", "•••"]) ?? false)
    #expect(!result.text.contains("t0ken"))
  }
}
