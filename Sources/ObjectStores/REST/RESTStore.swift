internal import Cryptography
internal import HTTPClient
internal import Synchronization

/// A repository on restic's REST server, over its protocol in version 2; listings fall back to version 1.
///
/// The server compares what it gets with the hash that is its name; what comes back whole is compared here.
public final class RESTStore: ObjectStore {
  /// What the user wrote to name the place, without secrets.
  public let location: String
  /// How many calls may usefully be under way at once.
  public let concurrency: Int
  /// Whether journals and points can be kept here.
  public var keepsJournals: Bool { false }

  private let url: String
  private let authorization: String?
  private let client: RetryingClient
  /// What is about locks passes the rest, which may queue for longer than a lock lasts, and has slots of its own.
  private let permits: Permits
  /// Whether the config was seen: there is a repository then, whatever the server says a moment later.
  private let hasSeenConfig = Atomic(false)

  /// The repository at `location`: `rest:https://user:password@host:port/path/`. Asks nothing of the server yet.
  /// - Throws: `.badLocation` if the location makes no sense.
  public init(_ location: String, options: StoreOptions = StoreOptions()) throws(StoreError) {
    let place = try RESTLocation(location)
    self.location = place.text
    url = place.url
    concurrency = max(1, options.connections ?? 10)
    client = RetryingClient(options, connections: concurrency + 2)
    permits = Permits(concurrency)
    var login = place.login ?? options.restLogin
    if login == nil, let username = options.environment("RESTIC_REST_USERNAME").nonEmpty {
      login = (username, options.environment("RESTIC_REST_PASSWORD") ?? "")
    }
    authorization = login.map { "Basic " + base64(Array("\($0.username):\($0.password)".utf8)) }
  }

  /// Makes the place ready for a new repository, or says why it cannot be one.
  public func prepare() async throws(StoreError) {
    try await perform(request("POST", "?create=true", body: []), location) { response, _ in
      response.status == 200 ? .done(()) : nil
    }
  }

  /// Writes an object; afterwards it is there as a whole, or not at all.
  public func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError) {
    let name = try name.checked()
    try refuseJournal(name)
    let look = request("HEAD", path(name))
    try await perform(
      request("POST", path(name), body: contents), describe(name), isUrgent: name.kind == .lock,
      // The attempt before may have succeeded, its answer lost. Servers refuse to take the same again, and some cut the
      // connection in the middle of it, so that nobody hears why.
      unless: { (number: Int) async -> RetryingClient.Verdict<Void>? in
        guard number > 1, name.digest != nil else { return nil }
        guard case .success(let response) = await client.send(look, about: self.describe(name)) else { return nil }
        return response.headers["Content-Length"] == "\(contents.count)" && response.status == 200 ? .done(()) : nil
      }
    ) { response, _ in
      switch response.status {
      case 200, 201, 204: return .done(())
      case 403:
        // Its way to say that there is one already: a lost answer of ours, the same bytes of another, or a config.
        guard let size = await self.sizeIfThere(name) else { return nil }
        if name.digest != nil, size == contents.count { return .done(()) }
        if await self.holds(name, contents) { return .done(()) }
        return .failed(StoreError(.exists, self.describe(name), "is there already"))
      default: return nil
      }
    }
    noteSeen(name)
  }

  /// Reads an object or a part of it.
  public func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    let name = try name.checked()
    try refuseJournal(name)
    var request = request("GET", path(name))
    var wasAbsent = false
    guard let range else {
      request.responseLimit = wholeObjectLimit
      var differed = 0
      let contents = try await perform(request, describe(name), isUrgent: name.kind == .lock) { response, _ in
        if let doubt: RetryingClient.Verdict<[UInt8]> = await self.doubt(response, &wasAbsent) { return doubt }
        return await wholeVerdict(response, name, self.describe(name), differed: &differed)
      }
      noteSeen(name)
      return contents
    }
    let tooShort = StoreError(.truncated, describe(name), "ends before byte \(range.upperBound), which was asked for")
    guard range.lowerBound >= 0, !range.isEmpty else {
      guard range.lowerBound >= 0, try await size(of: name) >= range.upperBound else { throw tooShort }
      return []
    }
    request.headers["Range"] = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
    request.responseLimit = range.count + (64 << 10)
    return try await perform(request, describe(name)) { response, _ in
      if let doubt: RetryingClient.Verdict<[UInt8]> = await self.doubt(response, &wasAbsent) { return doubt }
      return rangeVerdict(response, range, tooShort)
    }
  }

  /// The length of an object in bytes.
  public func size(of name: ObjectName) async throws(StoreError) -> Int {
    let name = try name.checked()
    try refuseJournal(name)
    let size = try await perform(request("HEAD", path(name)), describe(name)) { response, _ in
      response.status == 200 ? lengthVerdict(response, self.describe(name)) : nil
    }
    noteSeen(name)
    return size
  }

  /// Removes an object; that it is gone already is no error.
  public func remove(_ name: ObjectName) async throws(StoreError) {
    let name = try name.checked()
    try refuseJournal(name)
    var wasAbsent = false
    try await perform(request("DELETE", path(name)), describe(name), isUrgent: name.kind == .lock) { response, _ in
      guard response.status == 404 else { return [200, 202, 204].contains(response.status) ? .done(()) : nil }
      return await self.isAbsence(after: &wasAbsent) ? .done(()) : .again(reason: Self.doubt)
    }
  }

  /// All objects of a kind, in no order.
  ///
  /// A server may say 404 for a folder that nothing was put into yet.
  public func list(_ kind: ObjectKind) async throws(StoreError) -> [ObjectListing] {
    guard kind != .config else {
      do {
        return [ObjectListing(name: "config", size: try await size(of: .config))]
      } catch  where error.kind == .notFound {
        return []
      }
    }
    guard kind != .journal, kind != .point else { return [] }
    var request = request("GET", kind.folder)
    request.headers["Accept"] = Self.listType
    request.responseLimit = wholeObjectLimit
    var wasAbsent = false
    let listed: (entries: [ObjectListing], hasSizes: Bool) = try await perform(
      request, location + kind.folder, isUrgent: kind == .lock
    ) { response, number in
      if response.status == 404 {
        return await self.isAbsence(after: &wasAbsent) ? .done(([], true)) : .again(reason: Self.doubt)
      }
      guard response.status == 200 else { return nil }
      let hasSizes = response.headers["Content-Type"]?.hasPrefix(Self.listType) ?? false
      guard let entries = RESTListing.parse(response.body, kind, hasSizes: hasSizes) else {
        let reason = "the server's listing cannot be read"
        return number < 3 ? .again(reason: reason) : .failed(StoreError(.failed, self.location + kind.folder, reason))
      }
      return .done((entries, hasSizes))
    }
    return listed.hasSizes ? listed.entries : try await withSizes(kind, listed.entries)
  }

  /// A 404 that may not be believed yet.
  private func doubt<Value: Sendable>(
    _ response: HTTPResponse, _ wasAbsent: inout Bool
  ) async -> RetryingClient.Verdict<Value>? {
    guard response.status == 404, await !isAbsence(after: &wasAbsent) else { return nil }
    return .again(reason: Self.doubt)
  }

  private static let doubt = "the server answered 404"
  private static let listType = "application/vnd.x.restic.rest.v2"
}

// MARK: - Small things

extension RESTStore {
  private func request(_ method: String, _ path: String, body: [UInt8]? = nil) -> HTTPRequest {
    var request = HTTPRequest(method, url + path, body: body.map { .bytes($0) } ?? .none)
    request.headers["Authorization"] = authorization
    if body != nil { request.headers["Content-Type"] = "application/octet-stream" }
    return request
  }

  private func perform<Value: Sendable>(
    _ request: HTTPRequest, _ object: String, isUrgent: Bool = false,
    unless isDone: (_ number: Int) async -> RetryingClient.Verdict<Value>? = { _ in nil },
    _ judge: (HTTPResponse, Int) async -> RetryingClient.Verdict<Value>?
  ) async throws(StoreError) -> Value {
    try await client.run(object) { number async -> RetryingClient.Verdict<Value> in
      if let verdict = await isDone(number) { return verdict }
      let outcome: Result<HTTPResponse, AttemptFailure>?
      if isUrgent {
        outcome = await client.send(request, about: object)
      } else {
        outcome = await permits.during { await client.send(request, about: object) }
      }
      switch outcome {
      case nil: return .failed(StoreError(.cancelled, object, "cancelled"))
      case .failure(let failure)?: return failure.verdict()
      case .success(let response)?:
        if let verdict = await judge(response, number) { return verdict }
        let status = response.status
        if HTTPRetryPolicy.retryableStatuses.contains(status) {
          return .again(reason: "the server answered \(status)", after: RetryAfter.of(response))
        }
        if status == 400, request.method == "POST", number < 3 { return .again(reason: "the server answered 400") }
        return .failed(self.error(status, request.method, object))
      }
    }
  }

  private func error(_ status: Int, _ method: String, _ object: String) -> StoreError {
    switch status {
    case 401:
      return StoreError(
        .denied, object,
        authorization == nil
          ? "the server asks for a user and password: set RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD"
          : "the server refuses this user and password")
    case 403 where method == "DELETE":
      return StoreError(.denied, object, "the server doesn't let us remove it: it may be append-only")
    case 403:
      return StoreError(.denied, object, "the server doesn't let us: check the user's rights to this repository")
    case 400 where method == "POST":
      return StoreError(.corrupt, object, "what arrived at the server is not what was sent")
    case 404: return StoreError(.notFound, object, "there is no such object")
    case 413, 507: return StoreError(.full, object, "the server has no room left for it (\(status))")
    case 301, 302, 303, 307, 308:
      return StoreError(.badLocation, object, "the server sends us elsewhere (\(status)): use the address it sends to")
    default: return StoreError(.failed, object, "the server answered \(status): is it restic's REST server?")
    }
  }

  /// The protocol has packs in one folder.
  private func path(_ name: ObjectName) -> String {
    name.kind == .config ? "config" : name.kind.folder + name.name
  }

  private func describe(_ name: ObjectName) -> String { location + path(name) }

  private func refuseJournal(_ name: ObjectName) throws(StoreError) {
    guard name.kind != .journal, name.kind != .point else {
      throw StoreError(.failed, describe(name), "restic's REST server keeps only what restic knows")
    }
  }

  private func noteSeen(_ name: ObjectName) {
    if name.kind == .config { hasSeenConfig.store(true, ordering: .relaxed) }
  }

  /// Whether there is a config, by one look; nil if the server doesn't say.
  private func hasConfig() async -> Bool? {
    let request = request("HEAD", "config")
    guard case .success(let response) = await client.send(request, about: location) else { return nil }
    switch response.status {
    case 200:
      noteSeen(.config)
      return true
    case 404: return false
    default: return nil
    }
  }

  /// Whether a 404 may be believed: a proxy says it for anything while it has lost sight of its server. So only if the config is
  /// there and the 404 comes again, or if there is no repository yet.
  /// - Parameter before: whether it came before while the config was there; begins with false.
  private func isAbsence(after before: inout Bool) async -> Bool {
    switch await hasConfig() {
    case true:
      defer { before = true }
      return before
    case false: return !hasSeenConfig.load(ordering: .relaxed)
    case nil: return false
    }
  }

  private func sizeIfThere(_ name: ObjectName) async -> Int? {
    do { return try await size(of: name) } catch { return nil }
  }

  private func holds(_ name: ObjectName, _ contents: [UInt8]) async -> Bool {
    do { return try await get(name, range: nil) == contents } catch { return false }
  }

  /// Version 1 lists names alone.
  private func withSizes(
    _ kind: ObjectKind, _ entries: [ObjectListing]
  ) async throws(StoreError) -> [ObjectListing] {
    let share = max(1, (entries.count + concurrency - 1) / concurrency)
    typealias Part = Result<[ObjectListing], StoreError>
    let parts = await withTaskGroup(of: Part.self) { group in
      for start in stride(from: 0, to: entries.count, by: share) {
        let names = entries[start..<min(start + share, entries.count)].map(\.name)
        group.addTask {
          var found: [ObjectListing] = []
          for name in names {
            do throws(StoreError) {
              found.append(ObjectListing(name: name, size: try await self.size(of: ObjectName(kind, name))))
            } catch  where error.kind == .notFound {
              continue  // removed meanwhile
            } catch {
              return .failure(error)
            }
          }
          return .success(found)
        }
      }
      return await group.reduce(into: [Part]()) { $0.append($1) }
    }
    var all: [ObjectListing] = []
    for part in parts { all += try part.get() }
    return all
  }
}
