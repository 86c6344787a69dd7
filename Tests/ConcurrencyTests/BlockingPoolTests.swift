import Concurrency
import Glibc
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct BlockingPoolTests {
  @Test("returns what the body returns, and throws what it throws")
  func results() async throws {
    let pool = BlockingPool(size: 2)
    #expect(try await pool.run { 42 } == 42)
    await #expect(throws: WaitError.timedOut) { try await pool.run { throw WaitError.timedOut } }
  }

  @Test("runs no more than its size at once, and everything in the end")
  func bound() async throws {
    let pool = BlockingPool(size: 3)
    let gauge = Gauge()
    try await withThrowingTaskGroup { group in
      for _ in 0..<30 {
        group.addTask {
          try await pool.run {
            gauge.enter()
            // Until as many as may be are inside, however late their threads come.
            for _ in 0..<1000 where gauge.most < 3 { usleep(10_000) }
            usleep(5_000)
            gauge.leave()
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(gauge.most == 3)
    #expect(gauge.entered == 30)
  }

  @Test("blocking work leaves Swift's own threads free")
  func cooperativeThreadsStayFree() async throws {
    let pool = BlockingPool(size: 8)
    let sleeper = Gauge()
    let allSawIt = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask(executorPreference: pool) {
          // Blocks until the sleep below is over, which needs one of Swift's own threads.
          for _ in 0..<2000 where sleeper.entered == 0 { usleep(10_000) }
          return sleeper.entered > 0
        }
      }
      try? await Task.sleep(for: .milliseconds(10))
      sleeper.enter()
      return await group.reduce(true) { $0 && $1 }
    }
    #expect(allSawIt)
  }

  @Test("nothing in a long queue is lost")
  func longQueue() async throws {
    let pool = BlockingPool(size: 2)
    let gauge = Gauge()
    await withDiscardingTaskGroup { group in
      for _ in 0..<5000 {
        group.addTask {
          try? await pool.run {
            gauge.enter()
            gauge.leave()
          }
        }
      }
    }
    #expect(gauge.entered == 5000)
  }

  @Test("its threads end with the pool")
  func threadsEnd() async throws {
    func threads(named name: String) throws -> Int {
      var count = 0
      guard let folder = opendir("/proc/self/task") else { return 0 }
      defer { closedir(folder) }
      while let entry = readdir(folder) {
        let id = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard let file = fopen("/proc/self/task/\(id)/comm", "r") else { continue }
        defer { fclose(file) }
        var line = [UInt8](repeating: 0, count: 32)
        let length = fread(&line, 1, 32, file)
        if String(decoding: line[..<length], as: UTF8.self).hasPrefix(name) { count += 1 }
      }
      return count
    }
    try await { try await BlockingPool(size: 42).run {} }()
    for _ in 0..<3000 {
      if try threads(named: "blocking-42") == 0 { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("the threads of a released pool are still there")
  }
}

/// Counts who is inside.
private final class Gauge: Sendable {
  private let counts = Mutex((now: 0, most: 0, entered: 0))
  var most: Int { counts.withLock { $0.most } }
  var entered: Int { counts.withLock { $0.entered } }

  func enter() {
    counts.withLock {
      $0.now += 1
      $0.entered += 1
      $0.most = max($0.most, $0.now)
    }
  }

  func leave() { counts.withLock { $0.now -= 1 } }
}
