import Concurrency
import Glibc
import JSON
import StepEngine
import StepKinds
import Synchronization
import WorkflowDSL

/// A program whose output, or input, is a stream of a volume's data.
struct StreamProgram: Sendable {
  private let order: ProgramOrder
  private let step: StepContext
  /// The step's kind, for messages.
  private let subject: String

  /// What a step that has such a program takes.
  static let inputs: [FieldShape] = [
    .required("command", .list(of: .text), "the program and its arguments"),
    .optional("environment", .map(keys: .any, values: .text), "variables for the program"),
    .optional("secrets", .map(keys: .any, values: .object(secretShape)), "variables with secret values, by reference"),
    .optional("directory", .text, "where it runs"),
    .optional("timeout", .duration, "how long it may run"),
  ]

  init(_ arguments: StepArguments, _ step: StepContext) async throws {
    var order = try await ProgramOrder(step, arguments)
    order.child.timeLimit = try arguments.duration("timeout")
    self.order = order
    self.step = step
    subject = arguments.kind
  }

  /// Runs it with this descriptor as its output.
  /// - Throws: `StepFailure` if it did not succeed.
  func run(writingTo output: CInt) async throws {
    var order = order
    order.child.outputDescriptor = output
    try await run(order)
  }

  /// Runs it with what `content` writes to a descriptor as its input.
  ///
  /// It succeeds only if it has taken all of it, and its input ends only after all of it: where `content` fails, the program is ended
  /// first, so that it can't take a part for the whole.
  /// - Throws: `StepFailure` if it did not succeed, or left something unread; what `content` throws.
  func run(reading content: @escaping @Sendable (CInt) async throws -> Void) async throws {
    let pipe = try Self.pipe()
    var order = order
    order.child.inputDescriptor = pipe.reading.number
    let program = Task { [order] in try await run(order) }
    let feeding = Task {
      do {
        try await content(pipe.writing.number)
      } catch {
        program.cancel()
        _ = await program.result
        throw error
      }
      pipe.writing.close()
    }
    let (ending, fed, unread) = await withTaskCancellationHandler {
      let ending = await program.result
      if case .failure = ending { feeding.cancel() }
      // Whoever still writes would wait for ever, as we hold the other end, and so may what the program has left behind.
      let drain = Task { await Self.drain(pipe.reading) { feeding.cancel() } }
      let fed = await feeding.result
      drain.cancel()
      return (ending, fed, await drain.value)
    } onCancel: {
      feeding.cancel()
      program.cancel()
    }
    pipe.reading.close()
    try Task.checkCancellation()
    // If nobody cancelled us, it was ended because its input broke off: that is what has to be told.
    do { try ending.get() } catch is CancellationError { try fed.get() }
    guard unread == 0 else {
      throw StepFailure(
        .permanent,
        "\(subject): '\(order.child.program)' ended with success before it had read everything; a part of the data is of no use, so this counts as a failure"
      )
    }
    try fed.get()
  }

  private func run(_ order: ProgramOrder) async throws {
    let outcome = try await order.run(subject, step)
    if let failure = try order.failure(of: outcome, subject) { throw failure }
  }

  /// - Throws: `StepFailure` if there are too many open files.
  static func pipe() throws(StepFailure) -> PipeEnds {
    guard let pipe = PipeEnds() else {
      throw StepFailure(.retryable, "no pipe could be made: \(String(cString: strerror(errno)))")
    }
    return pipe
  }

  /// Takes what nobody reads any more, until the task is cancelled; the bytes that there were.
  /// - Parameter found: called when there is something.
  private static func drain(_ end: Descriptor, _ found: () -> Void) async -> Int {
    _ = fcntl(end.number, F_SETFL, fcntl(end.number, F_GETFL) | O_NONBLOCK)
    var total = 0
    while true {
      // The last look comes after the cancellation: by then everything is written.
      let isLast = Task.isCancelled
      let taken = takeAll(end)
      total += taken
      if taken > 0 { found() }
      if isLast { return total }
      try? await Task.sleep(for: .milliseconds(5))
    }
  }

  private static func takeAll(_ end: Descriptor) -> Int {
    withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
      var total = 0
      while true {
        let count = read(end.number, buffer.baseAddress, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return total }
        total += count
      }
    }
  }
}
