import Concurrency
import Testing

@Suite("What the workers of a job are at")
struct CurrentWorkTests {
  @Test("each says what it is at, in the order of their numbers, until the job is over")
  func texts() {
    let work = CurrentWork()
    #expect(work.texts.isEmpty)
    for number in [11, 2, 7] { work.set(number) { "file \(number)" } }
    #expect(work.texts == ["file 2", "file 7", "file 11"])
    work.set(7, nil)
    work.set(2) { "another" }
    #expect(work.texts == ["another", "file 11"])
    work.finish()
    #expect(work.texts.isEmpty)
  }

  @Test("numbers come at intervals, and once more at the end", .timeLimit(.minutes(1)))
  func updates() async {
    let work = CurrentWork()
    work.set(1) { "file" }
    var seen: [[String]] = []
    for await texts in work.updates(every: .milliseconds(1), { work.texts }) {
      if seen.last != texts { seen.append(texts) }
      work.finish()
    }
    #expect(seen == [["file"], []])
  }
}
