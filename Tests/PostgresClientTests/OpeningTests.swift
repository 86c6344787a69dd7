import Foundation
import PostgresClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct OpeningTests {
  @Test("connection strings that libpq takes, and those it does not; secrets never show")
  func configurations() throws {
    for text in [
      "postgresql://user:s3cret@host1,host2:5433/db?target_session_attrs=read-write&sslmode=require",
      "host=h user=u password=s3cret dbname=d", "postgres://u@h?password=s3cret", "sslpassword=s3cret sslkey=k", "",
    ] {
      let configuration = try PostgresConfiguration(text)
      var dumped = ""
      dump(configuration, to: &dumped)
      for shown in ["\(configuration)", String(reflecting: configuration), dumped] {
        #expect(!shown.contains("s3cret"), "\(text)")
      }
    }
    for text in [
      "postgresql://u:s3cret@[host", "host=h s3cret", "passwort=s3cret", "postgresql://u:s3cret@h?x=y",
      "host='h password=s3cret", "s3cret", "postgresql://u:%zzs3cret@h",
    ] {
      let error = #expect(throws: PostgresError.self) { try PostgresConfiguration(text) }
      #expect(error?.kind == .invalidConfiguration)
      #expect(error?.description.contains("s3cret") == false, "\(text): \(String(describing: error))")
    }
    #expect(try PostgresConfiguration("connect_timeout=3").connectTimeout == .seconds(3))
  }

  @Test("passwords: the right one, a wrong one, none, a file; roles and databases that are not there")
  func passwords() async throws {
    let server = try await PostgresInstance(hba: ["host all locked 127.0.0.1/32 scram-sha-256"], tcp: true)
    try await server.sql("create role locked login password 's3cret'; create database private")
    try await server.sql("revoke connect on database private from public")
    func open(_ url: String) async throws -> PostgresError? {
      let configuration = try PostgresConfiguration(url)
      return await postgresError { try await PostgresConnection.open(configuration).ping() }
    }
    let base = "postgresql://127.0.0.1:\(server.port)"
    #expect(try await open("\(base)/postgres?user=locked&password=s3cret") == nil)
    let cases: [(String, PostgresError.Kind, String?)] = [
      ("/postgres?user=locked&password=wrong-s3cret", .authentication, "28P01"),
      ("/postgres?user=locked&passfile=/dev/null", .authentication, nil),
      ("/postgres?user=nobody-here", .authentication, "28000"),
      ("/nothing?user=locked&password=s3cret", .missingObject, "3D000"),
      ("/private?user=locked&password=s3cret", .notPermitted, "42501"),
    ]
    for (rest, kind, sqlState) in cases {
      let error = try await open(base + rest)
      #expect(error?.kind == kind, "\(rest): \(String(describing: error))")
      #expect(error?.sqlState == sqlState)
      #expect(error?.isRetryable == false)
      #expect(error?.description.contains("s3cret") == false)
      #expect(error?.description.contains("127.0.0.1:\(server.port)/") == true)
      #expect(error?.description.contains("LOCATION") == false)
    }
    let file = try scratchDirectory().appendingPathComponent("pgpass")
    try Data("127.0.0.1:\(server.port):*:locked:s3cret\n".utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    #expect(try await open("\(base)/postgres?user=locked&passfile=\(file.path)") == nil)
  }

  @Test("nobody listens, no such socket, no such host: unreachable and worth another try")
  func unreachable() async throws {
    for url in [
      "postgresql://127.0.0.1:1/x", "postgresql://%2Fnowhere/x", "postgresql://no-such-host.invalid/x",
    ] {
      let configuration = try PostgresConfiguration(url)
      let error = await postgresError { _ = try await PostgresConnection.open(configuration) }
      #expect(error?.kind == .unreachable, "\(url): \(String(describing: error))")
      #expect(error?.isRetryable == true)
    }
  }

  @Test("a host that accepts and says nothing: its time ends, the deadline ends, or the task is cancelled")
  func silent() async throws {
    let silent = try SilentServer()
    var configuration = try PostgresConfiguration("postgresql://127.0.0.1:\(silent.port)/x")
    configuration.connectTimeout = .milliseconds(100)
    let url = configuration
    let start = ContinuousClock.now
    #expect(await postgresError { _ = try await PostgresConnection.open(url) }?.kind == .timedOut)
    configuration.connectTimeout = .seconds(100)
    let patient = configuration
    #expect(
      await postgresError { _ = try await PostgresConnection.open(patient, until: .now + .milliseconds(100)) }?.kind
        == .timedOut)
    let task = Task { await postgresError { _ = try await PostgresConnection.open(patient) } }
    try await Task.sleep(for: .milliseconds(50))
    task.cancel()
    #expect(await task.value?.kind == .cancelled)
    #expect(start.duration(to: .now) < .seconds(50))
  }

  @Test("of several hosts the first dead, silent or read-only ones are passed over")
  func severalHosts() async throws {
    let silent = try SilentServer()
    let standby = try await PostgresInstance(settings: ["default_transaction_read_only": "on"], tcp: true)
    let primary = try await PostgresInstance(tcp: true)
    let ports = [1, silent.port, standby.port, primary.port].map(String.init)
    let hosts = ports.map { "127.0.0.1:" + $0 }.joined(separator: ",")
    var configuration = try PostgresConfiguration(
      "postgresql://postgres@\(hosts)/postgres?target_session_attrs=read-write")
    // Servers that are only slow must not be passed over.
    configuration.connectTimeout = .seconds(15)
    let connection = try await PostgresConnection.open(configuration)
    #expect(connection.place == "127.0.0.1:\(primary.port)/postgres")

    let alone = try PostgresConfiguration(standby.tcpURL() + "?target_session_attrs=read-write")
    #expect(await postgresError { _ = try await PostgresConnection.open(alone) }?.kind == .unreachable)
    let reader = try await PostgresConnection.open(PostgresConfiguration(standby.tcpURL()))
    let error = await postgresError { try await reader.execute("create table t ()") }
    #expect(error?.kind == .readOnly)
    #expect(error?.isRetryable == true)
  }

  @Test("TLS, when the server offers it")
  func tls() async throws {
    let folder = try scratchDirectory()
    let made = try await runProgram(
      "openssl",
      [
        "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=localhost", "-out", folder.path + "/server.crt",
        "-keyout", folder.path + "/server.key",
      ])
    #expect(made.exitCode == 0, "\(made.errors)")
    let owner = ["chown", "postgres", folder.path, folder.path + "/server.crt", folder.path + "/server.key"]
    if getuid() == 0 { try await runProgram("/usr/bin/env", owner) }
    let server = try await PostgresInstance(
      settings: [
        "ssl": "on", "ssl_cert_file": folder.path + "/server.crt", "ssl_key_file": folder.path + "/server.key",
      ], tcp: true)
    let connection = try await PostgresConnection.open(PostgresConfiguration(server.tcpURL() + "?sslmode=require"))
    let text = String(repeating: "x", count: 5_000_000)
    let row = try await connection.query(
      "select ssl, $1 from pg_stat_ssl where pid = pg_backend_pid()", [.text(text)]
    ).single()
    #expect(try row.bool(0))
    #expect(try row.string(1) == text)
    #expect(
      try await connection.pipeline((0..<1000).map { PostgresRequest("select $1", [.int32($0)]) }).count == 1000)
    let strict = try PostgresConfiguration(server.tcpURL() + "?sslmode=verify-full&sslrootcert=/dev/null")
    #expect(await postgresError { _ = try await PostgresConnection.open(strict) } != nil)
  }

  @Test("the connector tries again until there is a server, and reports each failure")
  func connector() async throws {
    let server = try await PostgresInstance()
    try await server.stop()
    let failures = Box<[PostgresError.Kind]>([])
    let connector = PostgresConnector(
      try PostgresConfiguration(server.url()), backoff: Backoff(first: .milliseconds(20), limit: .milliseconds(100)))
    let task = Task {
      let connection = try await connector.connect { error, _ in failures.change { $0.append(error.kind) } }
      return try await connection.query("select 1").count
    }
    try await eventually { failures.value.count >= 3 }
    try await server.start()
    #expect(try await task.value == 1)
    #expect(failures.value.allSatisfy { $0 == .unreachable || $0 == .shuttingDown })

    try await server.stop()
    let cancelled = Task { await postgresError { _ = try await connector.connect { _, _ in } } }
    try await Task.sleep(for: .milliseconds(50))
    cancelled.cancel()
    #expect(await cancelled.value?.kind == .cancelled)
    let error = await postgresError { _ = try await connector.connect(until: .now + .milliseconds(200)) { _, _ in } }
    #expect(error?.kind == .unreachable)
  }

  @Test("backoff doubles up to its limit, with jitter")
  func backoff() {
    var random = SplitMix64(seed: 1)
    let backoff = Backoff(first: .milliseconds(100), limit: .seconds(1))
    for (failures, full) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (1000, 1000)] {
      for _ in 0..<100 {
        let delay = backoff.delay(after: failures, using: &random)
        #expect(delay >= .milliseconds(full / 2))
        #expect(delay <= .milliseconds(full))
      }
    }
  }
}

/// Accepts connections (the kernel does) and never says a word.
final class SilentServer: Sendable {
  private let descriptor: Int32
  let port: Int

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let done = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard done else { throw TestSupportError("cannot listen on 127.0.0.1") }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }
}
