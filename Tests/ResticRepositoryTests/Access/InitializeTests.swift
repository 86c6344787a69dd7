import Cryptography
import Foundation
import ObjectStores
import StoreTestSupport
import TestSupport
import Testing

@testable import ResticRepository

@Suite("Making a repository")
struct InitializeTests {
  private let password = Password(Array(ResticFixture.password.utf8))

  private func expectExists(_ body: () async throws -> Void) async {
    let error = await #expect(throws: RepositoryError.self) { try await body() }
    #expect(error?.kind == .exists, "\(String(describing: error))")
  }

  @Test("of two that make one at the same time, the one who comes too late leaves no key, even if it is cancelled")
  func race() async throws {
    for isCancelled in [false, true] {
      let (fixture, password) = (try ResticFixture(), password)
      // Neither has seen the other's key.
      let late = HookedStore(base: fixture.store, cancelsRefused: isCancelled) { name in
        guard name.kind == .key else { return }
        _ = try? await Repository.initialize(fixture.store, password: password)
      }
      let task = Task { _ = try await Repository.initialize(late, password: password) }
      await expectExists { try await task.value }
      #expect(try await fixture.store.list(.key).count == 1)
      _ = try await fixture.open()
    }
  }

  @Test("the key of one who came too late stays if the config is sealed with it")
  func takenUp() async throws {
    let (fixture, password) = (try ResticFixture(), password)
    // The other one finds our key, and takes it for that of a process that died.
    let late = HookedStore(base: fixture.store) { name in
      guard name.kind == .config else { return }
      _ = try? await Repository.initialize(fixture.store, password: password)
    }
    await expectExists { _ = try await Repository.initialize(late, password: password) }
    #expect(try await fixture.store.list(.key).count == 1)
    _ = try await fixture.open()
    try await fixture.restic(["check"])
  }

  @Test("the only key stays if the config that came first opens with none: it may be one that is just being written")
  func unreadable() async throws {
    let (fixture, password) = (try ResticFixture(), password)
    // Whoever writes it may have taken our key up.
    let late = HookedStore(base: fixture.store) { name in
      guard name.kind == .config else { return }
      try? await fixture.store.put(.config, Array("half".utf8))
    }
    await expectExists { _ = try await Repository.initialize(late, password: password) }
    #expect(try await fixture.store.list(.key).count == 1)
  }

  @Test("a key that doesn't open the config is passed over, also if it is the one to try first")
  func foreignKey() async throws {
    let (fixture, repository) = try await ResticFixture.initialized()
    let foreign = try await KeyRing(fixture.store).add(.random(), password)
    let opened = try await Repository.open(fixture.store, password: password, keyHint: foreign.hex)
    #expect(opened.keyID == repository.keyID && opened.id == repository.id)
    _ = try await opened.changePassword(password)
    _ = try await Repository.open(fixture.store, password: password, keyHint: foreign.hex)
    // With no other key it is the config that doesn't fit.
    for id in try await repository.list(.key) where id != foreign { try await repository.remove(.key, id) }
    let error = await #expect(throws: RepositoryError.self) { _ = try await fixture.open() }
    #expect(error?.kind == .corrupt)
  }

  @Test("one that died after it stored the key is gone on with, by the same password and without snapshots")
  func afterCrash() async throws {
    let (fixture, repository) = try await ResticFixture.initialized()
    let snapshot = try await repository.saveSealed(.snapshot, Array("{}".utf8))
    try await fixture.store.remove(.config)
    await expectExists { _ = try await Repository.initialize(fixture.store, password: password) }
    try await fixture.store.remove(ObjectName(.snapshot, snapshot.hex))
    await expectExists { _ = try await Repository.initialize(fixture.store, password: Password(Array("other".utf8))) }
    let made = try await Repository.initialize(fixture.store, password: password)
    #expect(made.keyID == repository.keyID && made.id != repository.id)
    #expect(try await fixture.store.list(.key).count == 1)
    #expect(try await fixture.open().id == made.id)
    try await fixture.restic(["check"])
    await expectExists { _ = try await Repository.initialize(fixture.store, password: password) }
  }
}

/// Does something before an object is written, and can cancel a task whose object is refused.
private struct HookedStore: ForwardingStore {
  let base: any ObjectStore
  var cancelsRefused = false
  let beforePut: @Sendable (ObjectName) async -> Void

  func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError) {
    await beforePut(name)
    do { try await base.put(name, contents, overwrite: overwrite) } catch {
      if cancelsRefused { withUnsafeCurrentTask { $0?.cancel() } }
      throw error
    }
  }
}
