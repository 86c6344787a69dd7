import Cryptography
import Foundation
import Maintenance
import ObjectStores
import ResticFormat
import ResticRepository
import Synchronization
import TestSupport
import Testing

@Suite("Check", .serialized)
struct CheckTests {
  private let fixture: ResticFixture

  /// Two snapshots with a few folders, small and large files.
  init() async throws {
    fixture = try await ResticFixture()
    for number in 0..<12 { try fixture.write("folder \(number % 3)/file \(number)", seed: UInt64(number), count: 2000) }
    try fixture.write("large", seed: 99, count: 3_000_000)
    try await fixture.restic(["backup", fixture.source.path])
    try fixture.write("folder 1/later", seed: 100, count: 5000)
    try await fixture.restic(["backup", fixture.source.path])
  }

  private func check(_ data: CheckRequest.DataSelection = .all) async throws -> CheckResult {
    try await fixture.repository.check(CheckRequest(data: data))
  }

  /// Opening costs a computation; only these objects matter for it.
  private func openAndCheck(_ object: String?) async throws -> CheckResult {
    guard let object, object == "config" || object.hasPrefix("keys") else { return try await check() }
    return try await fixture.reopened().check(CheckRequest(data: .all))
  }

  @Test("a good repository is clean, and all of it was looked at")
  func good() async throws {
    let result = try await check()
    #expect(result.isClean && result.problems.isEmpty, "\(result.problems)")
    #expect(result.hints.isEmpty, "\(result.hints)")
    #expect(result.snapshots == 2)
    #expect(result.blobs == result.usedBlobs)
    #expect(result.packs == result.packsRead && result.packs >= 4)
    let packed = try fixture.objects("data").map { try fixture.read($0).count }
    #expect(result.bytesRead == packed.reduce(0, +))
    #expect(try await check(.none).packsRead == 0)
  }

  @Test("it tells how far it is, in bytes where bytes take the time")
  func progress() async throws {
    let all = Mutex<[MaintenanceProgress]>([])
    let board = MaintenanceBoard()
    #expect(board.latest == nil)
    let result = try await fixture.repository.check(CheckRequest(data: .all)) { state in
      all.withLock { $0.append(state) }
      board.note(state)
    }
    let packs = all.withLock { $0 }.filter { $0.stage == .packs }
    #expect(packs.first == MaintenanceProgress(.packs, done: 0, of: result.packs, bytes: 0, ofBytes: result.bytesRead))
    #expect(packs.count == result.packs + 1 && packs.allSatisfy { $0.totalBytes == result.bytesRead })
    // Threads may tell in another order than they counted; the board does not go back.
    #expect(board.latest?.bytes == result.bytesRead)
    board.note(MaintenanceProgress(.packs, done: 1, of: result.packs, bytes: 1, ofBytes: result.bytesRead))
    #expect(board.latest?.bytes == result.bytesRead)
    #expect(all.withLock { $0 }.contains { $0.stage == .trees && $0.bytes == nil })
  }

  @Test("an empty repository is clean")
  func empty() async throws {
    let result = try await ResticFixture().repository.check(CheckRequest(data: .all))
    #expect(result.isClean && result.blobs == 0)
  }

  @Test("parts together are the whole; a percentage and a size are parts")
  func subsets() async throws {
    let all = try await check().packsRead
    var sum = 0
    for part in 1...3 { sum += try await check(.part(part, of: 3)).packsRead }
    #expect(sum == all)
    #expect(try await check(.percent(0.1)).packsRead == 1)
    #expect(try await check(.percent(100)).packsRead == all)
    #expect(try await check(.bytes(1)).packsRead == 1)
    #expect(try await check(.bytes(1 << 40)).packsRead == all)
  }

  @Test("every byte that flips in any object is detected, and the object named")
  func flips() async throws {
    var generator = SplitMix64(seed: 5)
    let objects = try fixture.objects().filter { !$0.hasPrefix("locks") }
    #expect(objects.count > 8)
    for object in objects {
      let good = try fixture.read(object)
      // The ends, where lengths and tags lie, and some places between.
      let places = [0, 17, good.count - 1, good.count - 4, good.count - 20]
      for place in places + (0..<3).map({ _ in Int.random(in: 0..<good.count, using: &generator) }) {
        var bad = good
        bad[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        try fixture.replace(object, bad)
        await expectFound(object, "byte \(place) of \(object)")
      }
      try fixture.replace(object, good)
    }
    #expect(try await check().isClean)
  }

  @Test("every object that was cut off or is gone is detected, and named")
  func losses() async throws {
    for object in try fixture.objects() where !object.hasPrefix("locks") {
      let good = try fixture.read(object)
      for count in [0, 33, good.count - 1] {
        try fixture.replace(object, Array(good[..<count]))
        await expectFound(object, "\(object) cut off after \(count) bytes")
      }
      try fixture.remove(object)
      // What is gone without a trace: a snapshot. Everything else is missed.
      if !object.hasPrefix("snapshots") { await expectFound(nil, lost: object, "\(object) removed") }
      try fixture.replace(object, good)
    }
    #expect(try await check().isClean)
  }

  @Test("a pack that is far longer than it should be is named, and not read to its end")
  func blownUp() async throws {
    let pack = try fixture.objects("data")[0]
    let path = fixture.path + "/" + pack
    #expect(chmod(path, 0o600) == 0 && truncate(path, 1 << 42) == 0)
    let result = try await check()
    let name = String(pack.suffix(64))
    #expect(result.problems.contains { $0.contains(name) && $0.contains("by the index it should have") })
    #expect(result.packsRead == result.packs - 1)
  }

  /// Some problem names the object, or opening fails and names it.
  private func expectFound(_ object: String?, lost: String? = nil, _ what: String) async {
    do {
      let result = try await openAndCheck(lost ?? object)
      let name = object.map { String($0.split(separator: "/").last ?? "") }
      #expect(
        result.problems.contains { problem in name.map { problem.contains($0) } ?? true }, "\(what): \(result.problems)"
      )
      #expect(result.problemCount >= 1)
    } catch let error as RepositoryError {
      let isOpening = object.map { $0.hasPrefix("keys") || $0 == "config" } ?? true
      #expect(isOpening, "\(what): \(error)")
    } catch {
      Issue.record("\(what): \(error)")
    }
  }

  @Test("packs without an index, and blobs stored twice, are hints")
  func hints() async throws {
    let index = try fixture.objects("index")
    let repository = fixture.repository
    let last = try await repository.indexFile(try #require(FileID(String(index[0].dropFirst(6)))))
    _ = try await repository.saveSealed(.index, IndexFile.encode(last.packs))
    let hints = try await check().hints
    #expect(hints.contains { $0.contains("several index files") })

    let other = try await ResticFixture()
    let pack = try fixture.read(fixture.objects("data")[0])
    let name = SHA256Digest(of: pack).hex
    try other.replace("data/\(name.prefix(2))/\(name)", pack)
    let result = try await other.repository.check(CheckRequest(data: .all))
    #expect(result.isClean)
    #expect(result.hints.contains { $0.contains("1 packs of \(pack.count) bytes are in no index") })
  }

  @Test("an index that contradicts a pack, or another index, is found")
  func contradictions() async throws {
    let index = try fixture.objects("index")[0]
    let file = try await fixture.repository.indexFile(try #require(FileID(String(index.dropFirst(6)))))
    var packs = file.packs
    // One blob is said to be a little shorter.
    let last = packs[0].blobs.count - 1
    packs[0].blobs[last].length -= 1
    _ = try await fixture.repository.saveSealed(.index, IndexFile.encode(packs))
    #expect(try await check().problems.contains { $0.contains("different things of the pack \(packs[0].id.hex)") })
    try fixture.remove(index)
    let problems = try await check().problems
    #expect(problems.contains { $0.contains(packs[0].id.hex) && $0.contains("by the index it should have") })
    #expect(problems.contains { $0.contains(packs[0].id.hex) && $0.contains("header") })
  }
}

@Suite("Which packs a check reads")
struct DataSelectionTests {
  @Test(
    "selections are read as restic does",
    arguments: [
      ("1/1", .part(1, of: 1)), ("3/10", .part(3, of: 10)), ("2.5%", .percent(2.5)), ("100%", .percent(100)),
      ("50M", .bytes(50 << 20)), ("1g", .bytes(1 << 30)), ("17", .bytes(17)),
      ("0/3", nil), ("4/3", nil), ("1/257", nil), ("0%", nil), ("101%", nil), ("x", nil), ("", nil), ("-5", nil),
      ("9999999999999999T", nil), ("nan%", nil), ("/", nil),
    ] as [(String, CheckRequest.DataSelection?)])
  func selections(text: String, expected: CheckRequest.DataSelection?) {
    #expect(CheckRequest.DataSelection(subset: text) == expected)
  }
}
