import Concurrency
import Testing

@Suite("Bounded queue")
struct BoundedQueueTests {
  private final class Thing: Sendable {}

  @Test("what was taken is not kept alive")
  func letsGo() async throws {
    let queue = BoundedQueue<Thing>(limit: 4)
    for _ in 0..<3 { try await queue.push(Thing()) }
    weak var first: Thing?
    do {
      let taken = try #require(try await queue.pop())
      first = taken
      #expect(first != nil)
    }
    #expect(first == nil)
  }

  @Test("first in, first out, to the end")
  func order() async throws {
    let queue = BoundedQueue<Int>(limit: 200)
    for number in 0..<150 { try await queue.push(number) }
    queue.finish()
    var taken: [Int] = []
    while let number = try await queue.pop() { taken.append(number) }
    #expect(taken == Array(0..<150))
  }
}
