import Glibc

/// A child that was started and not yet reaped, so that its process id is still its own.
struct RunningChild: Sendable {
  let process: pid_t
  /// Whether its process group is ours.
  let sharesGroup: Bool
  /// Becomes readable when the process ends.
  let handle: Descriptor
  /// Our ends of its streams; no input means that it reads from /dev/null.
  let input: Descriptor?
  let output: Descriptor
  let error: Descriptor

  /// Waits until the program has ended.
  /// - Returns: why it has to be ended; nil if it ended by itself.
  func waitForExit(until deadline: ContinuousClock.Instant?) async -> ChildProcess.StopReason? {
    do throws(WaitError) {
      _ = try await Reactor.shared.wait(for: .readable, on: handle.number, until: deadline)
      return nil
    } catch {
      return error == .timedOut ? .timeLimit : .cancelled
    }
  }

  /// Ends the whole group, if that is its own: politely, and after `grace` by force.
  /// - Parameter done: ends when nobody holds the program's output streams any more.
  func end(grace: Duration, done: AsyncStream<Void>) async {
    let deadline = ContinuousClock.now + grace
    signal(SIGTERM)
    signal(SIGCONT)  // one that is stopped could not react
    if await waitForExit(until: deadline) == nil {
      // A shell is gone at once; the programs of its pipeline may still be cleaning up.
      await withTaskGroup(of: Void.self) { group in
        group.addTask { for await _ in done {} }
        group.addTask { try? await Task.sleep(until: deadline) }
        await group.next()
        group.cancelAll()
      }
    }
    signal(SIGKILL)
    _ = await waitForExit(until: nil)
  }

  private func signal(_ number: CInt) {
    // Never another group: the id stays taken until `reap`.
    kill(sharesGroup ? process : -process, number)
  }

  /// Takes the exit status, after which the process id may be given to another process.
  func reap() async -> ChildProcess.Ending {
    var code: CInt = 0
    if waitpid(process, &code, WNOHANG) == 0 {
      // Only if the reactor could not wait for it.
      let waited = try? await BlockingPool.shared.run { [process] in
        var code: CInt = 0
        while waitpid(process, &code, 0) < 0, errno == EINTR {}
        return code
      }
      code = waited ?? 0
    }
    let signal = code & 0x7f
    return signal == 0 ? .exited(Int(code >> 8 & 0xff)) : .signalled(Int(signal))
  }
}
