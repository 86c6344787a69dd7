internal import Concurrency
internal import Cryptography
internal import Glibc
internal import HTTPClient
internal import Synchronization

/// A repository in a bucket of S3, or of a server that speaks its protocol, laid out as restic does it.
///
/// Every object goes out in one request with its SHA-256, which the server compares; what comes back whole is compared with
/// the hash that is its name.
public final class S3Store: ObjectStore {
  /// What the user wrote to name the place, without secrets.
  public let location: String
  /// How many calls may usefully be under way at once.
  public let concurrency: Int
  /// Whether journals and points can be kept here.
  public var keepsJournals: Bool { true }

  let place: S3Location
  let options: StoreOptions
  private let client: RetryingClient
  /// For requests but those about locks.
  private let permits: Permits
  private let chain: CredentialChain
  private let region: Mutex<String>
  private let regionIsGiven: Bool
  /// Whether nobody but the profile can name a region, and it hasn't been asked.
  private let asksProfile: Mutex<Bool>
  /// What the server has said that it doesn't know.
  private let unknown = Mutex(Unknown())

  private struct Unknown {
    var conditions = false
    var checksums = false
  }

  /// The repository at `location`: `s3:https://host/bucket/prefix`, `s3:host/bucket`. Asks nothing of the server yet.
  /// - Throws: `.badLocation` if the location makes no sense.
  public init(_ location: String, options: StoreOptions = StoreOptions()) throws(StoreError) {
    let place = try S3Location(location)
    let environment = options.environment
    let surrounding = environment("AWS_REGION").nonEmpty ?? environment("AWS_DEFAULT_REGION").nonEmpty
    // Kubernetes at Amazon sets the region of the cluster for all pods, wherever their buckets are.
    let given = options.s3.region ?? (place.isAmazon ? place.regionOfHost : nil) ?? surrounding
    let region = given ?? place.regionOfHost ?? "us-east-1"
    guard Self.isRegion(region) else {
      throw StoreError(.badLocation, location, "the region is too long, or holds characters that none has")
    }
    self.location = location
    self.place = place
    self.options = options
    concurrency = max(1, options.connections ?? 10)
    permits = Permits(concurrency)
    // Two for locks, which wait for nobody.
    client = RetryingClient(options, connections: concurrency + 2)
    chain = CredentialChain(options, region: surrounding ?? region)
    self.region = Mutex(region)
    regionIsGiven = options.s3.region != nil
    asksProfile = Mutex(given == nil && place.regionOfHost == nil)
  }

  /// Makes the place ready for a new repository, or says why it cannot be one.
  public func prepare() async throws(StoreError) {
    let call = S3Call("GET", nil, location, query: [("list-type", "2"), ("max-keys", "1"), ("prefix", place.prefix)])
    try await perform(call) { response, _ in response.status == 200 ? .done(()) : nil }
  }

  /// Writes an object; afterwards it is there as a whole, or not at all.
  public func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError) {
    let name = try name.checked()
    if !overwrite, try await isThere(name) { throw alreadyThere(name) }
    let digest: SHA256Digest
    // The name of most objects is the hash: if it doesn't fit the bytes, the server refuses them.
    if let own = name.digest { digest = own } else { digest = await sha256(contents) }

    var call = self.call("PUT", name)
    call.body = contents
    call.payloadHash = digest.hex
    let unknown = unknown.withLock(\.self)
    call.headers = [("content-type", "application/octet-stream")]
    if !unknown.checksums {
      call.headers += [("x-amz-sdk-checksum-algorithm", "SHA256"), ("x-amz-checksum-sha256", base64(digest.bytes))]
    } else if options.s3.retention != nil {
      // What is to be locked needs one of the two; the signed hash isn't enough.
      let hash = await md5(contents)
      if !hash.isEmpty { call.headers.append(("content-md5", base64(hash))) }
    }
    call.headers += keepingHeaders(for: name)
    let isConditional = !overwrite && !unknown.conditions
    if isConditional { call.headers.append(("if-none-match", "*")) }
    let isStored: Bool = try await perform(call) { response, _ in
      if !unknown.checksums, response.status >= 400, S3Failure(response).isUnknownChecksum {
        self.unknown.withLock { $0.checksums = true }
        return .done(false)
      }
      switch response.status {
      case 200: return .done(true)
      case 412 where isConditional:
        // An attempt of ours whose answer got lost may have written it; curl makes some of them unasked.
        if await self.holds(name, contents) { return .done(true) }
        return .failed(self.alreadyThere(name))
      case 501 where isConditional:
        self.unknown.withLock { $0.conditions = true }
        return .done(false)
      default: return nil
      }
    }
    // At most twice: each time the server is known better.
    if !isStored { try await put(name, contents, overwrite: overwrite) }
  }

  /// Reads an object or a part of it.
  public func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    let name = try name.checked()
    var call = self.call("GET", name)
    guard let range else {
      call.responseLimit = wholeObjectLimit
      var differed = 0
      return try await perform(call) { response, _ in
        await wholeVerdict(response, name, self.describe(name), differed: &differed)
      }
    }
    let tooShort = StoreError(.truncated, describe(name), "ends before byte \(range.upperBound), which was asked for")
    guard range.lowerBound >= 0, !range.isEmpty else {
      guard range.lowerBound >= 0, try await size(of: name) >= range.upperBound else { throw tooShort }
      return []
    }
    call.headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
    call.responseLimit = range.count + (64 << 10)
    return try await perform(call) { response, _ in
      rangeVerdict(response, range, tooShort)
    }
  }

  /// The length of an object in bytes.
  public func size(of name: ObjectName) async throws(StoreError) -> Int {
    let name = try name.checked()
    return try await perform(call("HEAD", name)) { response, _ in
      guard response.status == 200 else { return nil }
      return lengthVerdict(response, self.describe(name))
    }
  }

  /// Removes an object; that it is gone already is no error.
  public func remove(_ name: ObjectName) async throws(StoreError) {
    let name = try name.checked()
    try await perform(call("DELETE", name)) { response, _ in
      if [200, 202, 204].contains(response.status) { return .done(()) }
      guard response.status == 404 else { return nil }
      let failure = S3Failure(response)
      switch failure.code {
      case "NoSuchKey": return .done(())
      case "NoSuchBucket": return nil
      // A proxy says it for anything while it has lost sight of its server.
      default: return .again(reason: failure.summary)
      }
    }
  }
}

// MARK: - One request

extension S3Store {
  /// Sends `call`, signed anew each time, until it is answered for good.
  /// - Parameter judge: decides about an answer by the attempt's number; nil leaves failures to the rules for all calls.
  func perform<Value: Sendable>(
    _ call: S3Call, _ judge: (HTTPResponse, Int) async -> RetryingClient.Verdict<Value>?
  ) async throws(StoreError) -> Value {
    await askProfile()
    return try await client.run(call.object) { number async -> RetryingClient.Verdict<Value> in
      let outcome: Result<Answer, AttemptFailure>?
      // Signed when it may start: who waits for a quarter of an hour first, on a slow line, is refused for the old signature.
      if call.isUrgent { outcome = await send(call) } else { outcome = await permits.during { await send(call) } }
      switch outcome {
      case nil: return .failed(StoreError(.cancelled, call.object, "cancelled"))
      case .failure(let failure)?: return failure.verdict()
      case .success(let answer)?:
        let (response, credentials, used) = (answer.response, answer.credentials, answer.region)
        if let verdict = await judge(response, number) { return verdict }
        let failure = S3Failure(response)
        if failure.isExpired ? number < 3 : number == 1 && failure.mayMeanOldCredentials {
          do throws(StoreError) {
            if try await chain.hasOthers(than: credentials) {
              return .again(
                reason: failure.isExpired
                  ? "the \(credentials) have expired" : "\(failure.summary), and there are other credentials by now")
            }
          } catch {
            // What is refused without a word need not have to do with the credentials.
            if !failure.code.isEmpty { return .failed(error) }
          }
        }
        if failure.isWrongRegion, !regionIsGiven, let other = failure.region, other != used {
          region.withLock { $0 = other }
          return .again(reason: "the bucket is in the region \(other)")
        }
        if failure.isMismatch || failure.isLate, number < 3 { return .again(reason: failure.summary) }
        // A proxy says it for anything while it has lost sight of its server.
        if call.method == "GET", call.key != nil, failure.isWordlessAbsence, number < 5 {
          return .again(reason: failure.summary)
        }
        if failure.isPassing { return .again(reason: failure.summary, after: RetryAfter.of(response)) }
        return .failed(failure.error(call.object, place, credentials, region: used))
      }
    }
  }

  /// An answer, and what its request was signed with.
  private struct Answer {
    let response: HTTPResponse
    let credentials: AWSCredentials
    let region: String
  }

  private func send(_ call: S3Call) async -> Result<Answer, AttemptFailure> {
    let credentials: AWSCredentials
    do throws(StoreError) { credentials = try await chain.credentials() } catch {
      return .failure(AttemptFailure(error))
    }
    let region = regionNow
    return await client.send(request(call, credentials, region: region), about: call.object)
      .map { Answer(response: $0, credentials: credentials, region: region) }
  }

  /// The region with which requests are signed at present.
  var regionNow: String { region.withLock(\.self) }

  private func askProfile() async {
    guard asksProfile.withLock(\.self) else { return }
    let found = await chain.regionOfProfile()
    asksProfile.withLock { asks in
      // Another request may have come first, and the server may have named a region since.
      guard asks else { return }
      asks = false
      if let found, Self.isRegion(found) { region.withLock { $0 = found } }
    }
  }

  static func isRegion(_ text: String) -> Bool {
    text.utf8.count < 64
      && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
  }

  private func request(_ call: S3Call, _ credentials: AWSCredentials, region: String) -> HTTPRequest {
    let now = Int64(time(nil))
    let address = place.address(of: call.key, region: region, options.s3.addressing)
    var headers = call.headers
    headers += [("x-amz-content-sha256", call.payloadHash), ("x-amz-date", amzDate(now))]
    if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
    let signer = SignatureV4(credentials: credentials, region: region, service: "s3")
    let authorization = signer.authorization(
      for: .init(
        method: call.method, path: address.path, query: call.query, headers: headers + [("host", address.host)],
        payloadHash: call.payloadHash),
      at: now)
    let query = call.query.isEmpty ? "" : "?" + canonicalQuery(call.query)
    var request = HTTPRequest(call.method, "\(place.scheme)://\(address.host)\(address.path)\(query)")
    for (name, value) in headers { request.headers.append(name, value) }
    request.headers.append("authorization", authorization)
    if let body = call.body { request.body = .bytes(body) }
    request.responseLimit = call.responseLimit
    return request
  }
}

/// One request to S3, not yet signed.
struct S3Call {
  let method: String
  /// Nil for the bucket itself.
  let key: String?
  /// What it is about, for errors.
  let object: String
  var query: [(name: String, value: String)] = []
  /// Names in lower case.
  var headers: [(name: String, value: String)] = []
  var body: [UInt8]?
  /// Hexadecimal SHA-256 of the body.
  var payloadHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  var responseLimit = 16 << 20
  /// Whether it is sent while others wait for their turn.
  var isUrgent = false

  init(_ method: String, _ key: String?, _ object: String, query: [(name: String, value: String)] = []) {
    self.method = method
    self.key = key
    self.object = object
    self.query = query
  }
}

// MARK: - Small things

extension S3Store {
  func key(of name: ObjectName) -> String { place.prefix + name.path }

  private func call(_ method: String, _ name: ObjectName) -> S3Call {
    var call = S3Call(method, key(of: name), describe(name))
    // A lock that isn't refreshed in time ends all that rely on it.
    call.isUrgent = name.kind == .lock
    return call
  }

  func describe(_ name: ObjectName) -> String {
    "\(location)\(location.hasSuffix("/") ? "" : "/")\(name.path)"
  }

  private func alreadyThere(_ name: ObjectName) -> StoreError {
    StoreError(.exists, describe(name), "is there already")
  }

  private func isThere(_ name: ObjectName) async throws(StoreError) -> Bool {
    do {
      _ = try await size(of: name)
      return true
    } catch  where error.kind == .notFound {
      return false
    }
  }

  private func holds(_ name: ObjectName, _ contents: [UInt8]) async -> Bool {
    do { return try await get(name, range: nil) == contents } catch { return false }
  }

  /// Locks come and go, journals and points are written again and again: all must stay removable.
  private func keepingHeaders(for name: ObjectName) -> [(name: String, value: String)] {
    guard ![.lock, .journal, .point].contains(name.kind) else { return [] }
    var headers: [(String, String)] = []
    if let storage = options.s3.storageClass, !storage.isEmpty,
      name.kind == .pack || !["GLACIER", "DEEP_ARCHIVE"].contains(storage.uppercased())
    {
      headers.append(("x-amz-storage-class", storage))
    }
    if let retention = options.s3.retention {
      headers += [
        ("x-amz-object-lock-mode", retention.mode.rawValue),
        (
          "x-amz-object-lock-retain-until-date",
          timestamp(Int64(time(nil)) &+ min(max(retention.duration.components.seconds, 0), 100 * 366 * 86_400))
        ),
      ]
    }
    return headers
  }
}
