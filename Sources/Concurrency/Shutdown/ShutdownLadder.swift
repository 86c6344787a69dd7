/// The stages in which a long-running part ends. Pure: it decides, `runUntilSignalled` acts.
public struct ShutdownLadder: Sendable, Equatable {
  /// Where it stands.
  public enum State: Sendable, Equatable {
    /// Working. Next: `draining`, or `stopped` when the work ends by itself.
    case running
    /// Takes nothing new, and finishes what it holds. Next: `cancelling` or `stopped`.
    case draining
    /// What it holds was cancelled and is being handed back. Next: `stopped`.
    case cancelling
    /// Over.
    case stopped
  }

  /// What happened.
  public enum Event: Sendable, Equatable {
    /// Somebody asked for the end.
    case signalled
    /// The time for draining is over.
    case graceEnded
    /// The work returned or threw.
    case workEnded
  }

  /// What to do now.
  public enum Action: Sendable, Equatable {
    case nothing
    /// Take no more, and report `graceEnded` after the grace.
    case drain
    /// Cancel the work.
    case cancel
    /// Return.
    case stop
  }

  /// Where it stands.
  public private(set) var state = State.running

  /// A ladder at its top: `running`.
  public init() {}

  /// Takes an event.
  public mutating func apply(_ event: Event) -> Action {
    switch (state, event) {
    case (.stopped, _): return .nothing
    case (_, .workEnded):
      state = .stopped
      return .stop
    case (.running, .signalled):
      state = .draining
      return .drain
    case (.draining, .signalled), (.draining, .graceEnded):
      state = .cancelling
      return .cancel
    case (.running, .graceEnded), (.cancelling, .signalled), (.cancelling, .graceEnded): return .nothing
    }
  }
}

/// Runs `work` until it ends or `signals` ask for its end.
///
/// The first signal calls `drain`, upon which `work` is expected to take nothing new and to return once it has finished
/// what it holds. After `grace`, or on a second signal, `work` is cancelled. This returns when `work` has returned, and
/// throws what it throws. Cancelling the calling task cancels `work` at once.
public func runUntilSignalled(
  _ signals: AsyncStream<Signal>, grace: Duration, drain: @Sendable () -> Void,
  work: @escaping @Sendable () async throws -> Void
) async throws {
  let (events, report) = AsyncStream<ShutdownLadder.Event>.makeStream()
  let result = await withTaskGroup(of: Result<Void, any Error>?.self) { group in
    group.addTask {
      defer { report.yield(.workEnded) }
      do { return .success(try await work()) } catch { return .failure(error) }
    }
    group.addTask {
      for await _ in signals { report.yield(.signalled) }
      return nil
    }
    var ladder = ShutdownLadder()
    listening: for await event in events {
      switch ladder.apply(event) {
      case .nothing: continue
      case .drain:
        drain()
        group.addTask {
          if (try? await Task.sleep(for: grace)) != nil { report.yield(.graceEnded) }
          return nil
        }
      case .cancel: group.cancelAll()
      case .stop: break listening
      }
    }
    group.cancelAll()
    var result: Result<Void, any Error>?
    for await ended in group { result = ended ?? result }
    return result
  }
  try result?.get()
}
