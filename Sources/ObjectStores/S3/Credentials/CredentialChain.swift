internal import Glibc
internal import HTTPClient

/// Finds credentials where AWS's own programs do, and renews those that end.
///
/// In this order: options, environment, web identity, shared files, container, instance metadata. The first place that has
/// any wins; a place that should have some and cannot give them is an error, rather than silence.
actor CredentialChain {
  /// Temporary credentials are renewed this many seconds before they end.
  static let margin: Int64 = 300

  private let options: StoreOptions
  private let region: String
  private let client: HTTPClient
  private var current: AWSCredentials?
  private var renewal: Task<Result<AWSCredentials, StoreError>, Never>?

  init(_ options: StoreOptions, region: String) {
    self.options = options
    self.region = region
    // These services are not the store, and seldom of its authority.
    client = HTTPClient(concurrentTransfers: 2, caFile: options.caFile, trustsSystemToo: true)
  }

  /// Credentials that work now.
  func credentials() async throws(StoreError) -> AWSCredentials {
    let now = Int64(time(nil))
    if let current, current.expiry.map({ $0 - now > Self.margin }) ?? true { return current }
    do throws(StoreError) {
      return try await search()
    } catch {
      // What has not ended yet still serves.
      if let current, let expiry = current.expiry, expiry > now { return current }
      throw error
    }
  }

  /// Whether there are other credentials now than these, which the server refused: they have ended, or a file was
  /// written again with others. Until others are found these stay, since a refusal may have another reason.
  func hasOthers(than refused: AWSCredentials) async throws(StoreError) -> Bool {
    // Another request may have found them already.
    if let current, current != refused { return true }
    return try await search() != refused
  }

  /// Looks for credentials anew, once for all who ask meanwhile.
  private func search() async throws(StoreError) -> AWSCredentials {
    let previous = current
    let renewal =
      self.renewal
      ?? Task { [options, region, client] in
        do throws(StoreError) {
          return .success(try await Self.find(options, region: region, client, after: previous))
        } catch {
          return .failure(error)
        }
      }
    self.renewal = renewal
    let result = await renewal.value
    if self.renewal == renewal {
      self.renewal = nil
      if case .success(let found) = result { current = found }
    }
    return try result.get()
  }

  /// The region that the profile in use names. A profile that cannot be read shows when its credentials are needed.
  func regionOfProfile() async -> String? {
    do { return try await SharedProfile.load(options).settings["region"].nonEmpty } catch { return nil }
  }

  private static func find(
    _ options: StoreOptions, region: String, _ client: HTTPClient, after previous: AWSCredentials?
  ) async throws(StoreError) -> AWSCredentials {
    let environment = options.environment
    if let id = options.s3.accessKeyID {
      guard let secret = options.s3.secretAccessKey else {
        throw StoreError(.denied, "S3 credentials", "there is an access key ID, but no secret access key")
      }
      return AWSCredentials(
        accessKeyID: id, secretAccessKey: secret, sessionToken: options.s3.sessionToken, origin: "the options")
    }
    if options.s3.profile == nil, let id = environment("AWS_ACCESS_KEY_ID").nonEmpty {
      guard let secret = environment("AWS_SECRET_ACCESS_KEY").nonEmpty else {
        throw StoreError(.denied, "S3 credentials", "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY isn't")
      }
      return AWSCredentials(
        accessKeyID: id, secretAccessKey: secret, sessionToken: environment("AWS_SESSION_TOKEN").nonEmpty,
        origin: "the environment")
    }
    let service = CredentialServices(environment: environment, region: region, client: client)
    if options.s3.profile == nil, let found = try await service.webIdentity() { return found }
    let profile = try await SharedProfile.load(options)
    if let found = try profile.credentials() { return found }
    if let (file, role) = profile.webIdentity {
      return try await service.assumeRole(role, tokenFile: file, session: nil)
    }
    if let found = try await service.container() { return found }
    let wasThere = previous?.origin == CredentialServices.instanceRole
    if let found = try await service.instance(wasThere: wasThere) { return found }
    throw StoreError(
      .denied, "S3 credentials",
      "there are none: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write a profile into ~/.aws/credentials "
        + "(looked at the environment, web identity, shared files, container and instance metadata)")
  }
}

typealias EnvironmentLookup = @Sendable (_ name: String) -> String?

extension Optional where Wrapped == String {
  /// The text, if there is any.
  var nonEmpty: String? { self?.isEmpty == false ? self : nil }
}
