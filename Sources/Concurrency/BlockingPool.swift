import Glibc
import Synchronization

/// A fixed number of threads for work that blocks: files, hashing, DNS. Swift's own threads must never block.
///
/// It is a `TaskExecutor`, so whole child tasks can run here: `group.addTask(executorPreference: .shared) { … }`.
/// Threads start at init, and end once the pool is released and its queue is empty. The queue is not bounded: whoever
/// hands over work in bulk bounds it.
public final class BlockingPool: TaskExecutor {
  /// The pool of this process: twice as many threads as processors, at least four.
  public static let shared = BlockingPool(size: max(4, 2 * sysconf(CInt(_SC_NPROCESSORS_ONLN))))

  /// How many pieces of work can run at once.
  public let size: Int
  private let queue = WorkQueue()

  /// A pool of `size` threads (at least one).
  /// - Parameter onStart: what each thread does first, such as giving itself a priority.
  public init(size: Int, onStart: @escaping @Sendable () -> Void = {}) {
    self.size = max(1, size)
    for number in 1...self.size {
      let code = startThread(named: "blocking-\(number)") { [queue] in
        onStart()
        queue.work()
      }
      // With one thread the pool works, only slower; with none, everything would wait for ever.
      precondition(code == 0 || number > 1, "The system refuses to start a thread: \(String(cString: strerror(code))).")
    }
  }

  deinit { queue.close(threads: size) }

  /// Whether the calling thread is one of a pool, this or another: it may block, so nothing need be handed to another one.
  ///
  /// Ask where no `await` lies between the answer and the call that blocks.
  public static var isCurrentThread: Bool { pthread_getspecific(mark) != nil }

  /// Set in each thread of a pool.
  fileprivate static let mark: pthread_key_t = {
    var key = pthread_key_t()
    let code = pthread_key_create(&key, nil)
    precondition(code == 0, "The system has no thread-specific data left: \(String(cString: strerror(code))).")
    return key
  }()

  /// Runs `body` on a thread of the pool and returns what it returns.
  ///
  /// It runs to its end even if the task is cancelled, since a blocking call cannot be interrupted (and cleaning up
  /// after a cancellation may need one). Check for cancellation before and after where it matters.
  public func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      queue.add(.closure { continuation.resume(with: Result(catching: body)) })
    }
  }

  /// The same for a body that cannot fail.
  public func runNonthrowing<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
    await withCheckedContinuation { continuation in
      queue.add(.closure { continuation.resume(returning: body()) })
    }
  }

  /// Called by Swift for a task that prefers this executor.
  public func enqueue(_ job: consuming ExecutorJob) {
    queue.add(.job(UnownedJob(job), asUnownedTaskExecutor()))
  }
}

private enum Work: Sendable {
  case closure(@Sendable () -> Void)
  case job(UnownedJob, UnownedTaskExecutor)
  case stop

  func run() {
    switch self {
    case .closure(let body): body()
    case .job(let job, let executor): job.runSynchronously(on: executor)
    case .stop: break
    }
  }
}

/// First in, first out. The semaphore counts what is in `items`, so each thread that gets past it finds one.
private final class WorkQueue: Sendable {
  private struct Items {
    var list: [Work?] = []
    var head = 0

    mutating func takeFirst() -> Work? {
      guard head < list.count else { return nil }
      defer { head += 1 }
      let first = list[head]
      list[head] = nil
      if head > 1000, head * 2 > list.count {
        list.removeFirst(head + 1)
        head = -1
      }
      return first
    }
  }

  private let items = Mutex(Items())
  /// Written by nobody but the semaphore calls, which are made for several threads.
  nonisolated(unsafe) private let available = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(available, 0, 0) }

  deinit {
    sem_destroy(available)
    available.deallocate()
  }

  func add(_ work: Work) {
    items.withLock { $0.list.append(work) }
    sem_post(available)
  }

  func close(threads: Int) {
    for _ in 0..<threads { add(.stop) }
  }

  /// The body of a thread: works until it takes a `.stop`.
  func work() {
    pthread_setspecific(BlockingPool.mark, UnsafeRawPointer(available))
    while true {
      while sem_wait(available) != 0 {}  // interrupted by a signal
      guard let next = items.withLock({ $0.takeFirst() }) else { continue }
      if case .stop = next { return }
      next.run()
    }
  }
}
