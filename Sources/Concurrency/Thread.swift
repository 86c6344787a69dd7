import Glibc
import Synchronization

/// What each thread that is started here does first.
private let firstWork = Mutex<@Sendable () -> Void>({})

/// Lets each of our threads that starts from now on do this first, such as giving itself a priority: it would have that of whoever
/// starts it, which may be a thread of libdispatch with a priority of its own.
public func beginThreads(with work: @escaping @Sendable () -> Void) { firstWork.withLock { $0 = work } }

/// Starts a detached thread which runs `body` once.
///
/// The thread leaves signals (but not faults) to the other threads: a program that waits for them with `signalfd` would
/// otherwise be killed by one that lands here. Returns zero or an errno.
package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> CInt {
  var blocked = sigset_t()
  var previous = sigset_t()
  sigfillset(&blocked)
  for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { sigdelset(&blocked, fault) }
  pthread_sigmask(SIG_SETMASK, &blocked, &previous)
  defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }

  let box = Unmanaged.passRetained(
    ThreadBody {
      setThreadName(name)
      firstWork.withLock { $0 }()
      body()
    })
  var thread = pthread_t()
  let code = pthread_create(
    &thread, nil,
    { argument in
      guard let argument else { return nil }
      Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
      return nil
    }, box.toOpaque())
  guard code == 0 else {
    box.release()
    return code
  }
  pthread_detach(thread)
  return 0
}

/// Names the calling thread for `ps` and crash reports (glibc's own call is not in Swift's module).
private func setThreadName(_ name: String) {
  let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
  guard file >= 0 else { return }
  _ = write(file, name, min(name.utf8.count, 15))
  close(file)
}

private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
