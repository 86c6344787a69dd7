import Chunking
import Compression
import Cryptography
import Foundation
import TestSupport

/// How fast one stage is beside what bounds it.
struct StageResult {
  let name: String
  /// MB/s (10^6 bytes), one core.
  let ours: Double
  let limitName: String
  let limit: Double
  /// What is asked for, and whether it is met.
  var goal = ""

  var ratio: Double { ours / limit }
}

/// Each stage of a backup alone, on one core, beside the fastest that others make of it.
struct StageBenchmark {
  /// A folder for a file of 128 MiB, half text, half noise.
  let sample: URL

  private static let block = 1 << 20
  private static let count = 128

  func run() throws -> [StageResult] {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.block * Self.count, alignment: 4096)
    defer { bytes.deallocate() }
    var content = SyntheticContent(seed: 4)
    for (number, block) in blocks(bytes).enumerated() {
      if number.isMultiple(of: 2) { content.fillWithText(block) } else { content.fillWithNoise(block) }
    }
    try shell(#"mkdir -p "$1""#, [sample.path])
    let file = sample.appendingPathComponent("sample")
    try write(UnsafeRawBufferPointer(bytes), to: file.path)
    defer { unlink(file.path) }
    return try [reading(file, bytes), chunking(bytes), hashing(bytes)] + compressing(file, bytes) + [sealing(bytes)]
  }

  private func reading(_ file: URL, _ bytes: UnsafeMutableRawBufferPointer) throws -> StageResult {
    let cat = Command(arguments: ["/bin/cat", file.path])
    try cat.run()
    let limit = Double(bytes.count) / 1e6 / (try (0..<5).map { _ in try cat.run().wall }.min() ?? .nan)
    let ours = try throughput(bytes.count) {
      let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw TestSupportError("cannot read \(file.path)") }
      defer { close(descriptor) }
      while read(descriptor, bytes.baseAddress, Self.block) > 0 {}
    }
    // What was read over the first block is put back for the stages that follow.
    try throughput(0, rounds: 1) {
      let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
      defer { close(descriptor) }
      guard read(descriptor, bytes.baseAddress, Self.block) == Self.block else {
        throw TestSupportError("cannot read \(file.path)")
      }
    }
    return StageResult(name: "read, cached", ours: ours, limitName: "cat", limit: limit)
  }

  private func chunking(_ bytes: UnsafeMutableRawBufferPointer) -> StageResult {
    let chunker = GearChunker(GearTable(secret: [1, 2, 3]))
    let ours = throughput(bytes.count) {
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(chunker.cut(rest))) }
    }
    return StageResult(
      name: "chunking", ours: ours, limitName: "goal", limit: 1500, goal: ours >= 1500 ? "yes" : "**no**")
  }

  private func hashing(_ bytes: UnsafeMutableRawBufferPointer) throws -> StageResult {
    let hash = SHA256()
    let ours = throughput(bytes.count) {
      for block in blocks(bytes) { _ = hash.digest(of: UnsafeRawBufferPointer(block)) }
    }
    let limit = try openSSL("sha256")
    return StageResult(
      name: "SHA-256", ours: ours, limitName: "openssl speed", limit: limit,
      goal: ours / limit >= 0.9 ? "≥ 0.9: yes" : "≥ 0.9: **no**")
  }

  private func compressing(_ file: URL, _ bytes: UnsafeMutableRawBufferPointer) throws -> [StageResult] {
    let target = UnsafeMutableRawBufferPointer.allocate(
      byteCount: ZstdCompressor.bound(Self.block), alignment: 64)
    defer { target.deallocate() }
    return try [1, 3].map { level in
      let compressor = ZstdCompressor(level: level)
      let ours = throughput(bytes.count, rounds: 2) {
        for block in blocks(bytes) { _ = compressor.compress(UnsafeRawBufferPointer(block), into: target) }
      }
      let output = try self.output(["zstd", "-b\(level)", "-i2", "-B\(Self.block)", file.path])
      // "… 134217728 -> 95367431 (x1.407), 1234.5 MB/s, 2345.6 MB/s": the first speed is that of compression.
      let words = output.split(whereSeparator: { $0 == " " || $0 == "\r" || $0 == "\n" })
      let speed = words.lastIndex { $0.hasPrefix("(x") }.flatMap { index in
        words[index...].dropFirst().lazy.compactMap { Double($0) }.first
      }
      guard let speed else { throw TestSupportError("zstd's benchmark said: \(output)") }
      return StageResult(name: "zstd \(level)", ours: ours, limitName: "zstd -b\(level)", limit: speed)
    }
  }

  private func sealing(_ bytes: UnsafeMutableRawBufferPointer) throws -> StageResult {
    let cipher = AuthenticatedCipher(.random())
    let target = UnsafeMutableRawPointer.allocate(
      byteCount: Self.block + AuthenticatedCipher.overhead, alignment: 64)
    defer { target.deallocate() }
    let ours = throughput(bytes.count) {
      for block in blocks(bytes) { cipher.seal(UnsafeRawBufferPointer(block), into: target) }
    }
    return StageResult(
      name: "AES-256-CTR and Poly1305", ours: ours, limitName: "openssl speed aes-256-ctr alone",
      limit: try openSSL("aes-256-ctr"))
  }

  private func blocks(_ bytes: UnsafeMutableRawBufferPointer) -> [UnsafeMutableRawBufferPointer] {
    stride(from: 0, to: bytes.count, by: Self.block).map {
      UnsafeMutableRawBufferPointer(rebasing: bytes[$0..<$0 + Self.block])
    }
  }

  /// MB/s of the fastest of some rounds: what else runs on the machine only ever slows down.
  @discardableResult
  private func throughput(_ count: Int, rounds: Int = 5, _ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<rounds {
      let begin = ContinuousClock.now
      try body()
      best = min(best, (ContinuousClock.now - begin) / .seconds(1))
    }
    return Double(count) / 1e6 / best
  }

  private func openSSL(_ algorithm: String) throws -> Double {
    let output = try output(
      ["openssl", "speed", "-evp", algorithm, "-bytes", "\(Self.block)", "-seconds", "1", "-mr"])
    // "+F:22:sha256:2150000000.00": bytes a second.
    let line = output.split(separator: "\n").last { $0.hasPrefix("+F:") }
    guard let speed = line?.split(separator: ":").last.flatMap({ Double($0) }) else {
      throw TestSupportError("openssl speed said: \(output)")
    }
    return speed / 1e6
  }

  /// What a program says on both streams.
  private func output(_ arguments: [String]) throws -> String {
    let file = sample.appendingPathComponent("output")
    defer { unlink(file.path) }
    try shell(#"out=$1; shift; "$@" >"$out" 2>&1"#, [file.path] + arguments)
    return try String(contentsOf: file, encoding: .utf8)
  }
}
