import Concurrency
import Synchronization
import Testing

@Suite("Sampling")
struct SamplingTests {
  @Test("ends with the last state, which is always seen")
  func last() async {
    let count = Atomic(0)
    let stream = AsyncStream<Int>.sampling(
      every: .milliseconds(1), until: { count.load(ordering: .relaxed) >= 5 },
      { count.add(1, ordering: .relaxed).newValue })
    var seen: [Int] = []
    for await value in stream { seen.append(value) }
    #expect(seen.last == 6)
    #expect(seen == seen.sorted())
  }

  @Test("stops when nobody reads any more")
  func abandoned() async throws {
    weak var sampled: Counter?
    do {
      let counter = Counter()
      sampled = counter
      for await _ in AsyncStream<Int>.sampling(
        every: .milliseconds(1), until: { false }, { counter.count.add(1, ordering: .relaxed).newValue })
      {
        break
      }
    }
    // Whoever looks at it holds it, and lets go of it with the last look.
    for _ in 0..<3000 where sampled != nil { try await Task.sleep(for: .milliseconds(10)) }
    #expect(sampled == nil)
  }

  private final class Counter: Sendable {
    let count = Atomic(0)
  }
}
