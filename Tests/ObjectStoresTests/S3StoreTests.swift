import Foundation
import HTTPClient
import HTTPTestServer
import TestSupport
import Testing

@testable import ObjectStores

extension StoreOptions {
  /// Options with this server's key and no environment but what is given.
  static func testing(_ key: S3Server.Key?, environment: [String: String] = [:]) -> StoreOptions {
    var options = StoreOptions()
    options.environment = { environment[$0] }
    options.s3.accessKeyID = key?.id
    options.s3.secretAccessKey = key?.secret
    options.s3.sessionToken = key?.token
    return options
  }
}

/// One S3 server for all tests of this process: each has a prefix of its own in it. Nil where moto is not installed.
func sharedS3Server() async throws -> S3Server? { try await sharedServer.value }
private let sharedServer = Task { try await S3Server() }

@Suite("S3 as a store")
struct S3StoreTests {
  @Test("does what every store must, with lasting and with temporary credentials")
  func conformance() async throws {
    guard let server = try await sharedS3Server() else { return }
    for (key, prefix) in [(server.writer, "a prefix/with ünicode+plus"), (server.role, "conformance")] {
      let store = try S3Store(server.location(prefix: prefix), options: .testing(key))
      try await StoreSuite(store: store).run()
    }
  }

  @Test("what is refused is told apart in words, and no secret is in them")
  func refusals() async throws {
    guard let server = try await sharedS3Server() else { return }
    let wrong = StoreOptions.testing(server.writer)
    var options = wrong
    options.s3.secretAccessKey = "wrong-secret"
    try await expect(.denied, saying: "secret access key", options, server.location())
    options = wrong
    options.s3.accessKeyID = "AKIAUNKNOWN"
    try await expect(.denied, saying: "doesn't know", options, server.location())
    try await expect(.denied, saying: "access denied", .testing(server.stranger), server.location())
    try await expect(
      .notFound, saying: "no bucket 'other'", .testing(server.writer), "s3:http://127.0.0.1:\(server.port)/other")
    options = .testing(nil)
    options.environment = { $0 == "AWS_EC2_METADATA_DISABLED" ? "true" : nil }
    try await expect(.denied, saying: "there are none", options, server.location())
  }

  @Test("what a server says is shortened and without control characters; a region is taken only if it can be one")
  func hostileAnswers() throws {
    let place = try S3Location("s3:https://host/bucket")
    let credentials = AWSCredentials(accessKeyID: "id", secretAccessKey: "secret", origin: "a test")
    let long = "\u{1b}[2J" + String(repeating: "x", count: 1000)
    for (status, code) in [(403, long), (500, long), (301, long), (403, "RequestTimeTooSkewed")] {
      let body = "<Error><Code>\(code)</Code><Message>\(long)</Message><Region>\(long)</Region></Error>"
      let failure = S3Failure(
        HTTPResponse(
          status: status, headers: ["Date": long, "x-amz-bucket-region": long + "x"], body: Array(body.utf8)))
      #expect(failure.region == nil)
      for text in [failure.summary, failure.error("object", place, credentials, region: "r").description] {
        #expect(!text.contains("\u{1b}") && text.count < 500, "\(text)")
      }
    }
    let named = "<Error><Code>NoSuchKey</Code><Region>eu-north-1</Region></Error>"
    let failure = S3Failure(
      HTTPResponse(status: 404, headers: ["x-amz-bucket-region": "a b"], body: Array(named.utf8)))
    #expect(failure.region == "eu-north-1" && failure.summary == "the server answered 404 NoSuchKey")
  }

  private func expect(
    _ kind: StoreError.Kind, saying words: String, _ options: StoreOptions, _ location: String
  ) async throws {
    do throws(StoreError) {
      let store = try S3Store(location, options: options)
      try await store.prepare()
      Issue.record("nothing was thrown for \(words)")
    } catch {
      #expect(error.kind == kind)
      #expect(error.description.contains(words), "\(error)")
      for secret in [options.s3.secretAccessKey, options.s3.sessionToken] {
        #expect(secret.map { !error.description.contains($0) } ?? true)
      }
    }
  }

  @Test("pages of a long listing are all read")
  func longListing() async throws {
    guard let server = try await sharedS3Server() else { return }
    var options = StoreOptions.testing(server.writer)
    options.listingPage = 3
    let store = try S3Store(server.location(prefix: "long"), options: options)
    for kind in [ObjectKind.pack, .index] {
      let objects = (0..<60 as Range<UInt64>).map { StoreSuite.object(kind, size: 8, seed: $0) }
      for (name, bytes) in objects { try await store.put(name, bytes) }
      let listed = try await store.list(kind)
      #expect(Set(listed.map(\.name)) == Set(objects.map(\.name.name)))
      #expect(listed.count == 60)
    }
  }

  @Test("storage class and Object Lock are asked for, but never for locks, journals and points")
  func keeping() async throws {
    guard let server = try await S3Server(locksObjects: true) else { return }
    defer { withExtendedLifetime(server) {} }
    var options = StoreOptions.testing(server.writer)
    options.s3.storageClass = "STANDARD_IA"
    options.s3.retention = .init(mode: .governance, duration: .seconds(86_400))
    let store = try S3Store(server.location(), options: options)
    for kind in ObjectKind.allCases {
      let named = StoreSuite.object(kind, size: 10, seed: 1).name
      let name = kind == .config ? .config : named
      try await store.put(name, StoreSuite.object(kind, size: 10, seed: 1).bytes)
      let headers = try await store.perform(S3Call("HEAD", store.key(of: name), "test")) { response, _ in
        .done(response.headers)
      }
      let isKept = ![.lock, .journal, .point].contains(kind)
      #expect(headers["x-amz-storage-class"] == (isKept ? "STANDARD_IA" : nil), "\(kind)")
      #expect(headers["x-amz-object-lock-mode"] == (isKept ? "GOVERNANCE" : nil), "\(kind)")
      #expect((headers["x-amz-object-lock-retain-until-date"] != nil) == isKept, "\(kind)")
    }
    options.s3.retention = nil
    options.s3.storageClass = "GLACIER"
    let archive = try S3Store(server.location(prefix: "archive"), options: options)
    for (kind, expected) in [(ObjectKind.index, nil), (.pack, "GLACIER")] {
      let (name, bytes) = StoreSuite.object(kind, size: 10, seed: 2)
      try await archive.put(name, bytes)
      let headers = try await archive.perform(S3Call("HEAD", archive.key(of: name), "test")) { response, _ in
        .done(response.headers)
      }
      #expect(headers["x-amz-storage-class"] == expected)
    }
  }

  /// Sends a request that is answered after `seconds`; returns when it was signed.
  private func signing(_ store: S3Store, isUrgent: Bool = false, seconds: String) async throws(StoreError) -> String {
    var call = S3Call("GET", nil, "echo", query: [("seconds", seconds)])
    call.isUrgent = isUrgent
    return try await store.perform(call) { response, _ in
      .done(response.text.split(separator: "x-amz-date\", \"").last.map { String($0.prefix(16)) } ?? "")
    }
  }

  @Test("requests are signed when it is their turn; what is about locks waits for nobody")
  func signedLate() async throws {
    let server = try HTTPTestServer()
    defer { withExtendedLifetime(server) {} }
    var options = StoreOptions.testing(nil)
    options.s3.accessKeyID = "id"
    options.s3.secretAccessKey = "secret"
    options.connections = 1
    // The bucket's name is what the server does.
    let store = try S3Store("s3:http://\(server.authority)/echo", options: options)
    let waiting = (0..<3).map { _ in Task { (try await signing(store, seconds: "2"), ContinuousClock.now) } }
    let cancelled = Task { () -> StoreError.Kind? in
      do throws(StoreError) { _ = try await signing(store, seconds: "2") } catch { return error.kind }
      return nil
    }
    try await Task.sleep(for: .milliseconds(500))
    cancelled.cancel()
    #expect(await cancelled.value == .cancelled)
    #expect(try await signing(store, isUrgent: true, seconds: "0").hasSuffix("Z"))
    let urgentEnd = ContinuousClock.now
    var (times, lastEnd) = (Set<String>(), urgentEnd)
    for task in waiting {
      let (time, end) = try await task.value
      times.insert(time)
      lastEnd = max(lastEnd, end)
    }
    #expect(times.count == 3, "\(times)")
    #expect(urgentEnd < lastEnd)
  }

  @Test("a bucket may be named as a host")
  func virtualHost() async throws {
    guard let server = try await sharedS3Server() else { return }
    var options = StoreOptions.testing(server.writer)
    options.s3.addressing = .virtualHost
    let store = try S3Store("s3:http://localhost:\(server.port)/\(server.bucket)/virtual", options: options)
    let (name, bytes) = StoreSuite.object(.pack, size: 100, seed: 3)
    try await store.put(name, bytes)
    #expect(try await store.get(name) == bytes)
    let other = try S3Store(server.location(prefix: "virtual"), options: .testing(server.writer))
    #expect(try await other.list(.pack) == [.init(name: name.name, size: 100)])
  }

  @Test(
    "restic makes a repository there, and we find its objects",
    arguments: [TestTools.newRestic, TestTools.debianRestic])
  func restic(_ tool: TestTools.Tool) async throws {
    guard let server = try await sharedS3Server(), let restic = tool.pathOrSkip else { return }
    let prefix = "restic-\(restic.hasSuffix("18") ? "new" : "old")"
    let environment = server.writer.environment.merging(
      ["RESTIC_PASSWORD": "p", "PATH": "/usr/bin:/bin", "HOME": try scratchDirectory("home").path]) { $1 }
    let location = server.location(prefix: prefix)
    try await runProgram(restic, ["-r", location, "init"], environment: environment).orThrow("restic init")
    try await runProgram(restic, ["-r", location, "backup", #filePath], environment: environment).orThrow(
      "restic backup")
    let store = try S3Store(location, options: .testing(server.writer))
    for (kind, count) in [(ObjectKind.config, 1), (.key, 1), (.snapshot, 1), (.index, 1), (.pack, 2), (.lock, 0)] {
      let listed = try await store.list(kind)
      #expect(listed.count == count, "\(kind)")
      for entry in listed { #expect(try await store.get(ObjectName(kind, entry.name)).count == entry.size) }
    }
  }
}
