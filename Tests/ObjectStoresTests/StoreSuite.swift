import Cryptography
import ObjectStores
import Testing

/// What every store must do; `StoreTests` runs it against each.
struct StoreSuite {
  let store: any ObjectStore

  func run() async throws {
    try await store.prepare()
    try await writing()
    try await ranges()
    try await listing()
    try await removing()
    try await overwriting()
    if store.keepsJournals { for kind in [ObjectKind.journal, .point] { try await ownObjects(kind) } }
    try await sizes()
    try await manyAtOnce()
    try await badNames()
  }

  /// Bytes that differ for each seed, and the name of an object that holds them.
  static func object(_ kind: ObjectKind, size: Int, seed: UInt64) -> (
    name: ObjectName, bytes: [UInt8]
  ) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      for index in 0..<size {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        buffer[index] = UInt8(truncatingIfNeeded: state)
      }
      count = size
    }
    return (ObjectName(kind, SHA256Digest(of: bytes).hex), bytes)
  }

  private func kind(of error: StoreError?) -> StoreError.Kind? { error?.kind }

  private func writing() async throws {
    for kind in [ObjectKind.key, .lock, .snapshot, .index, .pack] {
      let (name, bytes) = Self.object(kind, size: 1000, seed: 1)
      try await store.put(name, bytes)
      #expect(try await store.get(name) == bytes, "\(kind)")
      #expect(try await store.size(of: name) == 1000, "\(kind)")
    }
    let missing = ObjectName(.pack, String(repeating: "ab", count: 32))
    await expect(.notFound) { () async throws(StoreError) in _ = try await store.get(missing) }
    await expect(.notFound) { () async throws(StoreError) in
      _ = try await store.get(missing, range: 0..<1)
    }
    await expect(.notFound) { () async throws(StoreError) in _ = try await store.size(of: missing) }
  }

  private func ranges() async throws {
    let (name, bytes) = Self.object(.pack, size: 5000, seed: 2)
    try await store.put(name, bytes)
    for range in [0..<1, 0..<5000, 4999..<5000, 17..<4000, 5000..<5000, 0..<0, 7..<7] {
      #expect(try await store.get(name, range: range) == Array(bytes[range]), "\(range)")
    }
    for range in [0..<5001, 4999..<5001, 5000..<5001, 9000..<9001] {
      await expect(.truncated, "\(range)") { () async throws(StoreError) in
        _ = try await store.get(name, range: range)
      }
    }
  }

  private func listing() async throws {
    for kind in ObjectKind.allCases where ![.config, .journal, .point].contains(kind) {
      for entry in try await store.list(kind) {
        try await store.remove(ObjectName(kind, entry.name))
      }
      #expect(try await store.list(kind) == [], "\(kind)")
      var expected: Set<ObjectListing> = []
      for seed in 0..<(kind == .pack ? 20 : 3) as Range<UInt64> {
        let (name, bytes) = Self.object(kind, size: 10 + Int(seed), seed: 100 + seed)
        try await store.put(name, bytes)
        expected.insert(ObjectListing(name: name.name, size: bytes.count))
      }
      let listed = try await store.list(kind)
      #expect(Set(listed) == expected, "\(kind)")
      #expect(listed.count == expected.count, "\(kind)")
    }
  }

  private func removing() async throws {
    let (name, bytes) = Self.object(.lock, size: 10, seed: 3)
    try await store.put(name, bytes)
    try await store.remove(name)
    await expect(.notFound) { () async throws(StoreError) in _ = try await store.get(name) }
    #expect(try await store.list(.lock).contains { $0.name == name.name } == false)
    try await store.remove(name)
    try await store.remove(ObjectName(.pack, String(repeating: "cd", count: 32)))
  }

  private func overwriting() async throws {
    #expect(try await store.list(.config) == [])
    await expect(.notFound) { () async throws(StoreError) in _ = try await store.get(.config) }
    try await store.put(.config, [1, 2, 3], overwrite: false)
    #expect(try await store.list(.config) == [ObjectListing(name: "config", size: 3)])
    await expect(.exists) { () async throws(StoreError) in
      try await store.put(.config, [4], overwrite: false)
    }
    #expect(try await store.get(.config) == [1, 2, 3])

    // The same bytes again are no reason to fail: two writers may have made the same object.
    let (name, bytes) = Self.object(.pack, size: 100, seed: 4)
    try await store.put(name, bytes)
    try await store.put(name, bytes)
    #expect(try await store.get(name) == bytes)
  }

  private func ownObjects(_ kind: ObjectKind) async throws {
    let name = ObjectName(kind, "run-1.node_2")
    #expect(try await store.list(kind) == [])
    try await store.put(name, [1], overwrite: true)
    try await store.put(name, [2, 3], overwrite: true)
    #expect(try await store.get(name) == [2, 3])
    #expect(try await store.list(kind) == [ObjectListing(name: name.name, size: 2)])
    try await store.remove(name)
    #expect(try await store.list(kind) == [])
  }

  private func sizes() async throws {
    for (size, seed) in [(0, 5), (1, 6), (65_536, 7), (9 << 20, 8)] as [(Int, UInt64)] {
      let (name, bytes) = Self.object(.pack, size: size, seed: seed)
      try await store.put(name, bytes)
      #expect(try await store.get(name) == bytes, "\(size)")
      #expect(try await store.size(of: name) == size)
    }
  }

  private func manyAtOnce() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in 0..<40 as Range<UInt64> {
        group.addTask {
          let (name, bytes) = Self.object(.pack, size: 20_000, seed: 1000 + seed)
          try await store.put(name, bytes)
          #expect(try await store.get(name) == bytes)
          #expect(try await store.get(name, range: 100..<200) == Array(bytes[100..<200]))
        }
      }
      try await group.waitForAll()
    }
  }

  private func badNames() async throws {
    let hex = String(repeating: "0", count: 61)
    let bad = [
      ObjectName(.pack, "../../../etc/passwd"), ObjectName(.pack, hex + "../"),
      ObjectName(.key, hex + "ABC"),
      ObjectName(.journal, "../x"), ObjectName(.journal, ".x"), ObjectName(.journal, ""),
      ObjectName(.journal, "a/b"),
      ObjectName(.config, "other"), ObjectName(.journal, "a-tmp-b"),
    ]
    for name in bad {
      await expect(.failed, name.name) { () async throws(StoreError) in
        _ = try await store.get(name)
      }
      await expect(.failed, name.name) { () async throws(StoreError) in
        _ = try await store.size(of: name)
      }
      await expect(.failed, name.name) { () async throws(StoreError) in try await store.remove(name)
      }
      await expect(.failed, name.name) { () async throws(StoreError) in
        try await store.put(name, [1])
      }
    }
  }
}

/// Expects `body` to fail with an error of this kind.
func expect(
  _ kind: StoreError.Kind, _ comment: String = "",
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws(StoreError) -> Void
) async {
  do throws(StoreError) {
    try await body()
    Issue.record("nothing was thrown, not \(kind) \(comment)", sourceLocation: sourceLocation)
  } catch {
    #expect(error.kind == kind, "\(error) \(comment)", sourceLocation: sourceLocation)
  }
}
