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
    let count = Atomic(0)
    for await _ in AsyncStream<Int>.sampling(
      every: .milliseconds(1), until: { false }, { count.add(1, ordering: .relaxed).newValue })
    {
      break
    }
    try await Task.sleep(for: .milliseconds(50))
    let after = count.load(ordering: .relaxed)
    try await Task.sleep(for: .milliseconds(50))
    #expect(count.load(ordering: .relaxed) == after)
  }
}
