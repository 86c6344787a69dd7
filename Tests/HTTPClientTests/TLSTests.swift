import Foundation
import HTTPTestServer
import Testing

@testable import HTTPClient

/// A certificate authority and certificates of it, made by openssl.
struct TestCertificates {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-tls-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try run("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=TestCA")
    for (name, address) in [("good", "127.0.0.1"), ("other", "127.0.0.2")] {
      try "subjectAltName=IP:\(address)".write(
        to: folder.appending(path: "\(name).ext"), atomically: true, encoding: .utf8)
      try run("req -newkey rsa:2048 -nodes -keyout \(name).key -out \(name).csr -subj /CN=\(name)")
      try run(
        "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile \(name).ext -out \(name).pem"
      )
    }
    // For clients: a certificate with its key in one file; one that nobody trusts; one whose key has a passphrase.
    try join("other.pem", "other.key", into: "client.pem")
    try run("req -x509 -newkey rsa:2048 -nodes -keyout stranger.key -out stranger.crt -days 2 -subj /CN=Stranger")
    try join("stranger.crt", "stranger.key", into: "stranger.pem")
    try run("rsa -aes128 -passout pass:secret -in other.key -out locked.key")
    try join("other.pem", "locked.key", into: "locked.pem")
  }

  private func join(_ certificate: String, _ key: String, into name: String) throws {
    let parts = try [certificate, key].map { try Data(contentsOf: folder.appending(path: $0)) }
    try Data(parts.joined()).write(to: folder.appending(path: name))
  }

  func path(_ name: String) -> String { folder.appending(path: name).path() }

  private func run(_ arguments: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments.split(separator: " ").map(String.init)
    process.currentDirectoryURL = folder
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }
}

@Suite("TLS")
struct TLSTests {
  @Test("a server is trusted by its authority and its name, and by nothing else")
  func trust() async throws {
    let certificates = try TestCertificates()
    defer { try? FileManager.default.removeItem(at: certificates.folder) }
    let good = try HTTPTestServer(certificate: (certificates.path("good.pem"), certificates.path("good.key")))
    let other = try HTTPTestServer(certificate: (certificates.path("other.pem"), certificates.path("other.key")))
    let trusting = HTTPClient(caFile: certificates.path("ca.pem"))
    let request = HTTPRequest("GET", good.url("echo", scheme: "https"))

    #expect(try await trusting.send(request).status == 200)
    #expect(await failure(of: request)?.kind == .untrusted)
    #expect(await failure(of: HTTPRequest("GET", other.url("echo", scheme: "https")), trusting)?.kind == .untrusted)
    #expect(await failure(of: request, HTTPClient(caFile: "/no/such/file"))?.kind == .local)
    // Plain HTTP on the other side is a TLS failure.
    #expect(await failure(of: HTTPRequest("GET", try server.get().url("echo", scheme: "https")))?.kind == .tls)
  }

  @Test("where two sets of authorities count, a server is trusted if one of them vouches for it")
  func twoTrusts() async throws {
    let certificates = try TestCertificates()
    defer { try? FileManager.default.removeItem(at: certificates.folder) }
    let good = try HTTPTestServer(certificate: (certificates.path("good.pem"), certificates.path("good.key")))
    let request = HTTPRequest("POST", good.url("echo", scheme: "https"), body: .text("once"))
    let ours = TransferSettings(caFile: certificates.path("ca.pem"))
    let other = TransferSettings(caFile: certificates.path("stranger.crt"))

    for both in [[ours, other], [other, ours]] {
      #expect(try await HTTPClient(concurrentTransfers: 2, trying: both).send(request).status == 200)
    }
    let neither = HTTPClient(concurrentTransfers: 2, trying: [other, other])
    #expect(await failure(of: request, neither)?.kind == .untrusted)
    let withSystem = HTTPClient(caFile: certificates.path("ca.pem"), trustsSystemToo: true)
    #expect(try await withSystem.send(request).status == 200)

    // The file must not take the place of the system's.
    #expect(TransferSettings().trusting("file", systemToo: true).map(\.caFile) == ["file", nil])
    #expect(TransferSettings().trusting("file", systemToo: false).map(\.caFile) == ["file"])
    #expect(TransferSettings().trusting(nil, systemToo: true).map(\.caFile) == [nil])
  }

  @Test("a server that wants to know who we are is shown our certificate")
  func clientCertificate() async throws {
    let certificates = try TestCertificates()
    defer { try? FileManager.default.removeItem(at: certificates.folder) }
    let server = try HTTPTestServer(
      certificate: (certificates.path("good.pem"), certificates.path("good.key")),
      clientAuthority: certificates.path("ca.pem"))
    func client(_ certificate: String?) -> HTTPClient {
      HTTPClient(caFile: certificates.path("ca.pem"), clientCertificate: certificate.map(certificates.path))
    }
    let request = HTTPRequest("GET", server.url("echo", scheme: "https"))

    #expect(try await client("client.pem").send(request).status == 200)
    // The server closes at once, which now and then overtakes what it says.
    for certificate in [nil, "stranger.pem"] {
      var kinds: [HTTPError.Kind?] = []
      repeat {
        kinds.append(await failure(of: request, client(certificate))?.kind)
      } while kinds.last == .interrupted && kinds.count < 50
      #expect(kinds.last == .refused, "\(kinds)")
    }
    #expect(await failure(of: request, client("locked.pem"))?.kind == .local)
    #expect(await failure(of: request, client("missing.pem"))?.kind == .local)
  }
}
