internal import HTTPClient
internal import JSON
internal import Wording

/// The services that hand out temporary credentials: STS for a web identity, the container's and the instance's metadata.
struct CredentialServices: Sendable {
  let environment: EnvironmentLookup
  let region: String
  let client: HTTPClient

  // MARK: - Web identity

  /// Credentials for the token that Kubernetes puts into a pod; nil where there is none.
  func webIdentity() async throws(StoreError) -> AWSCredentials? {
    guard let file = environment("AWS_WEB_IDENTITY_TOKEN_FILE").nonEmpty,
      let role = environment("AWS_ROLE_ARN").nonEmpty
    else { return nil }
    return try await assumeRole(role, tokenFile: file, session: environment("AWS_ROLE_SESSION_NAME").nonEmpty)
  }

  /// Exchanges the token for a role's credentials.
  func assumeRole(_ role: String, tokenFile: String, session: String?) async throws(StoreError) -> AWSCredentials {
    guard let token = try await readSmallFile(tokenFile)?.trimmed else {
      throw StoreError(.denied, tokenFile, "there is no such file, though it should hold the web identity's token")
    }
    let host = environment("AWS_ENDPOINT_URL_STS").nonEmpty ?? "https://" + amazonHost("sts", region: region)
    let form = canonicalQuery([
      ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
      ("RoleSessionName", session ?? "holdfast"), ("WebIdentityToken", token),
    ])
    let request = HTTPRequest(
      "POST", host + "/", headers: ["Content-Type": "application/x-www-form-urlencoded"], body: .text(form))
    let response = try await send(request, "the web identity")
    var values: [String: String] = [:]
    do throws(XMLReader.Malformed) {
      try XMLReader.forEachElement(in: response.body) { path, text in
        if let name = path.split(separator: "/").last { values[String(name)] = text }
      }
    } catch {
      throw StoreError(.failed, "the web identity", "STS answered with XML that cannot be read: \(error.reason)")
    }
    guard response.status == 200 else {
      throw StoreError(
        .denied, "the web identity",
        "STS refused to exchange it for the role \(role) (\(response.status) \(shownCode(values["Code"] ?? ""))): "
          + (values["Message"].nonEmpty.map { quotedForMessage($0) } ?? "no reason given"))
    }
    return try credentials(
      id: values["AccessKeyId"], secret: values["SecretAccessKey"], token: values["SessionToken"],
      expiration: values["Expiration"], origin: "the web identity")
  }

  // MARK: - Containers

  /// Credentials of an ECS task or an EKS pod; nil outside of them.
  func container() async throws(StoreError) -> AWSCredentials? {
    let url: String
    if let path = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").nonEmpty {
      url = "http://169.254.170.2" + path
    } else if let full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI").nonEmpty {
      guard Self.mayAsk(full) else {
        throw StoreError(
          .denied, "the container's credentials",
          "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor this machine: \(redactedURL(full))")
      }
      url = full
    } else {
      return nil
    }
    var request = HTTPRequest("GET", url)
    if let file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").nonEmpty {
      request.headers["Authorization"] = try await readSmallFile(file)?.trimmed
    } else if let token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN").nonEmpty {
      request.headers["Authorization"] = token
    }
    request.bypassesProxies = true
    let response = try await send(request, "the container's credentials")
    return try credentials(fromJSON: response, origin: "the container")
  }

  /// The secrets must not travel in the clear to any but the machine's own services.
  static func mayAsk(_ url: String) -> Bool {
    if url.lowercased().hasPrefix("https://") { return true }
    guard url.lowercased().hasPrefix("http://") else { return false }
    let authority = url.dropFirst(7).prefix { !"/?#".contains($0) }
    guard !authority.contains("@") else { return false }
    let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
    return ["localhost", "127.0.0.1", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"].contains(String(host))
  }

  // MARK: - Instances

  /// Where credentials of a virtual machine come from, in words.
  static let instanceRole = "the instance's role"

  /// Credentials of the role of a virtual machine, by the second version of the metadata service; nil where no such service
  /// answers, or the machine has no role.
  /// - Parameter wasThere: whether the service has given some before, so that its silence is a failure.
  func instance(wasThere: Bool) async throws(StoreError) -> AWSCredentials? {
    if environment("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" { return nil }
    let base = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT").nonEmpty ?? "http://169.254.169.254"
    let root = base.hasSuffix("/") ? String(base.dropLast()) : base
    var ask = HTTPRequest(
      "PUT", root + "/latest/api/token", headers: ["X-aws-ec2-metadata-token-ttl-seconds": "300"])
    ask.connectTimeout = .seconds(1)
    ask.bypassesProxies = true
    let what = "the instance's credentials"
    let answer: HTTPResponse
    do throws(StoreError) {
      answer = try await send(ask, what, total: .seconds(5), Self.lookingAround)
    } catch {
      // No such service is the usual case, not a failure.
      guard error.kind == .unreachable, !wasThere else { throw error }
      return nil
    }
    guard !HTTPRetryPolicy.retryableStatuses.contains(answer.status) else {
      throw StoreError(.unreachable, what, "cannot be asked for: the metadata service answered \(answer.status)")
    }
    guard answer.status == 200, !answer.text.contains(where: \.isNewline) else { return nil }

    func get(_ path: String) async throws(StoreError) -> HTTPResponse {
      var request = HTTPRequest("GET", root + "/latest/meta-data/iam/security-credentials/" + path)
      request.headers["X-aws-ec2-metadata-token"] = answer.text.trimmed
      request.bypassesProxies = true
      return try await send(request, what)
    }
    let roles = try await get("")
    guard roles.status == 200, let role = roles.text.split(whereSeparator: \.isNewline).first, !role.isEmpty else {
      return nil
    }
    return try credentials(fromJSON: try await get(percentEncoded(String(role))), origin: Self.instanceRole)
  }

  // MARK: - Shared

  /// These services are near, but they do stumble.
  private static let stumbling = HTTPRetryPolicy(
    attempts: 4, firstDelay: .milliseconds(300), longestDelay: .seconds(3))
  /// For one that may not be there at all: whoever has no credentials waits for this.
  private static let lookingAround = HTTPRetryPolicy(
    attempts: 3, firstDelay: .milliseconds(100), longestRetryAfter: .zero)

  /// A few attempts of ten seconds at most, which may take `total` together.
  private func send(
    _ request: HTTPRequest, _ what: String, total: Duration = .seconds(60), _ policy: HTTPRetryPolicy = Self.stumbling
  ) async throws(StoreError) -> HTTPResponse {
    let end = ContinuousClock.now + total
    var request = request
    request.responseLimit = 1 << 20
    var attempt = 1
    while true {
      request.timeout = min(.seconds(10), end - .now)
      let outcome: HTTPRetryPolicy.Outcome
      let result: Result<HTTPResponse, HTTPError>
      do throws(HTTPError) {
        let response = try await client.send(request)
        outcome = .answered(status: response.status, retryAfter: RetryAfter.of(response))
        result = .success(response)
      } catch {
        outcome = .failed(error)
        result = .failure(error)
      }
      var decision = policy.decide(attempt: attempt, outcome: outcome)
      if case .retry(let wait) = decision, ContinuousClock.now + wait >= end { decision = .giveUp }
      switch decision {
      case .giveUp:
        do throws(HTTPError) { return try result.get() } catch {
          if error.kind == .cancelled { throw StoreError(.cancelled, what, "cancelled") }
          throw StoreError(.unreachable, what, "cannot be asked for: \(error)")
        }
      case .retry(let wait):
        do { try await Task.sleep(for: wait) } catch { throw StoreError(.cancelled, what, "cancelled") }
      }
      attempt += 1
    }
  }

  private func credentials(fromJSON response: HTTPResponse, origin: String) throws(StoreError) -> AWSCredentials {
    guard response.status == 200, let json = try? JSONValue(parsing: response.text) else {
      throw StoreError(
        .denied, origin, "the service for credentials answered \(response.status), and not with credentials")
    }
    return try credentials(
      id: json["AccessKeyId"]?.string, secret: json["SecretAccessKey"]?.string, token: json["Token"]?.string,
      expiration: json["Expiration"]?.string, origin: origin)
  }

  private func credentials(
    id: String?, secret: String?, token: String?, expiration: String?, origin: String
  ) throws(StoreError) -> AWSCredentials {
    guard let id = id.nonEmpty, let secret = secret.nonEmpty else {
      throw StoreError(.denied, origin, "the service for credentials gave none")
    }
    return AWSCredentials(
      accessKeyID: id, secretAccessKey: secret, sessionToken: token, expiry: expiration.flatMap(parseTimestamp),
      origin: origin)
  }
}
