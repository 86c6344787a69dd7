import Concurrency
import Foundation
import Synchronization
import Testing

@Suite("shutdown")
struct ShutdownTests {
  typealias Step = (ShutdownLadder.Event, ShutdownLadder.Action, ShutdownLadder.State)

  @Test(
    "the ladder goes one way",
    arguments: [
      [(.workEnded, .stop, .stopped), (.signalled, .nothing, .stopped)],
      [(.signalled, .drain, .draining), (.workEnded, .stop, .stopped), (.graceEnded, .nothing, .stopped)],
      [(.signalled, .drain, .draining), (.graceEnded, .cancel, .cancelling), (.workEnded, .stop, .stopped)],
      [
        (.signalled, .drain, .draining), (.signalled, .cancel, .cancelling), (.signalled, .nothing, .cancelling),
        (.graceEnded, .nothing, .cancelling), (.workEnded, .stop, .stopped),
      ],
    ] as [[Step]])
  func ladder(steps: [Step]) {
    var ladder = ShutdownLadder()
    #expect(ladder.state == .running)
    for (event, action, state) in steps {
      #expect(ladder.apply(event) == action)
      #expect(ladder.state == state)
    }
  }

  /// Work that ends `after` the drain was asked for; nil never ends by itself.
  private func run(signals: Int, grace: Duration, workEnds after: Duration?) async throws -> [String] {
    let (stream, source) = AsyncStream<Signal>.makeStream()
    let (drained, drain) = AsyncStream<Void>.makeStream()
    let log = Mutex<[String]>([])
    for _ in 0..<signals { source.yield(.terminate) }
    try await runUntilSignalled(stream, grace: grace) {
      log.withLock { $0.append("drain") }
      drain.finish()
    } work: {
      for await _ in drained {}
      do {
        try await Task.sleep(for: after ?? .seconds(1000))
        log.withLock { $0.append("finished") }
      } catch {
        log.withLock { $0.append("cancelled") }
      }
    }
    return log.withLock { $0 }
  }

  @Test("work that finishes within the grace is not cancelled")
  func drains() async throws {
    #expect(try await run(signals: 1, grace: .seconds(100), workEnds: .milliseconds(20)) == ["drain", "finished"])
  }

  @Test("the end of the grace, or a second signal, cancels the work")
  func cancels() async throws {
    #expect(try await run(signals: 1, grace: .milliseconds(20), workEnds: nil) == ["drain", "cancelled"])
    #expect(try await run(signals: 2, grace: .seconds(1000), workEnds: nil) == ["drain", "cancelled"])
  }

  @Test("work that ends by itself ends it all, and its error comes through")
  func endsByItself() async throws {
    struct Broken: Error {}
    let (stream, _) = AsyncStream<Signal>.makeStream()
    try await runUntilSignalled(stream, grace: .seconds(1000)) {
    } work: {
    }
    await #expect(throws: Broken.self) {
      try await runUntilSignalled(stream, grace: .seconds(1000)) {
      } work: {
        throw Broken()
      }
    }
  }

  @Test("cancelling the caller cancels the work")
  func cancelledCaller() async throws {
    let (stream, _) = AsyncStream<Signal>.makeStream()
    let task = Task {
      try await runUntilSignalled(stream, grace: .seconds(1000)) {
      } work: {
        try await Task.sleep(for: .seconds(1000))
      }
    }
    try await Task.sleep(for: .milliseconds(20))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  // Raises real signals: in a process of its own.
  @Test("SIGTERM and SIGINT arrive in order and end nothing; a broken pipe ends nothing")
  func signals() async {
    await #expect(processExitsWith: .exitCode(42)) {
      ignoreBrokenPipes()
      raise(SIGPIPE)
      var signals = terminationSignals().makeAsyncIterator()
      kill(getpid(), SIGTERM)
      let first = await signals.next()
      let killer = Task.detached {
        try? await Task.sleep(for: .milliseconds(50))
        kill(getpid(), SIGINT)
      }
      let second = await signals.next()
      _ = await killer.value
      exit(first == .terminate && second == .interrupt ? 42 : 1)
    }
  }
}
