import Foundation
import HTTPClient
import Synchronization
import TestSupport
import Testing

@testable import ObjectStores

/// What networks and servers do to us, by a proxy between the store and a real server.
@Suite("stores under faults", .serialized)
struct FaultTests {
  private func options(_ server: S3Server) -> StoreOptions {
    var options = StoreOptions.testing(server.writer)
    options.firstRetryDelay = .milliseconds(20)
    // Only what stands still is to be cut, not a server that is slow: each request that is made again would count.
    options.stallLimit = .seconds(30)
    return options
  }

  private static let mixed: [FaultProxy.Fault] = [
    .pass, .internalError, .pass, .unavailable, .resetBefore, .pass, .truncate, .resetAfter, .resetUpload, .pass, .pass,
    .resetInBody, .pass,
  ]

  @Test("S3 does what every store must while a third of the requests fail")
  func s3Conformance() async throws {
    guard let server = try await sharedS3Server() else { return }
    let proxy = try FaultProxy(to: server.port)
    defer { withExtendedLifetime(proxy) {} }
    try proxy.inject(Self.mixed)
    let store = try S3Store(server.location(prefix: "faults", port: proxy.port), options: options(server))
    try await StoreSuite(store: store).run()
    let counts = try proxy.counts()
    #expect(counts.faults > 100)
  }

  @Test("the REST server does what every store must while a third of the requests fail")
  func restConformance() async throws {
    guard let server = try await RESTServer() else { return }
    defer { withExtendedLifetime(server) {} }
    let proxy = try FaultProxy(to: server.port)
    defer { withExtendedLifetime(proxy) {} }
    try proxy.inject(Self.mixed)
    var options = StoreOptions.testing(nil)
    options.firstRetryDelay = .milliseconds(20)
    try await StoreSuite(store: RESTStore(server.location("faults", port: proxy.port), options: options)).run()
    #expect(try proxy.counts().faults > 100)
  }

  @Test("what the REST server has taken is not sent again, even if nothing comes through any more")
  func restLostAnswer() async throws {
    guard let server = try await RESTServer() else { return }
    defer { withExtendedLifetime(server) {} }
    let proxy = try FaultProxy(to: server.port)
    defer { withExtendedLifetime(proxy) {} }
    var options = StoreOptions.testing(nil)
    options.firstRetryDelay = .milliseconds(20)
    options.retryLimit = .seconds(30)
    let store = try RESTStore(server.location("lost", port: proxy.port), options: options)
    try await store.prepare()
    try proxy.inject([.resetAfter, .resetUpload], methods: ["POST"])
    let (name, bytes) = StoreSuite.object(.pack, size: 2 << 20, seed: 9)
    try await store.put(name, bytes)
    #expect(try await store.get(name) == bytes)
  }

  @Test("a 404 for a listing is no empty folder unless the config is there and it comes again")
  func restAbsentListing() async throws {
    guard let server = try await RESTServer() else { return }
    defer { withExtendedLifetime(server) {} }
    let proxy = try FaultProxy(to: server.port)
    defer { withExtendedLifetime(proxy) {} }
    var options = StoreOptions.testing(nil)
    options.firstRetryDelay = .milliseconds(20)
    options.retryLimit = .seconds(60)
    let location = server.location("absent", port: proxy.port)
    let store = try RESTStore(location, options: options)
    try await store.prepare()
    let (name, bytes) = StoreSuite.object(.snapshot, size: 100, seed: 9)
    try await store.put(name, bytes)
    let expected = [ObjectListing(name: name.name, size: 100)]
    // There is no repository before there is a config, so nothing is lost if nothing is seen.
    try proxy.inject([.notFound])
    #expect(try await store.list(.snapshot) == [])
    try proxy.inject([])
    try await store.put(.config, [1, 2, 3])
    // All, for a moment; the listing alone; the listing, after an answer that says nothing.
    let hiccups: [[FaultProxy.Fault]] = [
      [.notFound, .notFound, .notFound, .notFound, .pass], [.notFound, .pass, .pass],
      [.notFound, .internalError, .pass],
    ]
    for faults in hiccups {
      try proxy.inject(faults)
      #expect(try await store.list(.snapshot) == expected, "\(faults)")
      #expect(try proxy.counts().faults > 0)
    }
    // For long, to one that has seen the config and isn't as patient.
    options.retryLimit = .seconds(2)
    let hasty = try RESTStore(location, options: options)
    try proxy.inject([])
    #expect(try await hasty.get(.config) == [1, 2, 3])
    try proxy.inject([.notFound])
    await expect(.unreachable) { () async throws(StoreError) in _ = try await hasty.list(.snapshot) }
    // A folder that really isn't there, for who has only looked whether there is a config.
    try proxy.inject([.notFound], methods: ["GET"])
    options.retryLimit = .seconds(60)
    let other = try RESTStore(location, options: options)
    #expect(try await other.list(.snapshot) == [])
    #expect(try proxy.counts().faults == 2)
  }

  @Test("a 404 to a removal says that the object is gone only if the server itself says so")
  func absentRemoval() async throws {
    if let (store, proxy, name, bytes) = try await fixture("removal", change: { $0.retryLimit = .seconds(1) }) {
      try proxy.inject([.notFound, .pass], methods: ["DELETE"])
      try await store.remove(name)
      #expect(try await store.list(.pack).isEmpty)
      try await store.put(name, bytes)
      try proxy.inject([.notFound], methods: ["DELETE"])
      await expect(.unreachable) { () async throws(StoreError) in try await store.remove(name) }
      #expect(try await store.list(.pack).count == 1)
    }
    guard let server = try await RESTServer() else { return }
    defer { withExtendedLifetime(server) {} }
    let proxy = try FaultProxy(to: server.port)
    defer { withExtendedLifetime(proxy) {} }
    var options = StoreOptions.testing(nil)
    options.firstRetryDelay = .milliseconds(20)
    options.retryLimit = .seconds(1)
    let store = try RESTStore(server.location("removal", port: proxy.port), options: options)
    try await store.prepare()
    try await store.put(.config, [1, 2, 3])
    let (name, bytes) = StoreSuite.object(.index, size: 100, seed: 9)
    // All, for a moment; the removal alone.
    for faults in [[FaultProxy.Fault.notFound, .notFound, .pass], [.notFound, .pass, .pass]] {
      try await store.put(name, bytes)
      try proxy.inject(faults)
      try await store.remove(name)
      try proxy.inject([])
      #expect(try await store.list(.index).isEmpty, "\(faults)")
    }
    try await store.put(name, bytes)
    try proxy.inject([.notFound])
    await expect(.unreachable) { () async throws(StoreError) in try await store.remove(name) }
    try proxy.inject([])
    #expect(try await store.list(.index).count == 1)
    // What is gone is gone.
    try await store.remove(name)
    try await store.remove(name)
  }

  /// A store with one object behind a proxy that works so far.
  private func fixture(
    _ prefix: String, change: (inout StoreOptions) -> Void = { _ in }
  ) async throws -> (store: S3Store, proxy: FaultProxy, name: ObjectName, bytes: [UInt8])? {
    guard let server = try await sharedS3Server() else { return nil }
    let proxy = try FaultProxy(to: server.port)
    var options = options(server)
    change(&options)
    let store = try S3Store(server.location(prefix: prefix, port: proxy.port), options: options)
    let (name, bytes) = StoreSuite.object(.pack, size: 2 << 20, seed: 77)
    try await store.put(name, bytes)
    return (store, proxy, name, bytes)
  }

  @Test("a connection that stands still is cut and the request made again")
  func stalls() async throws {
    guard let (store, proxy, name, bytes) = try await fixture("stalls", change: { $0.stallLimit = .seconds(2) }) else {
      return
    }
    defer { withExtendedLifetime(proxy) {} }
    let clock = ContinuousClock()
    // A slow answer may be cut, too, but only one that stands still has to be.
    let passes = [FaultProxy.Fault](repeating: .pass, count: 30)
    for fault in [FaultProxy.Fault.stall, .stallBefore] {
      try proxy.inject([fault] + passes)
      let begin = clock.now
      #expect(try await store.get(name) == bytes)
      let time = clock.now - begin
      // Long before the usual limit of a minute.
      #expect(time < .seconds(45) && time > .milliseconds(1900), "\(fault) \(time)")
      #expect(try proxy.counts().faults == 1)
    }
    try proxy.inject([.stallBefore] + passes)
    try await store.put(name, bytes)
    let counts = try proxy.counts()
    #expect(counts.requests >= 2 && counts.faults == 1)
  }

  @Test("with the usual limits a connection may stand still for a minute, and no longer", .timeLimit(.minutes(5)))
  func usualStall() async throws {
    let usual = StoreOptions().stallLimit
    guard let (store, proxy, name, bytes) = try await fixture("minute", change: { $0.stallLimit = usual }) else {
      return
    }
    defer { withExtendedLifetime(proxy) {} }
    try proxy.inject([.stall, .pass])
    let begin = ContinuousClock.now
    #expect(try await store.get(name) == bytes)
    let time = ContinuousClock.now - begin
    #expect(time > .seconds(55) && time < .seconds(120), "\(time)")
    #expect(try proxy.counts().faults == 1)
  }

  @Test("what the server asks to wait is waited", arguments: [FaultProxy.Fault.slowDown, .tooMany])
  func retryAfter(_ fault: FaultProxy.Fault) async throws {
    guard let (store, proxy, name, bytes) = try await fixture("wait") else { return }
    defer { withExtendedLifetime(proxy) {} }
    try proxy.inject([fault, .pass])
    let begin = ContinuousClock.now
    #expect(try await store.get(name) == bytes)
    let time = ContinuousClock.now - begin
    #expect(time >= .seconds(1) && time < .seconds(60))
  }

  @Test("what fails for too long is given up, with the cause in words; each new attempt is reported")
  func givingUp() async throws {
    let reports = Mutex<[String]>([])
    guard
      let (store, proxy, name, _) = try await fixture(
        "limit",
        change: {
          $0.retryLimit = .seconds(8)
          $0.report = { line in reports.withLock { $0.append(line) } }
        })
    else { return }
    defer { withExtendedLifetime(proxy) {} }
    try proxy.inject([.internalError])
    do throws(StoreError) {
      _ = try await store.get(name)
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.kind == .unreachable)
      #expect(error.description.contains("500 InternalError; gave up after"), "\(error)")
    }
    #expect(reports.withLock(\.count) > 2)
    #expect(reports.withLock { $0.allSatisfy { $0.hasSuffix("the server answered 500 InternalError; trying again") } })
  }

  @Test("a lost answer is no reason to call our own config another's")
  func lostAnswer() async throws {
    guard let (store, proxy, _, _) = try await fixture("lost") else { return }
    defer { withExtendedLifetime(proxy) {} }
    try proxy.inject([.resetAfter, .pass, .pass], methods: ["PUT"])
    try await store.put(.config, [1, 2, 3], overwrite: false)
    #expect(try proxy.counts().faults == 1)
    await expect(.exists) { () async throws(StoreError) in
      try await store.put(.config, [4], overwrite: false)
    }
    #expect(try await store.get(.config) == [1, 2, 3])
  }

  @Test("two that make a config at once, neither seeing the other's, do not both succeed")
  func conditionalWrite() async throws {
    guard let (store, proxy, _, _) = try await fixture("condition") else { return }
    defer { withExtendedLifetime(proxy) {} }
    try await store.put(.config, [1, 2, 3], overwrite: true)
    try proxy.inject([.notFound], methods: ["HEAD"])
    await expect(.exists) { () async throws(StoreError) in
      try await store.put(.config, [4], overwrite: false)
    }
    #expect(try await store.get(.config) == [1, 2, 3])
  }

  @Test("bytes that changed on the way are asked for again; an object that stays wrong is called damaged")
  func corruption() async throws {
    guard let (store, proxy, name, bytes) = try await fixture("corrupt") else { return }
    defer { withExtendedLifetime(proxy) {} }
    try proxy.inject([.corrupt, .corrupt, .pass])
    #expect(try await store.get(name) == bytes)
    try proxy.inject([.corrupt])
    await expect(.corrupt) { () async throws(StoreError) in _ = try await store.get(name) }
  }

  @Test("bytes that are not what their name says are refused by the server")
  func wrongName() async throws {
    guard let (store, proxy, name, bytes) = try await fixture("wrong") else { return }
    defer { withExtendedLifetime(proxy) {} }
    await expect(.corrupt) { () async throws(StoreError) in try await store.put(name, bytes + [0]) }
    #expect(try await store.get(name) == bytes)
  }

  @Test("a wrong clock, an expired token, a wrong region and a login page are told in words")
  func words() async throws {
    guard let (store, proxy, name, bytes) = try await fixture("words", change: { $0.s3.region = "us-east-1" }) else {
      return
    }
    let cases: [(FaultProxy.Fault, StoreError.Kind, String)] = [
      (.clockSkew, .denied, "clock is wrong"), (.expiredToken, .denied, "have expired"),
      (.wrongRegion, .badLocation, "the bucket is in eu-north-1"), (.loginPage, .failed, "listing cannot be read"),
    ]
    for (fault, kind, words) in cases {
      try proxy.inject([fault])
      do throws(StoreError) {
        _ = try await store.list(.pack)
        Issue.record("nothing was thrown for \(fault)")
      } catch {
        #expect(error.kind == kind)
        #expect(error.description.contains(words), "\(error)")
      }
    }
    // A request that was long on its way is signed anew.
    try proxy.inject([.clockSkew, .clockSkew, .pass])
    #expect(try await store.get(name) == bytes)
    // Without a region of our own we take the one that the server names.
    guard let (adapting, other, _, _) = try await fixture("words") else { return }
    defer { withExtendedLifetime(other) {} }
    try other.inject([.wrongRegion, .pass, .pass, .pass, .pass, .pass])
    #expect(try await adapting.get(name) == bytes)
    // Nor does that of the surroundings count: it is where we are, and the bucket may be elsewhere.
    let surrounded = { @Sendable (name: String) -> String? in name == "AWS_REGION" ? "us-east-1" : nil }
    guard let (moving, third, _, _) = try await fixture("words", change: { $0.environment = surrounded }) else {
      return
    }
    defer { withExtendedLifetime(third) {} }
    try third.inject([.wrongRegion, .pass, .pass, .pass, .pass, .pass])
    #expect(try await moving.get(name) == bytes)
  }

  @Test("a 404 for an object is believed only in S3's words, or if it comes again and again")
  func absentObject() async throws {
    guard let (store, proxy, name, bytes) = try await fixture("absent") else { return }
    defer { withExtendedLifetime(proxy) {} }
    try proxy.inject([.notFound, .notFound, .pass], methods: ["GET"])
    #expect(try await store.get(name) == bytes)
    try proxy.inject([.notFound, .pass], methods: ["GET"])
    #expect(try await store.get(name, range: 10..<20) == Array(bytes[10..<20]))
    try proxy.inject([.notFound], methods: ["GET"])
    await expect(.notFound) { () async throws(StoreError) in _ = try await store.get(name) }
  }

  @Test("a server that doesn't know checksums in headers is asked without, once for all", arguments: [false, true])
  func unknownChecksum(locksObjects: Bool) async throws {
    guard let server = try await S3Server(locksObjects: locksObjects, refusesChecksums: true) else { return }
    let proxy = try FaultProxy(to: server.port)
    defer { withExtendedLifetime((server, proxy)) {} }
    var options = StoreOptions.testing(server.writer)
    options.firstRetryDelay = .milliseconds(20)
    if locksObjects { options.s3.retention = .init(mode: .governance, duration: .seconds(60)) }
    let store = try S3Store(server.location(prefix: "plain", port: proxy.port), options: options)
    for seed in 1...3 as ClosedRange<UInt64> {
      let (name, bytes) = StoreSuite.object(.pack, size: 1000, seed: seed)
      try await store.put(name, bytes)
      #expect(try await store.get(name) == bytes)
    }
    // Each is looked for, and written, and read; the first is written twice.
    #expect(try proxy.counts().requests <= 3 * 3 + 2)
  }

  @Test("no more connections than allowed, and they are used again")
  func connections() async throws {
    guard let (store, proxy, name, bytes) = try await fixture("parallel", change: { $0.connections = 3 }) else {
      return
    }
    try proxy.limit(bytesPerSecond: nil, latency: 0.02)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<24 {
        group.addTask {
          let part = try await store.get(name, range: 1000..<3000)
          #expect(part == Array(bytes[1000..<3000]))
        }
      }
      try await group.waitForAll()
    }
    let counts = try proxy.counts()
    #expect(counts.requests == 24)
    #expect(counts.mostOpen <= 3 && counts.mostOpen > 1)
    #expect(counts.connections <= 3)
  }

  @Test("a server that isn't there is given up soon")
  func absent() async throws {
    guard let server = try await sharedS3Server() else { return }
    var options = options(server)
    options.retryLimit = .milliseconds(500)
    let store = try S3Store("s3:http://127.0.0.1:1/bucket", options: options)
    await expect(.unreachable) { () async throws(StoreError) in try await store.prepare() }
  }

  @Test("a cancelled task ends at once, during a request and during a wait")
  func cancelling() async throws {
    guard let (store, proxy, name, _) = try await fixture("cancel", change: { $0.firstRetryDelay = .seconds(60) })
    else {
      return
    }
    defer { withExtendedLifetime(proxy) {} }
    for fault in [FaultProxy.Fault.stallBefore, .internalError] {
      try proxy.inject([fault])
      let task = Task { () -> StoreError.Kind? in
        do throws(StoreError) {
          _ = try await store.get(name)
          return nil
        } catch {
          return error.kind
        }
      }
      try await Task.sleep(for: .milliseconds(300))
      task.cancel()
      let begin = ContinuousClock.now
      #expect(await task.value == .cancelled)
      #expect(ContinuousClock.now - begin < .seconds(25))
    }
  }

  @Test("a certificate is trusted by the authority that the options name, and else not")
  func authority() async throws {
    guard let server = try await sharedS3Server() else { return }
    let folder = try scratchDirectory("tls").path
    try await runProgram(
      "openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder + "/key.pem", "-out", folder + "/ca.pem",
        "-days",
        "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
      ]
    ).orThrow("make a certificate")
    let proxy = try FaultProxy(to: server.port, certificate: (folder + "/ca.pem", folder + "/key.pem"))
    defer { withExtendedLifetime(proxy) {} }
    var options = options(server)
    let location = "s3:https://127.0.0.1:\(proxy.port)/\(server.bucket)/tls"
    let doubting = try S3Store(location, options: options)
    do throws(StoreError) {
      try await doubting.prepare()
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.kind == .denied)
      #expect(error.description.contains("not trusted"), "\(error)")
    }
    options.caFile = folder + "/ca.pem"
    let trusting = try S3Store(location, options: options)
    let (name, bytes) = StoreSuite.object(.pack, size: 1 << 20, seed: 5)
    try await trusting.put(name, bytes)
    #expect(try await trusting.get(name) == bytes)
  }
}
