import Foundation
import TestSupport
import Testing

@testable import ObjectStores

@Suite("opening a store by its location")
struct OpenStoreTests {
  private let options = StoreOptions.testing(nil)

  @Test(
    "a path is a folder",
    arguments: ["/srv/backup", "relative/folder", "./a:b", "local:/srv/backup", "dir/with:colon", "local:x:y"])
  func folders(_ location: String) throws {
    #expect(try openStore(location, options: options) is DirectoryStore)
  }

  @Test("a limit wraps the store")
  func limits() async throws {
    var limited = options
    limited.uploadLimit = 200_000
    limited.downloadLimit = 400_000
    let store = try openStore(try scratchDirectory("store").path + "/r", options: limited)
    try await store.prepare()
    let (name, bytes) = StoreSuite.object(.pack, size: 100_000, seed: 1)
    let clock = ContinuousClock()
    let up = try await clock.measure { try await store.put(name, bytes) }
    let down = try await clock.measure {
      _ = try await store.get(name)
      #expect(try await store.get(name, range: 0..<100_000) == bytes)
    }
    #expect(up >= .milliseconds(490))
    #expect(down >= .milliseconds(490))
  }

  @Test("a lock doesn't wait for its turn; others wait for what it took")
  func urgent() async throws {
    // A minute's worth.
    let lock = StoreSuite.object(.lock, size: 6000, seed: 1)
    let store = RateLimitedStore(DirectoryStore(try scratchDirectory("store").path), upload: 100, download: 100)
    let begin = ContinuousClock.now
    try await store.put(lock.name, lock.bytes)
    #expect(try await store.get(lock.name) == lock.bytes)
    #expect(ContinuousClock.now - begin < .seconds(30))
    let bucket = TokenBucket(bytesPerSecond: 100)
    try await bucket.take(6000, waits: false)
    #expect(bucket.reserve(0, now: .now) - .now > .seconds(30))
  }

  @Test("a bucket of tokens lets pass what its rate allows, in the order of asking")
  func tokens() {
    let bucket = TokenBucket(bytesPerSecond: 1000)
    let now = ContinuousClock.now
    #expect(bucket.reserve(500, now: now + .seconds(1)) == now + .seconds(1.5))
    #expect(bucket.reserve(500, now: now + .seconds(1)) == now + .seconds(2))
    #expect(bucket.reserve(0, now: now + .seconds(5)) == now + .seconds(5))
  }

  @Test(
    "what is no store is refused with advice, and without secrets",
    arguments: [
      ("", "is empty"), ("local:", "names no folder"), ("sftp:user:secret@host:/path", "doesn't speak sftp"),
      ("sftp://user:secret@host//path", "doesn't speak sftp"), ("b2:bucket:x", "S3 endpoint"),
      ("C:/x", "put local: before it"),
      ("rclone:remote:path", "rclone serve restic"), ("ftp://user:secret@host/x", "no kind of store"),
      ("s3:host", "s3:https://host/bucket/prefix"), ("s3:", "is no S3 location"),
      ("s3:https:///bucket", "is no S3 location"),
      ("s3:https://key:secret@host/bucket", "credentials"), ("s3:https://AKIAX:sec/ret@host/bucket", "credentials"),
      ("s3:AKIAX:1/sec@host/bucket", "credentials"), ("s3:https://AKIAX:sec/bucket", "is no S3 location"),
      ("s3:host/bu cket", "no name"),
      ("s3:host/bucket/../x", "prefix"),
      ("s3:host/bucket/x?secret", "prefix"), ("rest:host:8000/x", "write rest:"),
      ("rest:https://user:secret@/x", "write rest:"),
      ("rest:https://user:sec/ret@ho st/x", "write rest:"), ("rest:https://host/a/../b", "write rest:"),
      ("s3:host:99999/bucket", "is no S3 location"),
    ])
  func refusals(_ location: String, _ words: String) {
    do throws(StoreError) {
      _ = try openStore(location, options: options)
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.kind == .badLocation)
      #expect(error.description.contains(words), "\(error)")
      #expect(!error.description.contains("sec") || location.hasPrefix("s3:host/"), "\(error)")
    }
  }

  @Test(
    "a location is shown as it is, but for what may be a user and a password",
    arguments: [
      ("s3:host/bucket", "s3:host/bucket"), ("S3:host:9000/bucket/a@b", "S3:host:9000/bucket/a@b"),
      ("s3:key:secret@host/bucket", "s3:…@host/bucket"), ("s3:key:sec/ret@host/bucket", "s3:…"),
      ("rest:https://user:/secret@host/", "rest:https://…"), ("rest:https://user:99999/secret@host/", "rest:https://…"),
      ("s3:https://host/bucket", "s3:https://host/bucket"), ("s3:https://key:secret@host/b", "s3:https://…@host/b"),
      ("rest:host:8000/a", "rest:host:8000/a"), ("rest:https://me:secret@host/a", "rest:https://…@host/a"),
      ("sftp:me:secret@host:/a", "…@host:/a"), ("ftp://me:secret@host/a", "ftp://…@host/a"), ("me:secret", "…"),
      ("/srv/backup", "/srv/backup"), ("local:/srv/backup", "local:/srv/backup"),
    ])
  func shownLocations(_ location: String, _ shown: String) { #expect(redactedLocation(location) == shown) }

  @Test(
    "a REST server's host is found behind any password, and before any path",
    arguments: [
      ("rest:https://host:8000/a/b", "https://host:8000/a/b/", nil, nil),
      (
        "rest:https://alice:s3cret@backup.host/alice@corp.com/", "https://backup.host/alice@corp.com/", "alice",
        "s3cret"
      ),
      ("rest:http://backup.host/alice@corp.com", "http://backup.host/alice@corp.com/", nil, nil),
      ("rest:https://user:p@ss@host/", "https://host/", "user", "p@ss"),
      ("rest:https://user:sec/ret@host:1/x/", "https://host:1/x/", "user", "sec/ret"),
      ("rest:https://user:se@c!/ret@host", "https://host/", "user", "se@c!/ret"),
      ("rest:https://user@[::1]:8000", "https://[::1]:8000/", "user", ""),
    ])
  func restLocations(_ text: String, _ url: String, _ username: String?, _ password: String?) throws {
    let place = try RESTLocation(text)
    #expect(place.url == url && place.text == "rest:" + url)
    #expect(place.login?.username == username && place.login?.password == password)
  }

  @Test(
    "S3 locations are read as restic reads them",
    arguments: [
      ("s3:s3.amazonaws.com/bucket", "https", "s3.amazonaws.com", "bucket", ""),
      (
        "s3:https://s3.eu-central-1.amazonaws.com/bucket/a/b/", "https", "s3.eu-central-1.amazonaws.com", "bucket",
        "a/b/"
      ),
      ("s3:http://localhost:9000/bucket//x", "http", "localhost:9000", "bucket", "x/"),
      ("s3://Host:443/bucket", "https", "host", "bucket", ""),
      ("s3:https://[::1]:9000/b_1", "https", "[::1]:9000", "b_1", ""),
    ])
  func s3Locations(_ text: String, _ scheme: String, _ host: String, _ bucket: String, _ prefix: String) throws {
    let place = try S3Location(text)
    #expect([place.scheme, place.host, place.bucket, place.prefix] == [scheme, host, bucket, prefix])
  }

  @Test("a bucket is a host at Amazon, unless it has a dot, and a path elsewhere")
  func addressing() throws {
    func address(_ text: String, _ style: S3Options.Addressing = .automatic) throws -> String {
      let address = try S3Location(text).address(of: "data/a b", region: "eu-north-1", style)
      return address.host + address.path
    }
    #expect(try address("s3:s3.amazonaws.com/buck") == "buck.s3.eu-north-1.amazonaws.com/data/a%20b")
    #expect(try address("s3:s3.amazonaws.com/bu.ck") == "s3.eu-north-1.amazonaws.com/bu.ck/data/a%20b")
    #expect(try address("s3:s3.us-west-2.amazonaws.com/buck", .path) == "s3.us-west-2.amazonaws.com/buck/data/a%20b")
    #expect(try address("s3:minio:9000/buck") == "minio:9000/buck/data/a%20b")
    #expect(try address("s3:minio:9000/buck", .virtualHost) == "buck.minio:9000/data/a%20b")
  }

  @Test("the region is read from the host's name")
  func regions() throws {
    for (host, region) in [
      ("s3.amazonaws.com", nil), ("s3.eu-central-1.amazonaws.com", "eu-central-1"),
      ("s3-us-west-2.amazonaws.com", "us-west-2"),
      ("s3.dualstack.us-gov-east-1.amazonaws.com", "us-gov-east-1"), ("s3.us-west-004.backblazeb2.com", "us-west-004"),
      ("minio-1:9000", nil), ("10.0.0.1:9000", nil),
    ] {
      #expect(try S3Location("s3:\(host)/bucket").regionOfHost == region, "\(host)")
    }
  }
}
