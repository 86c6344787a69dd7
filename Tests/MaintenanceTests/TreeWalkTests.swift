import BlobIndex
import Cryptography
import Foundation
import Maintenance
import ObjectStores
import ResticFormat
import ResticRepository
import Synchronization
import TestSupport
import Testing

@Suite("Walks through trees")
struct TreeWalkTests {
  @Test("each tree is visited once, and no more at once than allowed")
  func once() async throws {
    guard let restic = TestTools.debianRestic.pathOrSkip else { return }
    let sample = try await SampleRepository(restic)
    let roots = sample.snapshots.map(\.snapshot.tree)
    let state = Mutex((visits: [BlobID: Int](), running: 0, most: 0))
    // Visits last until two have met, however slowly trees are read.
    let end = ContinuousClock.now + .seconds(30)
    try await TreeWalk(sample.reader, concurrency: 3).visitEach(from: roots + roots) { id, tree in
      state.withLock { state in
        state.visits[id, default: 0] += 1
        state.running += 1
        state.most = max(state.most, state.running)
      }
      _ = try tree.get()
      repeat {
        try await Task.sleep(for: .milliseconds(2))
      } while state.withLock({ $0.most < 2 }) && .now < end
      state.withLock { $0.running -= 1 }
    }
    let (visits, _, most) = state.withLock { $0 }
    #expect(visits.values.allSatisfy { $0 == 1 })
    #expect(2...3 ~= most)

    // By way of all paths the same trees are met.
    var met = Set(roots)
    for root in roots {
      try await EntryWalk(sample.reader).visitEach(below: root) { entry in
        if let subtree = entry.node.subtree { met.insert(subtree) }
        return .enter
      }
    }
    #expect(met == Set(visits.keys))
  }

  @Test("a tree that is damaged is named, and what can be reached without it is visited all the same")
  func damage() async throws {
    guard let restic = TestTools.debianRestic.pathOrSkip else { return }
    let sample = try await SampleRepository(restic)
    let root = sample.snapshots[0].snapshot.tree
    let other = sample.snapshots[2].snapshot.tree
    let place = try #require(sample.reader.index.location(of: root, .tree))
    let file = sample.place.path + "/data/\(place.pack.hex.prefix(2))/\(place.pack.hex)"
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
    var broken = bytes
    broken[Int(place.offset) + 20] ^= 1
    try FileManager.default.removeItem(atPath: file)
    try Data(broken).write(to: URL(fileURLWithPath: file))

    let seen = Mutex((good: Set<BlobID>(), bad: [BlobID: String]()))
    try await TreeWalk(sample.reader).visitEach(from: [root, other, SHA256Digest(of: [])]) { id, tree in
      seen.withLock { seen in
        switch tree {
        case .success: seen.good.insert(id)
        case .failure(let error): seen.bad[id] = "\(error.kind)"
        }
      }
    }
    let (good, bad) = seen.withLock { $0 }
    #expect(bad == [root: "corrupt", SHA256Digest(of: []): "notFound"])
    #expect(good.contains(other) && good.count > 3)
    await #expect(throws: RepositoryError.self) {
      try await TreeWalk(sample.reader).visitEach(from: [root]) { _, tree in _ = try tree.get() }
    }
    await #expect(throws: RepositoryError.self) {
      try await RepositoryStatistics.count(sample.snapshots, .restoreSize, sample.reader)
    }
  }

  @Test("entries come in restic's order, whatever is read ahead")
  func order() async throws {
    guard let restic = TestTools.debianRestic.pathOrSkip else { return }
    let sample = try await SampleRepository(restic)
    for snapshot in sample.snapshots {
      var found: [String] = []
      try await EntryWalk(sample.reader).visitEach(below: snapshot.snapshot.tree) { entry in
        found.append(entry.displayPath)
        return .enter
      }
      let lines = try await sample.place.resticOutput(restic, ["ls", snapshot.id.hex]).split(separator: "\n")
      #expect(found == lines.filter { $0.hasPrefix("/") }.map(String.init))

      var folders = 0
      try await EntryWalk(sample.reader).visitEach(below: snapshot.snapshot.tree) { entry in
        folders += 1
        return entry.path.count < 2 ? .enter : .skip
      }
      #expect(folders == found.count { $0.count { $0 == "/" } <= 2 })
    }
  }
}
