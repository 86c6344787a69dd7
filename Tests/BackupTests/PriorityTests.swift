import Backup
import FileSystem
import Foundation
import Glibc
import ResticRepository
import TestSupport
import Testing

@Suite("How much a backup gives way to others")
struct PriorityTests {
  /// The names of this process's threads that are as nice as that.
  private func threads(nice: Int) -> Set<String> {
    let ids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    let names = ids.compactMap { id -> String? in
      guard let bytes = FileManager.default.contents(atPath: "/proc/self/task/\(id)/stat") else { return nil }
      // number (name) state … with the niceness as the 17th field after the name
      let text = String(decoding: bytes, as: UTF8.self)
      guard let start = text.firstIndex(of: "("), let end = text.lastIndex(of: ")") else { return nil }
      let fields = text[end...].split(separator: " ").dropFirst()
      guard fields.count > 16, Int(fields[fields.startIndex + 16]) == nice else { return nil }
      return String(text[text.index(after: start)..<end])
    }
    return Set(names)
  }

  @Test("Threads that read a stream, compress, seal and upload are as nice as was asked for")
  func allThreads() async throws {
    let test = try await TestRepository()
    var ends: [Int32] = [-1, -1]
    let code = pipe(&ends)
    try #require(code == 0)
    // Programs that other tests start must not keep it open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let (reading, writing) = (ends[0], ends[1])
    defer { close(reading) }
    var request = BackupRequest(source: .stream(descriptor: reading, name: "dump"))
    let workers = 3
    request.workers = workers
    request.nice = 13
    request.diskPriority = .idle
    let asked = request
    let attempt = Task { try await test.backUp(asked) }
    // Nothing comes, so it waits with all its threads.
    let pool = Set((1...workers + test.repository.uploads(asked.writing) + 1).map { "blocking-\($0)" })
    do {
      try await eventually("nice threads") { threads(nice: 13).isSuperset(of: pool) }
    } catch {
      close(writing)
      throw error
    }
    let written = write(writing, "hello", 5)
    close(writing)
    #expect(written == 5)
    #expect(try await attempt.value.progress.bytesRead == 5)
  }
}
