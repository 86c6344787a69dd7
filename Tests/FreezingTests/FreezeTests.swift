import Foundation
import Freezing
import Glibc
import TestSupport
import Testing

@Suite("Freezing and thawing", .serialized)
struct FreezeTests {
  @Test("writers wait while it is frozen and go on afterwards", arguments: LoopFileSystem.allCases)
  func writersWait(_ kind: LoopFileSystem) async throws {
    try await withGround(kind) { ground in
      let start = ContinuousClock.now
      let state = try await ground.freeze()
      #expect(state.filesystem == kind.rawValue)
      #expect(await ground.freezer.isStillFrozen("test"))
      #expect(try await ground.freezer.held().map(\.guardProcess) == [state.guardProcess])
      let writer = try ground.writer()
      try await Task.sleep(for: .milliseconds(300))
      #expect(!writer.hasEnded)
      let outcome = try await ground.thaw()
      #expect(outcome.endedBy == .worker && outcome.isIntact)
      #expect(outcome.frozenFor > .milliseconds(300) && outcome.frozenFor < ContinuousClock.now - start)
      #expect(try await writer.end() == 0)
      #expect(await !ground.freezer.isStillFrozen("test"))
    }
  }

  @Test("both calls may be repeated")
  func idempotent() async throws {
    try await withGround { ground in
      #expect(try await ground.freezer.thaw("test") == nil)
      let state = try await ground.freeze()
      #expect(try await ground.freeze() == state)
      #expect(await ground.freezer.isStillFrozen("test"))
      let outcome = try await ground.thaw()
      #expect(try await ground.thaw() == outcome)
      // A later attempt under the same token is a new freeze.
      try await ground.freeze()
      #expect(try await ground.thaw().frozenFor != outcome.frozenFor)
    }
  }

  @Test("several that freeze the same under one token at once share one freeze")
  func together() async throws {
    try await withGround { ground in
      let guards = try await withThrowingTaskGroup(of: Int32.self) { group in
        for _ in 0..<4 { group.addTask { try await ground.freeze().guardProcess } }
        return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
      }
      #expect(guards.count == 1)
      #expect(try await ground.thaw().isIntact)
    }
  }

  @Test("ten filesystems at once")
  func ten() async throws {
    let mounts = try await withThrowingTaskGroup(of: String?.self) { group in
      for _ in 0..<10 { group.addTask { try await LoopFileSystem.ext4.mount(megabytes: 16)?.path } }
      return try await group.reduce(into: []) { $0.append($1) }.compactMap { $0 }
    }
    guard mounts.count == 10 else { return }
    let runtime = try scratchDirectory("runtime").path
    let freezer = Freezer(runtimeFolder: runtime, guardCommand: [helper, FreezeGuard.command])
    // On a machine that others use, too, one round may meet their work; a slow freeze is slow in all. On a slow
    // machine all takes longer, also a freeze alone.
    var longest: [Duration] = []
    var isSoon = false
    while longest.count < 5, !isSoon {
      let start = ContinuousClock.now
      _ = try await freezer.freeze(mounts[0], deadline: .seconds(60), token: "alone")
      let alone = ContinuousClock.now - start
      _ = try await freezer.thaw("alone")
      let outcomes = try await freezeAndThaw(mounts, freezer)
      #expect(outcomes.count == 10 && outcomes.allSatisfy(\.isIntact))
      let together = outcomes.map(\.frozenFor).max() ?? .zero
      longest.append(together)
      isSoon = together < max(.milliseconds(250), alone * 20)
    }
    print("ten filesystems: the first was frozen for \(longest.map { "\($0)" }.joined(separator: ", "))")
    for mount in mounts {
      #expect(try await isThawed(mount))
      try await runProgram("umount", [mount])
    }
    #expect(isSoon)
  }

  private func freezeAndThaw(_ mounts: [String], _ freezer: Freezer) async throws -> [ThawOutcome] {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, mount) in mounts.enumerated() {
        group.addTask { _ = try await freezer.freeze(mount, deadline: .seconds(60), token: "ten-\(number)") }
      }
      try await group.waitForAll()
    }
    return try await withThrowingTaskGroup(of: ThawOutcome?.self) { group in
      for number in mounts.indices { group.addTask { try await freezer.thaw("ten-\(number)") } }
      return try await group.reduce(into: []) { $0.append($1) }.compactMap { $0 }
    }
  }
}
