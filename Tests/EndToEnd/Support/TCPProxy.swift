import Foundation
import Glibc
import Synchronization
import TestSupport

/// Stands between a program and a TCP server of this machine, and cuts, stalls or swallows on command.
///
/// A thread for each connection and one that accepts; all end with `close`.
final class TCPProxy: Sendable {
  /// What happens to a connection.
  enum Mode: Sendable {
    /// Bytes go through.
    case pass
    /// Nothing goes through, in either direction, and nobody is told: a dead network.
    case silent
    /// New and old connections are closed at once.
    case refuse
  }

  private struct State {
    var mode = Mode.pass
    /// The next request that contains this is special.
    var swallow: [UInt8]?
    var hold: [UInt8]?
    var isHolding = false
    var swallowed = 0
    var cuts = 0
    var isClosed = false
  }

  let port: Int
  private let listener: Int32
  private let target: Int
  private let state = Mutex(State())

  /// Listens on a free port for `target` on 127.0.0.1.
  init(to target: Int) throws {
    self.target = target
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else { throw TestSupportError("the proxy cannot listen") }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [self] in accept() }
  }

  /// Sets what happens to all connections from now on.
  func set(_ mode: Mode) { state.withLock { $0.mode = mode } }

  /// Lets the next request that contains `text` through, waits for the server's answer, and closes both sides instead
  /// of handing it on.
  func swallowNextAnswer(to text: String) { state.withLock { $0.swallow = Array(text.utf8) } }

  /// How many answers were swallowed.
  var swallowed: Int { state.withLock { $0.swallowed } }

  /// Keeps the next request that contains `text` on its way, and its connection with it, until `releaseHeld`.
  func holdNextRequest(with text: String) { state.withLock { $0.hold = Array(text.utf8) } }

  /// Whether a request is held.
  var isHolding: Bool { state.withLock { $0.isHolding } }

  /// Lets the held request reach the server, whether or not its sender still waits.
  func releaseHeld() { state.withLock { $0.isHolding = false } }

  /// Closes all connections that are open now; new ones go through.
  func cut() { state.withLock { $0.cuts += 1 } }

  /// Ends the proxy and all its connections.
  func close() { state.withLock { $0.isClosed = true } }

  private func accept() {
    while !state.withLock({ $0.isClosed }) {
      var poll = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
      guard Glibc.poll(&poll, 1, 50) > 0 else { continue }
      let client = Glibc.accept(listener, nil, nil)
      guard client >= 0 else { continue }
      let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      var address = loopback(target)
      let isConnected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
      guard isConnected else {
        Glibc.close(client)
        Glibc.close(server)
        continue
      }
      let cuts = state.withLock { $0.cuts }
      Thread.detachNewThread { [self] in
        pump(client, server, cuts)
        Glibc.close(client)
        Glibc.close(server)
      }
    }
    Glibc.close(listener)
  }

  /// Carries bytes until one side ends or the connection is to be cut.
  private func pump(_ client: Int32, _ server: Int32, _ cuts: Int) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var isSwallowing = false
    while true {
      let (mode, mustEnd) = state.withLock { ($0.mode, $0.isClosed || $0.cuts != cuts || $0.mode == .refuse) }
      if mustEnd { return }
      if mode == .silent {
        usleep(20_000)
        continue
      }
      var polls = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      guard poll(&polls, 2, 20) > 0 else { continue }
      if polls[0].revents != 0 {
        let count = read(client, &buffer, buffer.count)
        guard count > 0 else { return }
        if !isSwallowing { isSwallowing = wants(\.swallow, buffer[..<count]) }
        if wants(\.hold, buffer[..<count]) {
          state.withLock { $0.isHolding = true }
          while state.withLock({ $0.isHolding && !$0.isClosed }) { usleep(5_000) }
        }
        guard send(buffer[..<count], server) else { return }
      }
      if polls[1].revents != 0 {
        let count = read(server, &buffer, buffer.count)
        guard count > 0 else { return }
        if isSwallowing {
          // ReadyForQuery outside of a transaction: it is committed.
          guard buffer[..<count].suffix(6).elementsEqual([90, 0, 0, 0, 5, 73]) else { continue }
          state.withLock { $0.swallowed += 1 }
          return
        }
        guard send(buffer[..<count], client) else { return }
      }
    }
  }

  private func wants(_ which: WritableKeyPath<State, [UInt8]?>, _ bytes: ArraySlice<UInt8>) -> Bool {
    state.withLock { state in
      guard let text = state[keyPath: which], Data(bytes).range(of: Data(text)) != nil else { return false }
      state[keyPath: which] = nil
      return true
    }
  }

  private func send(_ bytes: ArraySlice<UInt8>, _ descriptor: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

private func loopback(_ port: Int) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(port).bigEndian
  address.sin_addr.s_addr = inet_addr("127.0.0.1")
  return address
}
