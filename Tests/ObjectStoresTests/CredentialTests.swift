import Foundation
import HTTPClient
import HTTPTestServer
import Synchronization
import TestSupport
import Testing

@testable import ObjectStores

/// Each place that credentials come from, proved by a request that the server accepts.
@Suite("AWS credentials")
struct CredentialTests {
  private func works(_ server: S3Server, _ environment: [String: String], profile: String? = nil) async throws -> Bool {
    var options = StoreOptions.testing(
      nil, environment: ["AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"].merging(environment) { $1 })
    options.s3.profile = profile
    let store = try S3Store(server.location(prefix: "credentials"), options: options)
    try await store.prepare()
    return true
  }

  /// The region with which requests are signed.
  private func regionInUse(_ server: S3Server, _ environment: [String: String]) async throws -> String {
    let store = try S3Store(server.location(prefix: "r"), options: .testing(nil, environment: environment))
    try await store.prepare()
    return store.regionNow
  }

  private func message(_ server: S3Server, _ environment: [String: String], profile: String? = nil) async throws
    -> String
  {
    do {
      _ = try await works(server, environment, profile: profile)
      return "nothing was thrown"
    } catch let error as StoreError {
      return error.description
    }
  }

  @Test("come from the environment")
  func environment() async throws {
    guard let server = try await sharedS3Server() else { return }
    #expect(try await works(server, server.writer.environment))
    #expect(try await works(server, server.role.environment))
    #expect(try await message(server, ["AWS_ACCESS_KEY_ID": "x"]).contains("AWS_SECRET_ACCESS_KEY isn't"))
  }

  @Test("come from the shared files and the profile that is named")
  func sharedFiles() async throws {
    guard let server = try await sharedS3Server() else { return }
    let home = try scratchDirectory("home")
    try FileManager.default.createDirectory(at: home.appendingPathComponent(".aws"), withIntermediateDirectories: false)
    let credentials = """
      # comment
      [default]
      aws_access_key_id=\(server.stranger.id)
      aws_secret_access_key=\(server.stranger.secret)

      [ backup ]
      aws_access_key_id = \(server.role.id)
        AWS_Secret_Access_Key = ignored, nested
      aws_secret_access_key = \(server.role.secret)
      aws_session_token = \(server.role.token ?? "")
      [half]
      aws_access_key_id = x
      """
    try credentials.write(to: home.appendingPathComponent(".aws/credentials"), atomically: true, encoding: .utf8)
    let config = """
      [profile other]
      region = eu-west-1
      aws_access_key_id = \(server.writer.id)
      aws_secret_access_key = \(server.writer.secret)
      [profile chained]
      role_arn = arn:aws:iam::1:role/x
      source_profile = default
      [profile machine]
      role_arn = arn:aws:iam::1:role/x
      credential_source = Ec2InstanceMetadata
      [profile itself]
      role_arn = arn:aws:iam::1:role/x
      source_profile = itself
      aws_access_key_id = \(server.writer.id)
      aws_secret_access_key = \(server.writer.secret)
      """
    try config.write(to: home.appendingPathComponent(".aws/config"), atomically: true, encoding: .utf8)
    let here = ["HOME": home.path]
    #expect(try await works(server, here, profile: "backup"))
    #expect(try await regionInUse(server, here.merging(["AWS_PROFILE": "other"]) { $1 }) == "eu-west-1")
    #expect(try await regionInUse(server, here.merging(["AWS_PROFILE": "other", "AWS_REGION": "x-1"]) { $1 }) == "x-1")
    #expect(try await regionInUse(server, here.merging(["AWS_PROFILE": "backup"]) { $1 }) == "us-east-1")
    #expect(try await works(server, here.merging(["AWS_PROFILE": "other"]) { $1 }))
    // A profile that is asked for wins over keys in the environment.
    #expect(try await works(server, here.merging(server.stranger.environment) { $1 }, profile: "other"))
    #expect(try await message(server, here).contains("access denied: the credentials from the profile 'default'"))
    #expect(try await message(server, here, profile: "half").contains("no aws_secret_access_key"))
    #expect(try await message(server, here, profile: "chained").contains("source_profile"))
    #expect(try await message(server, here, profile: "machine").contains("credential_source"))
    #expect(try await message(server, here, profile: "itself").contains("source_profile"))
    #expect(try await message(server, here, profile: "nobody").contains("there is no profile 'nobody'"))
  }

  @Test(
    "are read again when the server refuses those that a file had, also to a request that it answers without a word")
  func rewrittenFile() async throws {
    guard let server = try await sharedS3Server() else { return }
    let home = try scratchDirectory("home")
    let file = home.appendingPathComponent("credentials")
    func write(_ key: S3Server.Key) throws {
      let text = "[default]\naws_access_key_id = \(key.id)\naws_secret_access_key = \(key.secret)\n"
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let store = try S3Store(
      server.location(prefix: "rewritten"),
      options: .testing(nil, environment: ["AWS_SHARED_CREDENTIALS_FILE": file.path, "HOME": home.path]))
    try write(server.writer)
    try await store.put(.config, [1, 2, 3], overwrite: true)
    // What nobody may use any more, as after a rotation; and then the new one.
    try write(server.stranger)
    let stale = try S3Store(
      server.location(prefix: "rewritten"),
      options: .testing(nil, environment: ["AWS_SHARED_CREDENTIALS_FILE": file.path, "HOME": home.path]))
    await expect(.denied) { () async throws(StoreError) in _ = try await stale.size(of: .config) }
    try write(server.writer)
    #expect(try await stale.size(of: .config) == 3)
  }

  @Test("are asked of Amazon's service in the region, which in China has another domain")
  func hostsOfAmazon() {
    #expect(amazonHost("sts", region: "eu-west-1") == "sts.eu-west-1.amazonaws.com")
    #expect(amazonHost("sts", region: "cn-north-1") == "sts.cn-north-1.amazonaws.com.cn")
    #expect(amazonHost("s3", region: "us-gov-west-1") == "s3.us-gov-west-1.amazonaws.com")
  }

  /// The environment of a web identity, and the file with its token.
  private func identity(_ server: S3Server) throws -> (environment: [String: String], token: URL) {
    let file = try scratchDirectory("token").appendingPathComponent("token")
    try "token of pod\n".write(to: file, atomically: true, encoding: .utf8)
    let environment = [
      "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "AWS_WEB_IDENTITY_TOKEN_FILE": file.path,
      "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/backup",
      "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:\(server.port)/sts",
    ]
    return (environment, file)
  }

  /// A refusal without a word is told as what it is.
  private func expectRefusal(of store: S3Store, behind proxy: FaultProxy) async throws {
    try proxy.inject([.forbidden])
    do throws(StoreError) {
      _ = try await store.size(of: .config)
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.kind == .denied && error.description.contains("access denied"), "\(error)")
    }
  }

  @Test("serve on where a request is refused without a word and there are no others to be had")
  func serviceAway() async throws {
    guard let server = try await sharedS3Server() else { return }
    let proxy = try FaultProxy(to: server.port)
    defer { withExtendedLifetime(proxy) {} }
    let (environment, token) = try identity(server)
    let store = try S3Store(
      server.location(prefix: "away", port: proxy.port), options: .testing(nil, environment: environment))
    try await store.put(.config, [1, 2, 3], overwrite: true)
    try FileManager.default.removeItem(at: token)
    try await expectRefusal(of: store, behind: proxy)
    try proxy.inject([])
    #expect(try await store.size(of: .config) == 3)
    // Where the server says that they have ended, it counts why there are no others.
    try proxy.inject([.expiredToken])
    do throws(StoreError) {
      _ = try await store.get(.config)
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.description.contains("there is no such file, though it should hold the web identity's token"))
    }
  }

  @Test("that are new don't make a refusal another one")
  func plainRefusal() async throws {
    guard let server = try await sharedS3Server() else { return }
    let proxy = try FaultProxy(to: server.port)
    defer { withExtendedLifetime(proxy) {} }
    let reports = Mutex<[String]>([])
    var options = StoreOptions.testing(nil, environment: try identity(server).environment)
    options.firstRetryDelay = .milliseconds(20)
    options.report = { line in reports.withLock { $0.append(line) } }
    let store = try S3Store(server.location(prefix: "refusal", port: proxy.port), options: options)
    try await store.put(.config, [1, 2, 3], overwrite: true)
    // Later credentials of this server differ by when they end, in seconds.
    try await Task.sleep(for: .milliseconds(1100))
    try await expectRefusal(of: store, behind: proxy)
    let lines = reports.withLock { $0 }
    #expect(lines.map { $0.contains("answered 403") && !$0.contains("expired") } == [true], "\(lines)")
  }

  @Test("come from a web identity")
  func webIdentity() async throws {
    guard let server = try await sharedS3Server() else { return }
    var environment = try identity(server).environment
    #expect(try await works(server, environment))
    environment["AWS_ROLE_ARN"] = "other"
    #expect(try await message(server, environment).contains("STS refused to exchange it for the role other"))
    environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/nonexistent"
    #expect(try await message(server, environment).contains("no such file"))
  }

  @Test("what STS says is shortened and without control characters")
  func hostileService() async throws {
    let server = try HTTPTestServer()
    defer { withExtendedLifetime(server) {} }
    let file = try scratchDirectory("token").appendingPathComponent("token")
    try "token\n".write(to: file, atomically: true, encoding: .utf8)
    let long = "\u{1b}[2J" + String(repeating: "x", count: 1000)
    let body = percentEncoded("<Error><Code>\(long)</Code><Message>\(long)</Message></Error>")
    let environment = [
      "AWS_WEB_IDENTITY_TOKEN_FILE": file.path, "AWS_ROLE_ARN": "role",
      "AWS_ENDPOINT_URL_STS": server.url("status?code=400&body=\(body)&rest="),
    ]
    let store = try S3Store("s3:http://127.0.0.1:1/bucket", options: .testing(nil, environment: environment))
    do throws(StoreError) {
      try await store.prepare()
      Issue.record("nothing was thrown")
    } catch {
      let text = error.description
      #expect(text.contains("STS refused") && !text.contains("\u{1b}") && text.count < 500, "\(text)")
    }
  }

  @Test("come from a container's service, with its token")
  func container() async throws {
    guard let server = try await sharedS3Server() else { return }
    var environment = [
      "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:\(server.port)/container",
      "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token-of-container",
    ]
    #expect(try await works(server, environment))
    environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "wrong"
    let refused = try await message(server, environment)
    #expect(refused.contains("answered 403"))
    #expect(!refused.contains("secret-reason") && !refused.contains("wrong"))
    environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://user:secret@evil.example/x"
    #expect(try await message(server, environment).contains("neither https nor this machine: http://…@evil.example/x"))
  }

  @Test(
    "are asked for in the clear on this machine only",
    arguments: [
      ("http://localhost/x", true), ("http://[::1]:80/", true), ("http://169.254.170.23/v1/credentials", true),
      ("https://anywhere/x", true), ("http://10.0.0.1/", false), ("http://localhost@evil/", false),
      ("ftp://localhost/", false),
      ("http://localhost.evil/", false), ("", false),
    ])
  func hosts(_ url: String, _ expected: Bool) {
    #expect(CredentialServices.mayAsk(url) == expected)
  }

  @Test("come from the instance's metadata, version 2; without any service there are none")
  func instance() async throws {
    guard let server = try await sharedS3Server() else { return }
    var environment = [
      "AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:\(server.port)/",
    ]
    #expect(try await works(server, environment))
    environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1"
    #expect(try await message(server, environment).contains("there are none: set AWS_ACCESS_KEY_ID"))
    let service = CredentialServices(
      environment: { [environment] name in environment[name] }, region: "us-east-1", client: HTTPClient())
    #expect(try await service.instance(wasThere: false) == nil)
    await expect(.unreachable) { () async throws(StoreError) in _ = try await service.instance(wasThere: true) }
  }

  @Test("come from a metadata service that stumbles; one that always does is told of")
  func stumblingInstance() async throws {
    guard let server = try await sharedS3Server() else { return }
    func environment(_ times: Int) -> [String: String] {
      [
        "AWS_EC2_METADATA_DISABLED": "",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:\(server.port)/stumbling/\(times)",
      ]
    }
    #expect(try await works(server, environment(2)))
    #expect(try await message(server, environment(1000)).contains("the metadata service answered 503"))
  }

  @Test("are renewed before they end, and not sooner; many requests at once ask once")
  func renewal() async throws {
    guard let server = try await S3Server() else { return }
    defer { withExtendedLifetime(server) {} }
    func asked() async throws -> Int? {
      Int(try await HTTPClient.shared.send(HTTPRequest("GET", "http://127.0.0.1:\(server.port)/asked")).text)
    }
    for (seconds, expected) in [(3600, 1), (200, 3)] {
      let before = try await asked() ?? 0
      let options = StoreOptions.testing(
        nil,
        environment: [
          "HOME": "/nonexistent",
          "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:\(server.port)/container?seconds=\(seconds)",
          "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token-of-container",
        ])
      let store = try S3Store(server.location(), options: options)
      for _ in 0..<3 {
        await withTaskGroup(of: Void.self) { group in
          for _ in 0..<(seconds == 3600 ? 8 : 1) {
            group.addTask {
              do { _ = try await store.list(.key) } catch { Issue.record(error) }
            }
          }
        }
      }
      #expect((try await asked() ?? 0) - before == expected, "\(seconds)")
    }
  }
}
