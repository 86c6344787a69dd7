import Glibc

extension ChildProcess {
  /// Runs the program to its end and returns how it ended; it has then been reaped.
  ///
  /// When the task is cancelled or the time limit is over, the program's process group gets SIGTERM, and SIGKILL as
  /// soon as the program and all holders of its streams have ended, at the latest after `grace`. Only then does this
  /// return. Processes that the program leaves behind when it ends by itself stay alive. A program that hangs inside
  /// the kernel (a dead network file system) ends only when the kernel lets it go, and this waits for it.
  /// - Parameter onLine: gets each line as it comes, without line end; it must not block. Lines of one stream come in
  ///   order, and two may come at the same time from the two streams.
  /// - Throws: `ChildProcessError` if the program was not started.
  public func run(
    onLine: @escaping @Sendable (Stream, String) -> Void = { _, _ in }
  ) async throws(ChildProcessError) -> Outcome {
    let start = ContinuousClock.now
    if Task.isCancelled { return nothing(.stopped(.cancelled)) }
    // Starting blocks until the program is loaded, which takes long from a slow disk.
    let spawned = try? await BlockingPool.shared.run { Result { () throws(ChildProcessError) in try spawn() } }
    guard let child = try spawned?.get() else { throw ChildProcessError(.system, "cannot run '\(program)'") }
    // The limit is the program's own: on a busy machine starting it may take longer than all of that.
    let deadline = timeLimit.map { ContinuousClock.now + $0 }

    // Not child tasks: they have to go on while a cancelled program uses its grace.
    let (done, finished) = AsyncStream<Void>.makeStream()
    let feeder = Task { await feed(input, to: child.input) }
    let output = Task { await collect(child.output) { onLine(.output, $0) } }
    let error = Task { await collect(child.error) { onLine(.error, $0) } }
    let watcher = Task {
      _ = await (output.value, error.value)
      finished.finish()
    }

    let stop = await child.waitForExit(until: deadline)
    if stop != nil {
      // The ladder must not be cut short by the cancellation that it answers.
      await Task { await child.end(grace: grace, done: done) }.value
    }
    feeder.cancel()
    let timer = Task {
      guard (try? await Task.sleep(for: drain)) != nil else { return }
      output.cancel()
      error.cancel()
    }
    await watcher.value
    timer.cancel()
    await feeder.value
    let ending = await child.reap()
    return Outcome(
      ending: stop.map(Ending.stopped) ?? ending, output: await output.value, error: await error.value,
      duration: .now - start)
  }

  private func nothing(_ ending: Ending) -> Outcome {
    let none = CapturedOutput(limit: 0)
    return Outcome(ending: ending, output: none, error: none, duration: .zero)
  }

  private func collect(_ pipe: Descriptor, _ emit: @escaping @Sendable (String) -> Void) async -> CapturedOutput {
    var captured = CapturedOutput(limit: outputLimit)
    var lines = LineSplitter(limit: lineLimit)
    await read(pipe) { bytes in
      captured.append(bytes)
      lines.take(bytes, emit)
    }
    lines.finish(emit)
    return captured
  }
}
