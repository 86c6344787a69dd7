internal import Concurrency
internal import Glibc
internal import JSON

/// One call of a driver program: one request on its standard input, one answer on its standard output.
struct ExecCall: Sendable {
  /// The contract's version, which each request names.
  static let contract: Int64 = 1
  /// An answer may have this many bytes.
  static let answerLimit = 4 << 20

  let program: String
  let operation: String
  let request: JSONValue

  init(
    _ program: String, _ operation: String, _ source: VolumeSource, _ members: [String: JSONValue] = [:],
    contract: Int64 = contract
  ) {
    self.program = program
    self.operation = operation
    var members = members
    members["contract"] = .int(contract)
    members["operation"] = .string(operation)
    members["volume"] = source.json
    request = .object(members)
  }

  /// How long an operation may take.
  private var timeLimit: Duration {
    switch operation {
    case "capabilities", "discover", "readiness", "owned", "changed-ranges": .seconds(120)
    case "restore": .seconds(24 * 3600)
    default: .seconds(1800)
    }
  }

  /// Runs the program.
  /// - Returns: its answer, an object without an error.
  /// - Throws: the error that it answered, or what is wrong with it.
  func answer() async throws(DriverError) -> JSONValue {
    var child = ChildProcess(program, environment: environment())
    child.input = Array((request.text + "\n").utf8)
    // Half of it is kept from the beginning, half from the end.
    child.outputLimit = Self.answerLimit
    child.timeLimit = timeLimit
    let outcome: ChildProcess.Outcome
    do {
      outcome = try await child.run()
    } catch {
      throw failure(error.isRetryable ? .retryable : .permanent, "could not be started: \(error)")
    }
    switch outcome.ending {
    case .stopped(.cancelled): throw failure(.retryable, "was stopped, since the call was cancelled")
    case .stopped(.timeLimit): throw failure(.retryable, "did not end within \(timeLimit) and was stopped")
    case .signalled(let number): throw failure(.retryable, "was ended by signal \(number)\(lastWords(outcome))")
    case .exited(let code): return try read(outcome, code)
    }
  }

  private func read(_ outcome: ChildProcess.Outcome, _ code: Int) throws(DriverError) -> JSONValue {
    guard outcome.output.droppedBytes == 0 else {
      throw failure(.permanent, "answered with more than \(Self.answerLimit >> 20) MiB")
    }
    let text = outcome.output.text
    guard !text.allSatisfy(\.isWhitespace) else {
      // 126 and 127 are how shells say that there is no such program, or that it can't be run.
      let isPermanent = code == 126 || code == 127
      throw failure(isPermanent ? .permanent : .retryable, "ended with \(code) and no answer\(lastWords(outcome))")
    }
    guard let answer = try? JSONValue(parsing: text), answer.object != nil else {
      throw failure(.permanent, "answered with what is no JSON object: \"\(shown(text, 100))\"\(lastWords(outcome))")
    }
    if let error = answer["error"], error != .null { throw refusal(error) }
    guard code == 0 else {
      throw failure(.retryable, "answered without an error, but ended with \(code)\(lastWords(outcome))")
    }
    return answer
  }

  /// The error that the program answered.
  private func refusal(_ error: JSONValue) -> DriverError {
    guard let kind = error["class"]?.string.flatMap(DriverError.Kind.init(rawValue:)),
      let message = error["message"]?.string, !message.isEmpty
    else {
      return failure(
        .permanent,
        "answered with an error that has no \"class\" (retryable, permanent, missing, full) or no \"message\"")
    }
    return failure(kind, "says: \(shown(message, 1000))")
  }

  /// An error about this call.
  func failure(_ kind: DriverError.Kind, _ what: String) -> DriverError {
    DriverError(kind, "the driver \(printable(program.prefix(300))), asked for \"\(operation)\", \(what).")
  }

  private func lastWords(_ outcome: ChildProcess.Outcome) -> String {
    let line = outcome.error.text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
    return line.map { "; its last words: \(shown(String($0), 500))" } ?? ""
  }

  private func shown(_ text: String, _ limit: Int) -> String {
    var text = printable(text.prefix(limit))
    while text.last == "." || text.last == " " { text.removeLast() }
    return text
  }

  private func environment() -> [String: String] {
    var environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    for name in ["PATH", "HOME", "LANG", "TZ", "TMPDIR"] {
      if let value = getenv(name) { environment[name] = String(cString: value) }
    }
    return environment
  }
}
