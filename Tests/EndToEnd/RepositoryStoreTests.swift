import Foundation
import Glibc
import TestSupport
import Testing

/// The whole way to stores other than a healthy folder, with restic on the other side.
@Suite("Repositories in other places")
struct RepositoryStoreTests {
  @Test("S3, with signatures checked: restic reads what we wrote, also through a network that fails")
  func s3() async throws {
    guard let server = try await S3Server() else { return }
    let place = try RepositoryPlace()
    try await place.makeSource()
    let proxy = try FaultProxy(to: server.port)
    var access = server.writer.environment
    access["RESTIC_REPOSITORY"] = server.location(prefix: "shop", port: proxy.port)
    access["AWS_DEFAULT_REGION"] = "us-east-1"
    #expect(try await place.holdfast("init", with: access).exitCode == 0)
    _ = try proxy.inject([
      .internalError, .pass, .slowDown, .pass, .resetUpload, .pass, .resetAfter, .pass, .unavailable,
    ])
    let saved = try await place.holdfast("backup", place.source, "--pack-size", "4MiB", with: access)
    #expect(saved.exitCode == 0, "\(saved)")
    _ = try proxy.inject([])
    var theirs = place.environment.merging(access) { $1 }
    theirs["RESTIC_REPOSITORY"] = server.location(prefix: "shop")
    let check = try await runProgram("restic", ["check", "--read-data"], environment: theirs)
    #expect(check.exitCode == 0, "\(check)")
    _ = try proxy.inject([.pass, .truncate, .internalError, .pass, .resetInBody])
    let target = place.folder.path + "/restored"
    let restored = try await place.holdfast("restore", "latest:\(place.source)", "--target", target, with: access)
    #expect(restored.exitCode == 0, "\(restored)")
    #expect(try await place.facts(target) == place.facts(place.source))
    let pruned = try await place.holdfast("forget", "--keep-last", "1", "--prune", with: access)
    #expect(pruned.exitCode == 0, "\(pruned)")
    for secret in [server.writer.secret, RepositoryPlace.password] {
      #expect(![saved, restored, pruned].contains { ($0.output + $0.errors).contains(secret) })
    }
  }

  @Test("restic's REST server keeps what we write, and restic reads it there")
  func rest() async throws {
    guard let server = try await RESTServer(login: (name: "vault", password: "hush-hush")) else { return }
    let place = try RepositoryPlace()
    try await place.makeSource()
    let access = ["RESTIC_REPOSITORY": server.location("shop", user: "vault:hush-hush")]
    #expect(try await place.holdfast("init", with: access).exitCode == 0)
    let saved = try await place.holdfast("backup", place.source, with: access)
    #expect(saved.exitCode == 0 && !(saved.output + saved.errors).contains("hush"), "\(saved)")
    let check = try await runProgram(
      "restic", ["check", "--read-data"], environment: place.environment.merging(access) { $1 })
    #expect(check.exitCode == 0, "\(check)")
    let wrong = try await place.holdfast(
      "snapshots", with: ["RESTIC_REPOSITORY": server.location("shop", user: "vault:wrong-word")])
    #expect(wrong.exitCode == 1 && !wrong.errors.contains("wrong-word"), "\(wrong)")
  }

  /// In a view of the machine in which our authority is one of the system's.
  @Test(
    "An authority of our own takes the place of the system's, and is not one more",
    .enabled(if: getuid() == 0, "mounting needs root"))
  func authority() async throws {
    guard let server = try await RESTServer() else { return }
    let place = try RepositoryPlace()
    try await place.shell(
      """
      authority="openssl req -x509 -newkey rsa:2048 -nodes -days 2"
      $authority -keyout one.key -out one.pem -subj /CN=One; $authority -keyout other.key -out other.pem -subj /CN=Other
      openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server
      openssl x509 -req -in server.csr -CA one.pem -CAkey one.key -CAcreateserial -days 1 -out server.pem \
        -extfile <(echo subjectAltName=IP:127.0.0.1)
      mkdir system; cp other.pem system/ca-certificates.crt; cp one.pem "system/$(openssl x509 -hash -noout -in one.pem).0"
      """)
    let proxy = try FaultProxy(
      to: server.port, certificate: (place.folder.path + "/server.pem", place.folder.path + "/server.key"))
    defer { withExtendedLifetime(proxy) {} }
    var environment = place.environment
    environment["RESTIC_REPOSITORY"] = "rest:https://127.0.0.1:\(proxy.port)/shop/"
    let cases: [(authority: String?, isTrusted: Bool)] = [(nil, true), ("one.pem", true), ("other.pem", false)]
    for (authority, isTrusted) in cases {
      environment["RESTIC_CACERT"] = authority.map { place.folder.path + "/" + $0 }
      let result = try await runProgram(
        "unshare",
        [
          "--mount", "bash", "-euc",
          "mount --bind '\(place.folder.path)/system' /etc/ssl/certs; exec \"$0\" repo \"$@\"",
          holdfastBinary, authority == nil ? "init" : "snapshots",
        ], environment: environment)
      #expect((result.exitCode == 0) == isTrusted, "\(authority ?? "the system's"): \(result)")
    }
  }

  @Test(
    "A full disk is told, harms nothing, and the backup goes on once there is room",
    .enabled(if: getuid() == 0, "mounting needs root"))
  func fullDisk() async throws {
    let place = try RepositoryPlace()
    try await place.shell(
      """
      mkdir repository source; mount -t tmpfs -o size=24M none repository
      for i in $(seq 12); do head -c 4000000 /dev/urandom >source/$i; done; sleep 2.5
      """)
    defer { umount2(place.repository, Int32(MNT_DETACH)) }
    _ = try await place.holdfast("init")
    let full = try await place.holdfast("backup", place.source, "--pack-size", "4MiB")
    #expect(full.exitCode == 1 && full.errors.contains("No space left"), "\(full)")
    #expect(place.objects("snapshots").isEmpty && place.objects("locks").isEmpty)
    try await place.shell("mount -o remount,size=200M repository")
    try await place.restic("check", "--read-data")
    let next = try await place.holdfast("backup", place.source, "-o", "json")
    #expect(next.exitCode == 0, "\(next)")
    let added = try #require(try next.lastObject()["data_added"] as? Int)
    #expect(added < 44_000_000, "what was stored before the disk was full is not stored again: \(added)")
    try await place.restic("check", "--read-data")
  }

  @Test("A repository that can only be read is read without a lock", .enabled(if: getuid() == 0, "mounting needs root"))
  func readOnly() async throws {
    let place = try RepositoryPlace()
    try await place.makeSource()
    _ = try await place.holdfast("init")
    _ = try await place.holdfast("backup", place.source)
    try await place.shell("mount --bind repository repository; mount -o remount,ro,bind repository")
    defer { umount2(place.repository, Int32(MNT_DETACH)) }
    let refused = try await place.holdfast("backup", place.source)
    #expect(refused.exitCode == 1 && refused.errors.contains("Read-only"), "\(refused)")
    let target = place.folder.path + "/restored"
    let restored = try await place.holdfast(
      "restore", "latest:\(place.source)", "--target", target, "--no-lock")
    #expect(restored.exitCode == 0, "\(restored)")
    #expect(try await place.facts(target) == place.facts(place.source))
  }

  @Test("Several processes write at once, and what they have in common is there for all")
  func manyWriters() async throws {
    let place = try RepositoryPlace()
    try await place.shell("mkdir source; for i in $(seq 30); do head -c 300000 /dev/urandom >source/$i; done")
    _ = try await place.holdfast("init")
    try await withThrowingTaskGroup(of: ProgramResult.self) { group in
      for host in 0..<4 {
        group.addTask { try await place.holdfast("backup", place.source, "--host", "host\(host)") }
      }
      for try await result in group { #expect(result.exitCode == 0, "\(result)") }
    }
    #expect(place.objects("snapshots").count == 4 && place.objects("locks").isEmpty)
    try await place.restic("check", "--read-data")
    let pruned = try await place.holdfast("prune", "--max-unused", "0")
    #expect(pruned.exitCode == 0, "\(pruned)")
    try await place.restic("check", "--read-data")
  }

  @Test("Two processes export one image in parts; the third run reads nothing and makes the snapshot")
  func parts() async throws {
    let place = try RepositoryPlace()
    try await place.shell("head -c 80000000 /dev/urandom >image; sleep 2.5")
    _ = try await place.holdfast("init")
    let backup = ["backup", "--device", "image", "--frozen-as", "snapshot-7", "--path-label", "/shop/disk"]
    try await withThrowingTaskGroup(of: ProgramResult.self) { group in
      for part in ["1/2", "2/2"] {
        group.addTask { try await place.holdfast(backup + ["--part", part, "-o", "json"]) }
      }
      for try await result in group {
        #expect(result.exitCode == 0, "\(result)")
        let read = try #require(try result.lastObject()["bytes_read"] as? Int)
        #expect((20_000_000...60_000_000).contains(read))
      }
    }
    #expect(place.objects("snapshots").isEmpty)
    let joined = try await place.holdfast(backup + ["-o", "json"])
    #expect(try joined.lastObject()["bytes_read"] as? Int == 0, "\(joined)")
    try await place.shell("restic dump latest /shop/disk | cmp - image")
    try await place.restic("check", "--read-data")
  }
}
