/// A request to epoll: report `descriptor` once it is ready for `interest`, under `mark`.
struct Arming: Equatable {
  var descriptor: CInt
  var interest: Readiness
  /// Generation and descriptor: an event that was meant for an earlier file under the same number is told apart.
  var mark: UInt64
}

/// Who waits for which descriptor. Pure: it decides, the reactor calls epoll and resumes.
struct ReactorState<Continuation> {
  struct Removed {
    var continuation: Continuation
    var descriptor: CInt
    /// Nobody else waits for the descriptor: epoll may forget it.
    var wasLast: Bool
  }

  private struct Waiter {
    var id: UInt64
    var interest: Readiness
    var deadline: ContinuousClock.Instant?
    var continuation: Continuation
  }

  private struct Entry {
    var generation: UInt32
    var waiters: [Waiter]
  }

  private var entries: [CInt: Entry] = [:]
  private var descriptors: [UInt64: CInt] = [:]
  private var lastID: UInt64 = 0
  private var lastGeneration: UInt32 = 0

  /// When deadlines must be looked at again: never later than the earliest one. It may be earlier than all of them,
  /// since waits usually end well before their deadline, and finding the next one means looking at all.
  private(set) var wakeAt: ContinuousClock.Instant?

  var count: Int { descriptors.count }

  mutating func makeID() -> UInt64 {
    lastID += 1
    return lastID
  }

  /// Adds a waiter; the answer covers everyone who waits for the descriptor.
  mutating func add(
    _ id: UInt64, _ interest: Readiness, _ descriptor: CInt, _ deadline: ContinuousClock.Instant?,
    _ continuation: Continuation
  ) -> Arming {
    let waiter = Waiter(id: id, interest: interest, deadline: deadline, continuation: continuation)
    entries[descriptor, default: Entry(generation: 0, waiters: [])].waiters.append(waiter)
    descriptors[id] = descriptor
    return arming(descriptor)
  }

  /// Whether the thread has to be woken because it would otherwise sleep past `deadline`.
  mutating func wakesEarlier(for deadline: ContinuousClock.Instant?) -> Bool {
    guard let deadline else { return false }
    if let wakeAt, wakeAt <= deadline { return false }
    wakeAt = deadline
    return true
  }

  mutating func remove(_ id: UInt64) -> Removed? {
    guard let descriptor = descriptors.removeValue(forKey: id), var entry = entries.removeValue(forKey: descriptor),
      let index = entry.waiters.firstIndex(where: { $0.id == id })
    else { return nil }
    let waiter = entry.waiters.remove(at: index)
    if !entry.waiters.isEmpty { entries[descriptor] = entry }
    return Removed(continuation: waiter.continuation, descriptor: descriptor, wasLast: entry.waiters.isEmpty)
  }

  mutating func removeAll(of descriptor: CInt) -> [Continuation] {
    guard let entry = entries.removeValue(forKey: descriptor) else { return [] }
    for waiter in entry.waiters { descriptors[waiter.id] = nil }
    return entry.waiters.map(\.continuation)
  }

  /// Who goes on because of an event, and what to ask epoll for if others still wait.
  mutating func fire(mark: UInt64, _ readiness: Readiness) -> (ready: [(Continuation, Readiness)], again: Arming?) {
    let descriptor = CInt(truncatingIfNeeded: mark & 0xffff_ffff)
    guard var entry = entries.removeValue(forKey: descriptor) else { return ([], nil) }
    guard entry.generation == UInt32(truncatingIfNeeded: mark >> 32) else {
      entries[descriptor] = entry  // armed anew since: epoll will report again
      return ([], nil)
    }
    var ready: [(Continuation, Readiness)] = []
    entry.waiters.removeAll { waiter in
      let common = waiter.interest.intersection(readiness)
      guard !common.isEmpty else { return false }
      ready.append((waiter.continuation, common))
      descriptors[waiter.id] = nil
      return true
    }
    guard !entry.waiters.isEmpty else { return (ready, nil) }
    entries[descriptor] = entry
    return (ready, arming(descriptor))
  }

  /// Takes out those whose deadline has passed, and finds the next deadline.
  mutating func expire(at now: ContinuousClock.Instant) -> [Removed] {
    wakeAt = nil
    var due: [UInt64] = []
    for waiter in entries.values.lazy.flatMap(\.waiters) {
      guard let deadline = waiter.deadline else { continue }
      if deadline <= now { due.append(waiter.id) } else { wakeAt = min(wakeAt ?? deadline, deadline) }
    }
    return due.compactMap { remove($0) }
  }

  private mutating func arming(_ descriptor: CInt) -> Arming {
    lastGeneration &+= 1
    entries[descriptor]?.generation = lastGeneration
    let interest = (entries[descriptor]?.waiters ?? []).reduce(into: Readiness()) { $0.formUnion($1.interest) }
    let mark = UInt64(lastGeneration) << 32 | UInt64(UInt32(bitPattern: descriptor))
    return Arming(descriptor: descriptor, interest: interest, mark: mark)
  }
}
