/// What a task gets from the pool.
enum PoolGrant<Connection> {
  /// A connection that was idle; it may have died since.
  case idle(Connection)
  /// A slot without a connection: open one.
  case slot
}

/// Who has which connection, and who waits. Pure: it decides, the pool opens, closes and resumes.
///
/// A slot is the right to one connection; there are never more than `size`.
struct PoolState<Connection, Waiter> {
  typealias Grant = PoolGrant<Connection>

  enum Request {
    case granted(Grant)
    case queued
    case closed
  }

  let size: Int
  private(set) var isClosed = false
  private(set) var slotsInUse = 0
  /// The one used last is taken first: the others stay idle, and what they hold in the server's caches ages.
  private(set) var idle: [Connection] = []
  private var queue: [(id: UInt64, waiter: Waiter)] = []

  init(size: Int) { self.size = max(1, size) }

  var waiting: Int { queue.count }
  var open: Int { slotsInUse + idle.count }

  /// Asks for a connection; the waiter is kept only if the answer is `.queued`.
  mutating func request(_ id: UInt64, _ waiter: @autoclosure () -> Waiter) -> Request {
    if isClosed { return .closed }
    // Whoever came first goes first.
    if queue.isEmpty, let grant = takeGrant() { return .granted(grant) }
    queue.append((id, waiter()))
    return .queued
  }

  /// Gives a slot back, with its connection if that is still good. Returns who goes on with what; a connection that is
  /// returned under `close` is for the caller to drop.
  mutating func release(_ connection: Connection?) -> (next: (Waiter, Grant)?, close: Connection?) {
    slotsInUse -= 1
    if isClosed { return (nil, connection) }
    if let connection { idle.append(connection) }
    guard !queue.isEmpty, let grant = takeGrant() else { return (nil, nil) }
    return ((queue.removeFirst().waiter, grant), nil)
  }

  /// Takes a waiter out of the queue; nil if it has been granted something meanwhile.
  mutating func abandon(_ id: UInt64) -> Waiter? {
    guard let index = queue.firstIndex(where: { $0.id == id }) else { return nil }
    return queue.remove(at: index).waiter
  }

  /// Lets nobody in any more; returns who waits and what is idle.
  mutating func close() -> (waiters: [Waiter], connections: [Connection]) {
    isClosed = true
    defer {
      queue = []
      idle = []
    }
    return (queue.map(\.waiter), idle)
  }

  private mutating func takeGrant() -> Grant? {
    guard slotsInUse < size else { return nil }
    slotsInUse += 1
    return idle.popLast().map(Grant.idle) ?? .slot
  }
}
