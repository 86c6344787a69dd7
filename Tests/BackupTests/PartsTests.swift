import Backup
import Cryptography
import Foundation
import ObjectStores
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("One volume exported in parts by several writers")
struct PartsTests {
  @Test("The parts share the work, and the step that joins them reads nothing again", arguments: [false, true])
  func joins(image: Bool) async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell(ResumeTests.source, in: place)
    var request = BackupRequest(
      source: image ? .image(path: place.path + "/a/large") : .files([place.path + "/a"]))
    request.writing.packSize = 4 << 20
    let fixed = request
    let total = image ? 150_000_000 : 210_000_000

    let parts = BackupPart.all(3)
    let read = try await withThrowingTaskGroup(of: Int.self) { group in
      for part in parts {
        group.addTask {
          // As another process would: with nothing shared but the repository.
          let repository = try await Repository.open(
            DirectoryStore(test.folder.path), password: Password(Array(TestRepository.password.utf8)))
          let progress = BackupProgress()
          let problems = try await repository.withLock(exclusive: false) { lock in
            try await exportPart(part, of: fixed, to: repository, lock: lock, cache: .none, progress: progress)
          }
          #expect(problems.isEmpty)
          return progress.state.bytesRead
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(read.reduce(0, +) == total, "each byte is read by one of them: \(read)")
    #expect(read.allSatisfy { $0 > total / 8 }, "\(read)")
    #expect(try await test.repository.snapshots().isEmpty)
    try await test.judge()

    let result = try await test.backUp(request)
    #expect(result.progress.bytesRead == 0)
    #expect(result.progress.bytes == total)
    #expect(try await test.repository.store.list(.journal).isEmpty)
    try await test.judge()
    let target = try scratchDirectory("restored")
    try await test.restic("restore", result.snapshot.id.hex, "--target", target.path)
    let name = image ? "a/large" : "a"
    try await shell("diff -r \(name) \(target.path)\(place.path)/\(name)", in: place)
  }

  @Test("A part that never came is done by the step that joins them; one that comes twice changes nothing")
  func missing() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell("head -c 100000000 /dev/urandom > image; sleep 2.5", in: place)
    let request = BackupRequest(source: .image(path: place.path + "/image"))
    for part in [BackupPart.all(2)[0], BackupPart.all(2)[0]] {
      let problems = try await test.repository.withLock(exclusive: false) { lock in
        try await exportPart(part, of: request, to: test.repository, lock: lock, cache: .none)
      }
      #expect(problems.isEmpty)
    }
    let result = try await test.backUp(request)
    #expect((30_000_000...70_000_000).contains(result.progress.bytesRead))
    try await test.judge()
  }
}
