import Glibc
import Testing

@testable import Concurrency

/// Two connected sockets that are closed with the test.
final class SocketPair: Sendable {
  let near: CInt
  let far: CInt

  init() {
    var pair: [CInt] = [0, 0]
    #expect(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair) == 0)
    (near, far) = (pair[0], pair[1])
  }

  deinit {
    close(near)
    close(far)
  }

  func send() { _ = write(far, "x", 1) }
  func receive() { var byte: UInt8 = 0; _ = read(near, &byte, 1) }
}

@Suite(.timeLimit(.minutes(5))) struct ReactorTests {
  let reactor = Reactor()

  @Test("readable when the other side has written, before or after the wait began", arguments: [true, false])
  func readable(early: Bool) async throws {
    let pair = SocketPair()
    if early { pair.send() }
    async let readiness = reactor.wait(for: .readable, on: pair.near)
    if !early {
      try await Task.sleep(for: .milliseconds(20))
      pair.send()
    }
    #expect(try await readiness == .readable)
    #expect(reactor.waitCount == 0)
  }

  @Test("only what was asked for is returned")
  func interest() async throws {
    let pair = SocketPair()
    pair.send()
    #expect(try await reactor.wait(for: .writable, on: pair.near) == .writable)
    #expect(try await reactor.wait(for: [.readable, .writable], on: pair.near) == [.readable, .writable])
  }

  @Test("two tasks wait for one descriptor, one for each direction")
  func twoWaiters() async throws {
    let pair = SocketPair()
    async let read = reactor.wait(for: .readable, on: pair.near)
    try await Task.sleep(for: .milliseconds(10))
    #expect(try await reactor.wait(for: .writable, on: pair.near) == .writable)
    pair.send()
    #expect(try await read == .readable)
  }

  @Test("the end of the other side wakes a reader")
  func hangUp() async throws {
    let pair = SocketPair()
    async let read = reactor.wait(for: .readable, on: pair.near)
    try await Task.sleep(for: .milliseconds(10))
    shutdown(pair.far, CInt(SHUT_RDWR))
    #expect(try await read == .readable)
  }

  @Test("a deadline ends the wait, and leaves nothing behind")
  func deadline() async throws {
    let pair = SocketPair()
    let start = ContinuousClock.now
    await #expect(throws: WaitError.timedOut) {
      try await reactor.wait(for: .readable, on: pair.near, until: .now + .milliseconds(30))
    }
    let elapsed = start.duration(to: .now)
    #expect(elapsed >= .milliseconds(30))
    #expect(elapsed < .seconds(30))
    #expect(reactor.waitCount == 0)
  }

  @Test("a shorter deadline is kept while a longer one is being waited for")
  func shorterDeadline() async throws {
    let (long, short) = (SocketPair(), SocketPair())
    async let slow = reactor.wait(for: .readable, on: long.near, until: .now + .seconds(30))
    try await Task.sleep(for: .milliseconds(10))
    await #expect(throws: WaitError.timedOut) {
      try await reactor.wait(for: .readable, on: short.near, until: .now + .milliseconds(20))
    }
    long.send()
    #expect(try await slow == .readable)
  }

  @Test("cancellation ends the wait, at once or before it began", arguments: [0, 10])
  func cancellation(delay: Int) async throws {
    let pair = SocketPair()
    let task = Task { [reactor] in try await reactor.wait(for: .readable, on: pair.near) }
    if delay > 0 { try await Task.sleep(for: .milliseconds(delay)) }
    task.cancel()
    await #expect(throws: WaitError.cancelled) { try await task.value }
    #expect(reactor.waitCount == 0)
  }

  @Test("a shielded wait goes on although its task is cancelled", arguments: [0, 10])
  func shielded(delay: Int) async throws {
    let pair = SocketPair()
    let task = Task { [reactor] in
      try await reactor.wait(for: .readable, on: pair.near, until: .now + .seconds(20), shielded: true)
    }
    if delay > 0 { try await Task.sleep(for: .milliseconds(delay)) }
    task.cancel()
    try await Task.sleep(for: .milliseconds(10))
    pair.send()
    #expect(try await task.value == .readable)
  }

  @Test("a closed descriptor and a regular file are refused")
  func refused() async throws {
    await #expect(throws: WaitError.failed(EBADF)) { try await reactor.wait(for: .readable, on: 9999) }
    let file = open("/proc/self/exe", O_RDONLY)
    defer { close(file) }
    await #expect(throws: WaitError.failed(EPERM)) { try await reactor.wait(for: .readable, on: file) }
    #expect(reactor.waitCount == 0)
  }

  @Test("forget ends the waits for a descriptor that is about to be closed")
  func forget() async throws {
    let pair = SocketPair()
    let task = Task { [reactor] in try await reactor.wait(for: .readable, on: pair.near) }
    while reactor.waitCount == 0 { await Task.yield() }
    reactor.forget(pair.near)
    await #expect(throws: WaitError.failed(EBADF)) { try await task.value }
  }

  @Test("a number that is closed and used again waits for the new file")
  func reusedDescriptor() async throws {
    let pair = SocketPair()
    var pipes: [CInt] = [0, 0]
    #expect(pipe(&pipes) == 0)
    _ = write(pipes[1], "x", 1)
    _ = try await reactor.wait(for: .readable, on: pipes[0])
    #expect(dup2(pair.near, pipes[0]) == pipes[0])  // closes the pipe's end
    defer { for end in pipes { close(end) } }
    await #expect(throws: WaitError.timedOut) {
      try await reactor.wait(for: .readable, on: pipes[0], until: .now + .milliseconds(20))
    }
    pair.send()
    #expect(try await reactor.wait(for: .readable, on: pipes[0]) == .readable)
  }

  @Test("no wake-up is lost among many ping-pongs, cancellations and deadlines")
  func manyWaiters() async throws {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<50 {
        group.addTask { [reactor] in
          let pair = SocketPair()
          for round in 0..<100 {
            if (round + number) % 10 == 0 {
              let task = Task { try await reactor.wait(for: .readable, on: pair.near, until: .now + .milliseconds(2)) }
              if round % 20 < 10 { task.cancel() }
              await #expect(throws: WaitError.self) { try await task.value }
            }
            async let ready = reactor.wait(for: .readable, on: pair.near, until: .now + .seconds(20))
            pair.send()
            let readiness = try await ready
            #expect(readiness == .readable)
            pair.receive()
          }
          return 100
        }
      }
      var rounds = 0
      for try await count in group { rounds += count }
      #expect(rounds == 5000)
    }
    #expect(reactor.waitCount == 0)
  }
}
