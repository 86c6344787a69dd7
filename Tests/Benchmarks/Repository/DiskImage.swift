import Foundation
import TestSupport

/// Data B: an image of a disk.
enum DiskImage: DataSet {
  static let name = "B"
  static let summary = "an image of 2 GiB: 30 % noise, 40 % text, 30 % zeros, in stretches of 64 KiB to 2 MiB"

  private static let page = 4096
  private static func total(_ place: DataPlace) -> Int { Int(2 * 1024 * place.scale) << 20 }
  static func image(_ folder: URL) -> URL { folder.appendingPathComponent("disk.img") }

  static func make(_ place: DataPlace) throws {
    var content = SyntheticContent(seed: 2)
    let total = total(place)
    // What each kind still owes: so the shares come out exactly.
    var owed = [Kind.noise: total / 10 * 3, .text: total / 10 * 4, .zeros: total - total / 10 * 7]
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 << 20, alignment: 64)
    defer { buffer.deallocate() }
    let path = image(place.source).path
    try write(UnsafeRawBufferPointer(start: nil, count: 0), to: path)
    var position = 0
    while position < total {
      var draw = content.number(in: 0...(total - position - 1))
      let kind = Kind.allCases.first { kind in
        draw -= owed[kind, default: 0]
        return draw < 0
      }
      guard let kind, let rest = owed[kind] else { break }
      let count = min(content.number(in: 16...512) * page, rest)
      let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
      content.fill(bytes, with: kind)
      try write(UnsafeRawBufferPointer(bytes), to: path, at: position, flags: 0)
      owed[kind] = rest - count
      position += count
    }
    // Every second 16 MiB, zeros elsewhere.
    try shell(
      #"truncate -s "$3" "$2"; n=$(($3 / 16777216)); i=0; while [ $i -lt $n ]; do dd if="$1" of="$2" bs=16M count=1 skip=$i seek=$i conv=notrunc status=none; i=$((i + 2)); done"#,
      [path, image(place.half).path, "\(total)"])
  }

  /// Writes 1 % anew, in pieces of 128 KiB.
  static func change(_ place: DataPlace, turn: Int) throws -> [Range<Int>] {
    var content = SyntheticContent(seed: UInt64(turn) + 2000)
    let count = 128 << 10
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    defer { buffer.deallocate() }
    let total = total(place)
    return try (0..<max(1, total / 100 / count)).map { number in
      let start = content.number(in: 0...(total - count) / page) * page
      content.fill(buffer, with: number.isMultiple(of: 2) ? .noise : .text)
      try write(UnsafeRawBufferPointer(buffer), to: image(place.source).path, at: start, flags: 0)
      return start..<start + count
    }.sorted { $0.lowerBound < $1.lowerBound }
  }

  enum Kind: CaseIterable { case noise, text, zeros }
}

extension SyntheticContent {
  fileprivate mutating func fill(_ bytes: UnsafeMutableRawBufferPointer, with kind: DiskImage.Kind) {
    switch kind {
    case .noise: fillWithNoise(bytes)
    case .text: fillWithText(bytes)
    case .zeros: bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }
  }
}
