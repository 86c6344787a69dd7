import Foundation
import TestSupport

/// Data C: very many very small files.
enum SmallFiles: DataSet {
  static let name = "C"
  static let summary = "500,000 files of 0 to 2 KiB, 1,000 to a folder, three of four of them text"

  private static let perFolder = 1000
  private static func folders(_ place: DataPlace) -> Int { max(1, Int(500 * place.scale)) }

  static func make(_ place: DataPlace) throws {
    var content = SyntheticContent(seed: 3)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 64)
    defer { buffer.deallocate() }
    for folder in 0..<folders(place) {
      try shell(
        #"mkdir "$1" "$2""#, [Self.folder(place.source, folder), Self.folder(place.half, folder)])
      for file in 0..<perFolder {
        let bytes = fill(buffer, &content)
        try write(bytes, to: Self.file(place.source, folder, file))
        if file.isMultiple(of: 2) { try write(bytes, to: Self.file(place.half, folder, file)) }
      }
    }
  }

  /// Writes 1 % of the files anew.
  static func change(_ place: DataPlace, turn: Int) throws -> [Range<Int>] {
    var content = SyntheticContent(seed: UInt64(turn) + 3000)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 64)
    defer { buffer.deallocate() }
    for _ in 0..<folders(place) * perFolder / 100 {
      let folder = content.number(in: 0...folders(place) - 1)
      let file = content.number(in: 0...perFolder - 1)
      try write(fill(buffer, &content), to: Self.file(place.source, folder, file))
    }
    return []
  }

  private static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, _ content: inout SyntheticContent
  ) -> UnsafeRawBufferPointer {
    let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<content.number(in: 0...2048)])
    if content.number(in: 0...3) == 0 { content.fillWithNoise(bytes) } else { content.fillWithText(bytes) }
    return UnsafeRawBufferPointer(bytes)
  }

  private static func folder(_ root: URL, _ number: Int) -> String { "\(root.path)/folder-\(number)" }
  private static func file(_ root: URL, _ folder: Int, _ file: Int) -> String {
    "\(Self.folder(root, folder))/file-\(file).txt"
  }
}
