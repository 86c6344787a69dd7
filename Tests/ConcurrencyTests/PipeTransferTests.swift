import Concurrency
import Glibc
import Synchronization
import Testing

@Suite("What one writes into a pipe and another reads", .timeLimit(.minutes(1)))
struct PipeTransferTests {
  private struct Fault: Error, Equatable { let of: String }

  private final class Flag: Sendable {
    private let isUp = Atomic(false)
    var isSet: Bool { isUp.load(ordering: .sequentiallyConsistent) }
    func set() { isUp.store(true, ordering: .sequentiallyConsistent) }
  }

  /// Fits into a pipe: writing it waits for nobody.
  private static func write(to output: CInt) {
    let bytes = [UInt8](repeating: 7, count: 50_000)
    #expect(Glibc.write(output, bytes, bytes.count) == bytes.count)
  }

  /// Reads to the end, and returns how much that was.
  private static func readAll(_ input: CInt) async throws -> Int {
    var total = 0
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      try Task.checkCancellation()
      var poll = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
      guard Glibc.poll(&poll, 1, 0) > 0 else {
        try await Task.sleep(for: .milliseconds(1))
        continue
      }
      let count = Glibc.read(input, &buffer, 4096)
      if count <= 0 { return total }
      total += count
    }
  }

  @Test("the reader sees the end once the writer is done")
  func whole() async throws {
    let pipe = try #require(PipeEnds())
    let total = try await pipe.transfer { output in
      Self.write(to: output)
    } to: { input in
      try await Self.readAll(input)
    }
    #expect(total == 50_000)
  }

  @Test("where the writer fails, the reader sees no end, and the writer says why")
  func failedWriter() async throws {
    let pipe = try #require(PipeEnds())
    let end = Flag()
    await #expect(throws: Fault(of: "writer")) {
      _ = try await pipe.transfer { output in
        Self.write(to: output)
        throw Fault(of: "writer")
      } to: { input in
        let total = try await Self.readAll(input)
        end.set()
        return total
      }
    }
    #expect(!end.isSet)
  }

  @Test("where the reader fails, the writer is cancelled, and the reader says why")
  func failedReader() async throws {
    let pipe = try #require(PipeEnds())
    let wasCancelled = Flag()
    await #expect(throws: Fault(of: "reader")) {
      try await pipe.transfer { _ in
        do {
          try await Task.sleep(for: .seconds(1000))
        } catch {
          wasCancelled.set()
          throw error
        }
      } to: { _ in
        throw Fault(of: "reader")
      }
    }
    #expect(wasCancelled.isSet)
  }

  @Test("both are cancelled with whoever waits for them")
  func cancelled() async throws {
    let pipe = try #require(PipeEnds())
    let task = Task {
      try await pipe.transfer { _ in
        try await Task.sleep(for: .seconds(1000))
      } to: { input in
        try await Self.readAll(input)
      }
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}
