import Backup
import Foundation
import ObjectStores
import ResticRepository
import TestSupport

/// One image goes to a store that limits each connection: by one process, and in parts by two that a third one joins.
struct SlowStore {
  /// What it took, in seconds.
  struct Result {
    let one: [Double]
    let two: [Double]
  }

  let scratch: URL
  let runs: Int

  private static let connections = 4
  private static let bytesPerSecond = 1 << 20
  private static let size = 128 << 20
  /// Small packs, so that no process waits long for the last one of another.
  private static let packSize = 4 << 20

  /// Nil where there is no S3 server to be had.
  func run() async throws -> Result? {
    guard let server = try await S3Server() else { return nil }
    let proxy = try FaultProxy(to: server.port)
    try proxy.limit(bytesPerSecond: Self.bytesPerSecond)
    let image = try makeImage()
    defer { unlink(image.path) }
    var (one, two): ([Double], [Double]) = ([], [])
    for run in 0..<runs {
      let alone = server.location(prefix: "one-\(run)", port: proxy.port)
      try command(server, ["create", alone]).run()
      one.append(try command(server, ["backup", alone, image.path]).run().wall)
      let shared = server.location(prefix: "two-\(run)", port: proxy.port)
      try command(server, ["create", shared]).run()
      two.append(try command(server, ["both", shared, image.path]).run().wall)
      note("slow store: \(one.last ?? .nan) s alone, \(two.last ?? .nan) s by two")
    }
    return Result(one: one, two: two)
  }

  /// What the processes do; the first argument says which of them this is.
  static func child(_ arguments: [String]) async throws {
    guard arguments.count > 1 else { throw TestSupportError("slow-store is for the benchmark's own processes") }
    let location = arguments[1]
    let password = Password(Array(RepositoryPlace.password.utf8))
    var options = StoreOptions()
    options.connections = connections
    let store = try openStore(location, options: options)
    switch (arguments[0], arguments.dropFirst(2).first) {
    case ("create", nil): _ = try await Repository.initialize(store, password: password)
    case ("backup", let image?):
      let repository = try await Repository.open(store, password: password)
      try await repository.withLock(exclusive: false) { lock in
        _ = try await backUp(request(image), to: repository, lock: lock, cache: .none)
      }
    case ("part", let image?):
      guard let index = arguments.last.flatMap({ Int($0) }) else { throw TestSupportError("which part?") }
      let repository = try await Repository.open(store, password: password)
      let problems = try await repository.withLock(exclusive: false) { lock in
        try await exportPart(
          BackupPart(index: index, count: 2), of: request(image), to: repository, lock: lock, cache: .none)
      }
      if let problem = problems.first { throw problem }
    case ("both", let image?):
      let start = #""$@" 0 & first=$!; "$@" 1 & second=$!; wait $first; wait $second"#
      try shell(start, [ownProgram, "slow-store", "part", location, image])
      try await child(["backup", location, image])
    default: throw TestSupportError("slow-store is for the benchmark's own processes")
    }
  }

  private static func request(_ image: String) -> BackupRequest {
    var request = BackupRequest(source: .image(path: image))
    request.writing.packSize = packSize
    request.writing.uploads = connections
    return request
  }

  private func command(_ server: S3Server, _ arguments: [String]) -> Command {
    Command(arguments: [ownProgram, "slow-store"] + arguments, environment: server.writer.environment)
  }

  /// Noise: what is stored is as large as what is read.
  private func makeImage() throws -> URL {
    try shell(#"mkdir -p "$1""#, [scratch.path])
    let image = scratch.appendingPathComponent("slow.img")
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.size, alignment: 4096)
    defer { bytes.deallocate() }
    var content = SyntheticContent(seed: 5)
    content.fillWithNoise(bytes)
    try write(UnsafeRawBufferPointer(bytes), to: image.path)
    return image
  }
}
