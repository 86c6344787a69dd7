import CCurl
import CCurlShims
import Concurrency
import Synchronization

/// The thread that drives curl, and the queue through which requests reach it.
///
/// The thread keeps this object alive while it runs, so `curl_multi_wakeup`, the one call that others may make, never
/// meets a multi handle that is already freed.
final class TransferThread: Sendable {
  private struct Queue {
    var handedOver: [Ticket] = []
    var isRunning = false
    var isStopping = false
  }

  private let multi: Multi
  private let queue = Mutex(Queue())
  private let settings: TransferSettings
  private let limit: Int

  init(limit: Int, _ settings: TransferSettings) {
    self.multi = Multi(connections: limit)
    self.limit = limit
    self.settings = settings
  }

  /// Queues a request; the first one starts the thread.
  func submit(_ ticket: Ticket) {
    let started = queue.withLock { queue in
      queue.handedOver.append(ticket)
      if !queue.isRunning { queue.isRunning = start() }
      if !queue.isRunning { queue.handedOver.removeLast() }
      return queue.isRunning
    }
    guard started else {
      return ticket.finish(.failure(HTTPError(.local, ticket.request, "no thread or memory for transfers")))
    }
    multi.wake()
  }

  /// Makes the thread look at cancelled tickets.
  func wake() { multi.wake() }

  /// Ends the thread, and with it every request that is still under way.
  func stop() {
    queue.withLock { $0.isStopping = true }
    multi.wake()
  }

  private func start() -> Bool {
    guard multi.handle != nil else { return false }
    return startThread(named: "http") { self.run() } == 0
  }

  // MARK: - On the thread

  private func run() {
    var waiting: [Ticket] = []
    var active: [UnsafeMutableRawPointer: Transfer] = [:]
    while true {
      let isStopping = queue.withLock { queue in
        waiting += queue.handedOver
        queue.handedOver = []
        return queue.isStopping
      }
      if isStopping { return endAll(waiting, active) }
      dropExpired(&waiting, &active)
      while active.count < limit, !waiting.isEmpty { begin(waiting.removeFirst(), &active) }

      var running: Int32 = 0
      curl_multi_perform(multi.handle, &running)
      if finishDone(&active) { continue }  // a slot is free
      curl_multi_poll(multi.handle, nil, 0, pollMilliseconds(waiting), nil)
    }
  }

  private func begin(_ ticket: Ticket, _ active: inout [UnsafeMutableRawPointer: Transfer]) {
    do throws(HTTPError) {
      let transfer = try Transfer(ticket, settings)
      guard curl_multi_add_handle(multi.handle, transfer.handle) == CURLM_OK else {
        throw HTTPError(.local, ticket.request, "curl could not start the transfer")
      }
      active[transfer.handle] = transfer
    } catch {
      ticket.finish(.failure(error))
    }
  }

  private func dropExpired(_ waiting: inout [Ticket], _ active: inout [UnsafeMutableRawPointer: Transfer]) {
    let now = ContinuousClock.now
    waiting.removeAll { ticket in
      guard let error = ticket.expiry(now: now) else { return false }
      ticket.finish(.failure(error))
      return true
    }
    for (handle, transfer) in active where transfer.ticket.isCancelled {
      curl_multi_remove_handle(multi.handle, handle)
      active[handle] = nil
      transfer.ticket.finish(.failure(HTTPError(.cancelled, transfer.ticket.request, "cancelled")))
    }
  }

  private func finishDone(_ active: inout [UnsafeMutableRawPointer: Transfer]) -> Bool {
    var anyDone = false
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi.handle, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
      let code = message.pointee.data.result  // the message is gone once its handle is removed
      curl_multi_remove_handle(multi.handle, handle)
      guard let transfer = active.removeValue(forKey: handle) else { continue }
      transfer.ticket.finish(transfer.result(code))
      anyDone = true
    }
    return anyDone
  }

  private func endAll(_ waiting: [Ticket], _ active: [UnsafeMutableRawPointer: Transfer]) {
    for (handle, _) in active { curl_multi_remove_handle(multi.handle, handle) }
    for ticket in waiting + active.values.map(\.ticket) {
      ticket.finish(.failure(HTTPError(.cancelled, ticket.request, "the client was stopped")))
    }
  }

  /// Until the first waiting ticket's deadline; curl knows those of the active ones.
  private func pollMilliseconds(_ waiting: [Ticket]) -> Int32 {
    guard let first = waiting.lazy.compactMap(\.deadline).min() else { return 60_000 }
    return Int32(max(0, min((first - .now) / .milliseconds(1), 60_000))) + 1
  }
}

/// Owner of a multi handle and of the connections it keeps.
private final class Multi: @unchecked Sendable {
  // Unchecked: the thread alone uses the handle, apart from `wake`, which curl allows from any thread.
  let handle: UnsafeMutableRawPointer?

  init(connections: Int) {
    _ = Self.library
    handle = curl_multi_init()
    if let handle { _ = curl_shim_multi_set_long(handle, CURLMOPT_MAXCONNECTS, connections) }
  }

  deinit {
    if let handle { curl_multi_cleanup(handle) }
  }

  func wake() {
    if let handle { curl_multi_wakeup(handle) }
  }

  private static let library: CURLcode = curl_global_init(Int(CURL_GLOBAL_ALL))
}
