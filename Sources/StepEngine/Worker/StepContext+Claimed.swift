internal import JSON

extension StepContext {
  /// What a kind is told, from what the store gave.
  /// - Throws: `StepFailure` if the store gave something that is not JSON, or can't give what the step asks for.
  init(
    _ claimed: ClaimedStep, _ body: StepBody, log: @escaping @Sendable (String) -> Void,
    progress: @escaping @Sendable (JSONValue) -> Void
  ) throws {
    func parse(_ text: String?) throws -> JSONValue? {
      guard let text else { return nil }
      do { return try JSONValue(parsing: text) } catch {
        throw StepFailure(.permanent, "what it was given is \(error)")
      }
    }
    let context = try parse(claimed.context)
    if let problem = context?["problem"]?.string { throw StepFailure(.permanent, problem) }
    self.init(
      id: claimed.step.id, name: claimed.name, attempt: claimed.attempt, wakeCount: claimed.wakes,
      fence: claimed.step.fence, with: body.with, template: body.template, item: try parse(claimed.item),
      params: context?["params"] ?? [:], inputs: context?["steps"]?.object ?? [:], run: context?["run"] ?? [:],
      signal: try parse(claimed.payload), log: log, progress: progress)
  }
}

extension StepResult {
  /// What a kind's outcome means for the store.
  /// - Throws: `StepFailure` for outputs that can't be kept.
  init(_ outcome: StepOutcome) throws {
    switch outcome {
    case .succeeded(nil): self = .succeeded(outputs: nil)
    case .succeeded(let outputs?):
      guard case .object = outputs else { throw StepFailure(.permanent, "its outputs are not an object") }
      // A character that PostgreSQL's jsonb can't hold.
      guard !outputs.holdsZero else { throw StepFailure(.permanent, "its outputs contain a zero character (U+0000)") }
      self = .succeeded(outputs: outputs.text)
    case .skipped: self = .skipped
    case .wait(let wait): self = .wait(wait)
    }
  }
}

extension JSONValue {
  /// Whether a string or a key anywhere in it has a zero character.
  var holdsZero: Bool {
    switch self {
    case .string(let text): text.utf8.contains(0)
    case .array(let values): values.contains { $0.holdsZero }
    case .object(let members): members.contains { $0.key.utf8.contains(0) || $0.value.holdsZero }
    case .null, .bool, .int, .double: false
    }
  }
}
