import CEpoll
import Glibc

/// A request to end this process.
public enum Signal: Sendable, Equatable {
  /// SIGTERM: from systemd, Kubernetes, `kill`. SIGHUP, too: the terminal was closed.
  case terminate
  /// SIGINT: Ctrl-C.
  case interrupt
}

/// SIGTERM, SIGINT and SIGHUP of this process as they come, instead of ending it. From the call on, also before anybody
/// reads. What the caller was told to ignore, as `nohup` does with SIGHUP, stays ignored.
///
/// For one reader per process: two would share the signals between them. It ends when the reading task is cancelled;
/// the signals stay caught.
public func terminationSignals() -> AsyncStream<Signal> {
  let pipe = signalPipe
  for number in [SIGTERM, SIGINT, SIGHUP] {
    var action = sigaction()
    if number == SIGHUP {
      sigaction(number, nil, &action)
      if isIgnored(action) { continue }
    }
    action.__sigaction_handler.sa_handler = noteSignal
    action.sa_flags = SA_RESTART
    sigaction(number, &action, nil)
  }
  return AsyncStream { await nextSignal(pipe.reading) }
}

private func isIgnored(_ action: sigaction) -> Bool {
  unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}

/// Makes writing to a closed pipe or socket an error (EPIPE) instead of the end of the process.
public func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

private func nextSignal(_ pipe: CInt) async -> Signal? {
  while true {
    var number: UInt8 = 0
    let count = read(pipe, &number, 1)
    if count == 1 { return CInt(number) == SIGINT ? .interrupt : .terminate }
    guard count < 0, errno == EAGAIN || errno == EINTR else { return nil }
    guard (try? await Reactor.shared.wait(for: .readable, on: pipe)) != nil else { return nil }
  }
}

/// Lives as long as the process. Unlike a signalfd it needs no thread to block the signals, and no order of start.
private let signalPipe: (reading: CInt, writing: CInt) = {
  var ends: [CInt] = [-1, -1]
  pipe2(&ends, O_CLOEXEC | O_NONBLOCK)
  return (ends[0], ends[1])
}()

/// Runs between any two instructions of some thread, so it does nothing but write. The pipe was made before.
private let noteSignal: @convention(c) (CInt) -> Void = { number in
  let before = errno
  var byte = UInt8(truncatingIfNeeded: number)
  _ = write(signalPipe.writing, &byte, 1)
  errno = before
}
