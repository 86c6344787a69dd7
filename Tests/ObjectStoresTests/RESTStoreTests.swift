import HTTPTestServer
import ObjectStores
import TestSupport
import Testing

@Suite("restic's REST server as a store")
struct RESTStoreTests {
  @Test("does what every store must")
  func conformance() async throws {
    guard let server = try await RESTServer() else { return }
    defer { withExtendedLifetime(server) {} }
    try await StoreSuite(store: RESTStore(server.location("a/b"), options: .testing(nil))).run()
  }

  @Test("what is about locks waits for nobody")
  func urgent() async throws {
    let server = try HTTPTestServer()
    defer { withExtendedLifetime(server) {} }
    var options = StoreOptions.testing(nil)
    options.connections = 1
    let store = try RESTStore("rest:http://\(server.authority)/restic", options: options)
    let (name, _) = StoreSuite.object(.pack, size: 100, seed: 1)
    let waiting = (0..<4).map { _ in Task { (try await store.size(of: name), ContinuousClock.now) } }
    try await Task.sleep(for: .milliseconds(300))
    #expect(try await store.list(.lock).isEmpty)
    let end = ContinuousClock.now
    var lastEnd = end
    for task in waiting { lastEnd = max(lastEnd, try await task.value.1) }
    #expect(end < lastEnd)
  }

  @Test("user and password come from the location, the options or the environment, and are never shown")
  func login() async throws {
    guard let server = try await RESTServer(login: ("anna", "p@ss:w/rd")) else { return }
    defer { withExtendedLifetime(server) {} }
    let (name, bytes) = StoreSuite.object(.pack, size: 100, seed: 1)
    var given = StoreOptions.testing(nil)
    given.restLogin = ("anna", "p@ss:w/rd")
    let named = StoreOptions.testing(
      nil, environment: ["RESTIC_REST_USERNAME": "anna", "RESTIC_REST_PASSWORD": "p@ss:w/rd"])
    let ways: [(String, StoreOptions)] = [
      (server.location("x", user: "anna:p%40ss%3Aw%2Frd"), .testing(nil)), (server.location("x"), given),
      (server.location("x"), named),
    ]
    for (location, options) in ways {
      let store = try RESTStore(location, options: options)
      #expect(store.location == server.location("x"))
      try await store.prepare()
      try await store.put(name, bytes)
      #expect(try await store.get(name) == bytes)
    }
    for location in [
      server.location("x"), server.location("x", user: "anna:secret"), server.location("x", user: "a:sec/ret"),
    ] {
      do throws(StoreError) {
        let store = try RESTStore(location, options: .testing(nil))
        _ = try await store.list(.pack)
        Issue.record("nothing was thrown")
      } catch {
        #expect(error.kind == .denied)
        #expect(!error.description.contains("sec"), "\(error)")
      }
    }
  }

  @Test("what an append-only server refuses to remove is denied")
  func appendOnly() async throws {
    guard let server = try await RESTServer(appendOnly: true) else { return }
    defer { withExtendedLifetime(server) {} }
    let store = try RESTStore(server.location(), options: .testing(nil))
    try await store.prepare()
    let (name, bytes) = StoreSuite.object(.snapshot, size: 100, seed: 1)
    try await store.put(name, bytes)
    await expect(.denied) { () async throws(StoreError) in try await store.remove(name) }
    let lock = StoreSuite.object(.lock, size: 100, seed: 2)
    try await store.put(lock.name, lock.bytes)
    try await store.remove(lock.name)
  }

  @Test("something else than a REST server is told in words")
  func otherServer() async throws {
    let server = try HTTPTestServer()
    defer { withExtendedLifetime(server) {} }
    let store = try RESTStore("rest:http://\(server.authority)/", options: .testing(nil))
    await expect(.notFound) { () async throws(StoreError) in try await store.prepare() }
    await expect(.notFound) { () async throws(StoreError) in _ = try await store.get(.config) }
  }
}
