import Foundation
import TestSupport

/// Data A: files of this machine, small and large, chosen by a hash of their names.
enum RealFiles: DataSet {
  static let name = "A"
  static let summary = "2 GiB of files copied from /usr and Swift's toolchain, none above 128 MiB"

  private static let total = 2 << 30

  static func make(_ place: DataPlace) throws {
    var chosen: [(size: Int, name: Data)] = []
    var sum = 0
    for file in try candidates() where sum < Int(Double(total) * place.scale) {
      chosen.append(file)
      sum += file.size
    }
    try join(chosen.map(\.name)).write(to: place.list)
    let half = place.folder.appendingPathComponent("half.list")
    try join(chosen.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element.name)).write(to: half)
    let copy = #"tar -C "$1" --null --no-recursion -T "$2" -cf - | tar -C "$3" -xf -"#
    try shell(copy, ["/", place.list.path, place.source.path])
    try shell(copy, [place.source.path, half.path, place.half.path])
  }

  /// Overwrites some bytes in the middle of files that make up 1 % of all bytes. Large ones stay as they are: one alone
  /// could be more than that.
  static func change(_ place: DataPlace, turn: Int) throws -> [Range<Int>] {
    let names = try Data(contentsOf: place.list).split(separator: 0)
    var content = SyntheticContent(seed: UInt64(turn) + 1000)
    var left = Int(Double(total) * place.scale / 100)
    let start = turn * names.count / 20
    for step in names.indices where left > 0 {
      let path = place.source.path + "/" + String(decoding: names[(start + step) % names.count], as: UTF8.self)
      var information = stat()
      guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { continue }
      let size = Int(information.st_size)
      guard (1...4 << 20).contains(size) else { continue }
      try withUnsafeTemporaryAllocation(byteCount: min(64, size - size / 2), alignment: 8) { bytes in
        content.fillWithNoise(bytes)
        try write(UnsafeRawBufferPointer(bytes), to: path, at: size / 2, flags: 0)
      }
      left -= size
    }
    return []
  }

  /// All files and links that may be taken, in the order of their hashes: the same files on the same machine.
  private static func candidates() throws -> [(size: Int, name: Data)] {
    let found = place("found")
    let program = try swiftProgram()
    let toolchain = URL(fileURLWithPath: program).deletingLastPathComponent().deletingLastPathComponent().path
    let roots = toolchain.hasPrefix("/usr") ? ["/usr"] : ["/usr", toolchain]
    try shell(
      #"out=$1; shift; find "$@" -xdev \( -type f -size -128M -o -type l \) -printf '%s %p\0' >"$out""#, [found] + roots
    )
    defer { unlink(found) }
    let files = try Data(contentsOf: URL(fileURLWithPath: found)).split(separator: 0).compactMap {
      entry -> (order: UInt64, size: Int, name: Data)? in
      guard let space = entry.firstIndex(of: 32), let size = Int(String(decoding: entry[..<space], as: UTF8.self)),
        String(data: entry, encoding: .utf8) != nil
      else { return nil }
      let name = Data(entry[(space + 2)...])  // without the leading slash
      return (order(name), size, name)
    }
    return files.sorted { $0.order < $1.order }.map { ($0.size, $0.name) }
  }

  private static func swiftProgram() throws -> String {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let programs = path.split(separator: ":").map { "\($0)/swift" }
    guard let program = programs.first(where: { access($0, X_OK) == 0 }) else {
      throw TestSupportError("swift is not in PATH: its toolchain is part of data A")
    }
    return URL(fileURLWithPath: program).resolvingSymlinksInPath().path
  }

  /// FNV-1a, mixed once more.
  private static func order(_ name: Data) -> UInt64 {
    let hash = name.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    var mixer = SplitMix64(seed: hash)
    return mixer.next()
  }

  private static func place(_ name: String) -> String { "/tmp/holdfast-benchmark-\(name)-\(getpid())" }

  private static func join(_ names: [Data]) -> Data { names.reduce(into: Data()) { $0 += $1 + [0] } }
}
