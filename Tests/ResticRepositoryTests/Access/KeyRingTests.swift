import Cryptography
import ObjectStores
import Testing

@testable import ResticRepository

@Suite("The keys of a repository")
struct KeyRingTests {
  @Test("one that is damaged hides neither the others nor that a password is wrong")
  func damaged() async throws {
    let (fixture, repository) = try await ResticFixture.initialized()
    // One to be tried before the good one, and one after it.
    for digit in ["0", "f"] {
      try await fixture.store.put(ObjectName(.key, String(repeating: digit, count: 64)), Array("{}".utf8))
    }
    #expect(try await fixture.open().keyID == repository.keyID)
    var notices: [String] = []
    let keys = try await KeyRing(fixture.store).list { notices.append($0) }
    #expect(keys.map(\.id) == [repository.keyID])
    #expect(notices.count == 2 && notices.allSatisfy { $0.contains("its hash is not its name") }, "\(notices)")

    let wrong = Password(Array("wrong".utf8))
    let refused = await #expect(throws: RepositoryError.self) {
      _ = try await Repository.open(fixture.store, password: wrong)
    }
    #expect(refused?.kind == .wrongPassword)
    #expect(refused?.message.contains("; besides, the key ffff") == true, "\(String(describing: refused))")
    try await fixture.store.remove(ObjectName(.key, repository.keyID.hex))
    let unreadable = await #expect(throws: RepositoryError.self) { _ = try await fixture.open() }
    #expect(unreadable?.kind == .corrupt)
  }
}
