import Backup
import Foundation
import ObjectStores
import ResticRepository
import TestSupport
import Testing

/// Whole backups to servers, through a proxy that spoils a third of the requests; the real restic reads what came of it.
@Suite("Backups over a network that fails", .serialized)
struct NetworkStoreTests {
  private static let faults: [FaultProxy.Fault] = [
    .pass, .internalError, .pass, .slowDown, .resetBefore, .pass, .truncate, .resetAfter, .resetUpload, .pass, .stall,
    .pass,
    .resetInBody, .pass, .unavailable, .pass,
  ]

  @Test("to S3")
  func s3() async throws {
    guard let server = try await S3Server() else { return }
    defer { withExtendedLifetime(server) {} }
    var options = StoreOptions()
    options.s3.accessKeyID = server.writer.id
    options.s3.secretAccessKey = server.writer.secret
    try await judge(
      port: server.port, options, environment: server.writer.environment,
      { server.location(prefix: "backups", port: $0) })
  }

  @Test("to restic's REST server")
  func rest() async throws {
    guard let server = try await RESTServer() else { return }
    defer { withExtendedLifetime(server) {} }
    try await judge(port: server.port, StoreOptions(), environment: [:], { server.location("backups", port: $0) })
  }

  /// Backs up twice through the faults; restic checks and restores without them.
  private func judge(
    port: Int, _ options: StoreOptions, environment: [String: String], _ location: (_ proxyPort: Int?) -> String
  ) async throws {
    let proxy = try FaultProxy(to: port)
    defer { withExtendedLifetime(proxy) {} }
    try proxy.inject(Self.faults)
    var options = options
    options.stallLimit = .seconds(5)
    let store = try openStore(location(proxy.port), options: options)
    let repository = try await Repository.initialize(store, password: Password(Array(TestRepository.password.utf8)))

    let place = try scratchDirectory("source")
    try await shell(
      "for i in $(seq 50); do mkdir a-$i; seq $i 500 >a-$i/f; done; head -c 20000000 /dev/urandom >big; ln -s big link",
      in: place)
    for round in 1...2 {
      try await shell("echo \(round) >changed", in: place)
      _ = try await repository.withLock(exclusive: false) { lock in
        try await backUp(BackupRequest(source: .files([place.path])), to: repository, lock: lock, cache: .none)
      }
    }
    #expect(try proxy.counts().faults > 5)

    for tool in [TestTools.newRestic, TestTools.debianRestic] {
      guard let restic = tool.pathOrSkip else { continue }
      let target = try scratchDirectory("restored")
      let variables = environment.merging(
        ["RESTIC_REPOSITORY": location(nil), "RESTIC_PASSWORD": TestRepository.password, "PATH": "/usr/bin:/bin"]
      ) { $1 }
      let check = try await runProgram(restic, ["--no-cache", "check", "--read-data"], environment: variables)
      #expect(check.exitCode == 0 && check.output.contains("no errors were found"), "\(check.output)\(check.errors)")
      try await runProgram(
        restic, ["--no-cache", "restore", "latest", "--target", target.path], environment: variables
      ).orThrow("restore")
      try await shell("diff -r --no-dereference \(place.path) \(target.path)\(place.path)", in: place)
    }
  }
}
