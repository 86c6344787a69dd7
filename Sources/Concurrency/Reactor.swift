internal import CEpoll
import Glibc
import Synchronization

/// What a file descriptor is ready for.
public struct Readiness: OptionSet, Sendable, Hashable {
  /// The bits.
  public let rawValue: UInt8

  /// From bits; use the named members.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A read will not block: there are bytes, or the end, or an error to collect.
  public static let readable = Readiness(rawValue: 1)
  /// A write will not block: there is room, or an error to collect.
  public static let writable = Readiness(rawValue: 2)
}

/// Why a wait ended without readiness.
public enum WaitError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The task was cancelled.
  case cancelled
  /// The deadline passed.
  case timedOut
  /// The descriptor cannot be waited for; the value is an errno (`EBADF`: closed, `EPERM`: a regular file).
  case failed(CInt)

  /// One sentence for people.
  public var description: String {
    switch self {
    case .cancelled: "The wait was cancelled."
    case .timedOut: "The wait ran out of time."
    case .failed(let code): "Cannot wait for the file descriptor: \(String(cString: strerror(code)))."
    }
  }
}

/// One thread on epoll that resumes whoever waits for a file descriptor.
///
/// It never closes, reads or writes a descriptor. Whoever owns a descriptor calls `forget` before closing it if anybody
/// may be waiting for it: the kernel drops a closed descriptor silently, so that such a wait would only end by its
/// deadline or by cancellation.
public final class Reactor: Sendable {
  /// The reactor of this process. Its thread starts at first use and never ends.
  public static let shared = Reactor()

  private let epoll: CInt
  private let wakeUp: CInt
  /// Why the reactor could not start (too many open files, say); every wait then fails with it.
  private let failure: CInt
  private let state = Mutex(ReactorState<CheckedContinuation<Result<Readiness, WaitError>, Never>>())

  init() {
    epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
    let epollFailure = epoll < 0 ? errno : 0
    wakeUp = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
    let wakeUpFailure = wakeUp < 0 ? errno : 0
    guard epollFailure == 0, wakeUpFailure == 0 else {
      failure = epollFailure != 0 ? epollFailure : wakeUpFailure
      return
    }
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u64 = Self.wakeUpMark
    guard epoll_ctl(epoll, EPOLL_CTL_ADD, wakeUp, &event) == 0 else {
      failure = errno
      return
    }
    let loop = Loop(epoll: epoll, wakeUp: wakeUp)
    failure = startThread(named: "reactor") { loop.run() }
    loop.reactor.withLock { $0 = self }
  }

  /// Waits until `descriptor` is ready for any of `interest`, and returns what it is ready for.
  ///
  /// Readiness is a hint: use non-blocking calls, and wait again on `EAGAIN`. An error or a hang-up counts as ready for
  /// all of `interest`. Several tasks may wait for one descriptor. If the task is cancelled, or already was, it throws
  /// `.cancelled`; after `deadline` it throws `.timedOut` (within about a millisecond). Nothing stays registered then.
  public func wait(
    for interest: Readiness, on descriptor: CInt, until deadline: ContinuousClock.Instant? = nil
  ) async throws(WaitError) -> Readiness {
    guard failure == 0 else { throw .failed(failure) }
    let id = state.withLock { $0.makeID() }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        register(id, interest, descriptor, deadline, continuation)
      }
    } onCancel: {
      end(id, .cancelled)
    }
    return try result.get()
  }

  /// Ends every wait for `descriptor` with `.failed(EBADF)`. Call it before closing one that others may wait for.
  public func forget(_ descriptor: CInt) {
    let waiting = state.withLock { state in
      let waiting = state.removeAll(of: descriptor)
      if !waiting.isEmpty { disarm(descriptor) }
      return waiting
    }
    for continuation in waiting { continuation.resume(returning: .failure(.failed(EBADF))) }
  }

  /// How many waits are going on; for tests and metrics.
  public var waitCount: Int { state.withLock { $0.count } }

  private func register(
    _ id: UInt64, _ interest: Readiness, _ descriptor: CInt, _ deadline: ContinuousClock.Instant?,
    _ continuation: CheckedContinuation<Result<Readiness, WaitError>, Never>
  ) {
    let (refused, mustWake) = state.withLock { state -> (WaitError?, Bool) in
      // `onCancel` runs after this flag is set and needs this lock: either it finds the waiter, or we see the flag.
      if Task.isCancelled { return (.cancelled, false) }
      let arming = state.add(id, interest, descriptor, deadline, continuation)
      let code = arm(arming)
      guard code == 0 else {
        _ = state.remove(id)
        return (.failed(code), false)
      }
      return (nil, state.wakesEarlier(for: deadline))
    }
    if let refused { continuation.resume(returning: .failure(refused)) }
    if mustWake { eventfd_write(wakeUp, 1) }
  }

  private func end(_ id: UInt64, _ reason: WaitError) {
    let continuation = state.withLock { state in
      let removed = state.remove(id)
      if let removed, removed.wasLast { disarm(removed.descriptor) }
      return removed?.continuation
    }
    continuation?.resume(returning: .failure(reason))
  }

  /// Asks epoll for one event. A descriptor stays known (but quiet) after its event, so that waiting again is one call.
  private func arm(_ arming: Arming) -> CInt {
    var event = epoll_event()
    event.events = EPOLLONESHOT.rawValue | EPOLLRDHUP.rawValue
    if arming.interest.contains(.readable) { event.events |= EPOLLIN.rawValue }
    if arming.interest.contains(.writable) { event.events |= EPOLLOUT.rawValue }
    event.data.u64 = arming.mark
    if epoll_ctl(epoll, EPOLL_CTL_MOD, arming.descriptor, &event) == 0 { return 0 }
    guard errno == ENOENT else { return errno }
    return epoll_ctl(epoll, EPOLL_CTL_ADD, arming.descriptor, &event) == 0 ? 0 : errno
  }

  private func disarm(_ descriptor: CInt) {
    var event = epoll_event()
    epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)  // a closed descriptor is gone already
  }

  /// No descriptor has this mark: theirs are never negative.
  fileprivate static let wakeUpMark = UInt64.max

  /// Handles what epoll reported; returns when the thread must look again for passed deadlines.
  fileprivate func handle(_ events: UnsafeBufferPointer<epoll_event>) -> ContinuousClock.Instant? {
    var resumed: [(CheckedContinuation<Result<Readiness, WaitError>, Never>, Result<Readiness, WaitError>)] = []
    let wakeAt = state.withLock { state in
      for event in events where event.data.u64 != Self.wakeUpMark {
        let (ready, again) = state.fire(mark: event.data.u64, Readiness(event.events))
        for (continuation, readiness) in ready { resumed.append((continuation, .success(readiness))) }
        if let again, arm(again) != 0 {
          for continuation in state.removeAll(of: again.descriptor) {
            resumed.append((continuation, .failure(.failed(EBADF))))
          }
        }
      }
      if let due = state.wakeAt, due <= .now {
        for waiter in state.expire(at: .now) {
          if waiter.wasLast { disarm(waiter.descriptor) }
          resumed.append((waiter.continuation, .failure(.timedOut)))
        }
      }
      return state.wakeAt
    }
    for (continuation, result) in resumed { continuation.resume(returning: result) }
    return wakeAt
  }
}

/// The body of the reactor's thread.
private final class Loop: Sendable {
  let epoll: CInt
  let wakeUp: CInt
  let reactor = Mutex<Reactor?>(nil)

  init(epoll: CInt, wakeUp: CInt) {
    self.epoll = epoll
    self.wakeUp = wakeUp
  }

  func run() {
    withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { buffer in
      guard let base = buffer.baseAddress else { return }
      var wakeAt: ContinuousClock.Instant?
      while true {
        let count = epoll_wait(epoll, base, CInt(buffer.count), milliseconds(until: wakeAt))
        let events = UnsafeBufferPointer(start: base, count: max(0, Int(count)))
        if events.contains(where: { $0.data.u64 == Reactor.wakeUpMark }) {
          var value: eventfd_t = 0
          eventfd_read(wakeUp, &value)
        }
        wakeAt = reactor.withLock { $0 }?.handle(events)
      }
    }
  }

  /// epoll's timeout, rounded up so that the thread doesn't spin through the last millisecond; -1 for ever.
  private func milliseconds(until instant: ContinuousClock.Instant?) -> CInt {
    guard let instant else { return -1 }
    let (seconds, attoseconds) = ContinuousClock.now.duration(to: instant).components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    guard seconds < 3600 else { return 3_600_000 }
    return CInt(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}

extension Readiness {
  fileprivate init(_ events: UInt32) {
    self = []
    if events & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0 { insert(.readable) }
    if events & EPOLLOUT.rawValue != 0 { insert(.writable) }
    if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { formUnion([.readable, .writable]) }
  }
}
