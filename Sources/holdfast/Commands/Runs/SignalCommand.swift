internal import CommandSyntax
internal import JSON
internal import StepEngine

/// `holdfast signal`
enum SignalCommand {
  static let name = Operand<String>.required(.text("SIGNAL"), "The signal's name, as 'holdfast explain' tells it")
  static let payload = Option<String?>.optional("--payload", .text("JSON"), "A value that the woken steps are given")

  static let command = Command(
    name: "signal",
    summary: "Wake the steps of a run that wait for a signal",
    discussion: [
      "A signal that nothing waits for yet is kept for the first step that will. Approvals are answered with 'holdfast "
        + "approve', which says who did."
    ],
    options: [payload.description], operands: [RunReference.operand.description, name.description],
    examples: [
      Example(purpose: "Tell a step that its tape is there", line: "holdfast signal restore tape-mounted")
    ]
  ) { arguments in
    let pool = try arguments.pool()
    let run = try await arguments[RunReference.operand].find(StatusReader(pool: pool))
    let value: JSONValue
    do throws(JSONError) {
      value = try arguments[payload].map { text throws(JSONError) in try JSONValue(parsing: text) } ?? .null
    } catch {
      throw CommandFailure(.usage, "--payload: \(error)")
    }
    let signal = arguments[name]
    let count = try await EngineClient(pool: pool).signal(run.id, signal, payload: value)
    arguments.report(
      count == 0
        ? "no step of run \(run.id) waits for '\(signal)' yet; it is kept for the first that will"
        : "woke \(count) \(count == 1 ? "step" : "steps") of run \(run.id)",
      name: "\(run.id)", ["run": .int(run.id.value), "signal": .string(signal), "woken": .int(Int64(count))])
  }
}
