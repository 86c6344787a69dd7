internal import CommandSyntax

/// A list of what changed in an image.
enum ChangedBlocks {
  /// The ranges of a list with an offset and a length in bytes a line; `#` begins a remark.
  /// - Parameter file: its name, for messages.
  /// - Throws: `CommandFailure` that names the line that is wrong.
  static func parse(_ contents: [UInt8], _ file: String) throws -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for (index, line) in contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      let words = line.prefix { $0 != UInt8(ascii: "#") }.split { [9, 13, 32, UInt8(ascii: ",")].contains($0) }
      if words.isEmpty { continue }
      let numbers = words.map { Int(String(decoding: $0, as: UTF8.self)) }
      guard numbers.count == 2, let offset = numbers[0], let length = numbers[1], offset >= 0, length >= 0,
        case let (end, overflows) = offset.addingReportingOverflow(length), !overflows
      else {
        throw CommandFailure(
          .failed,
          "line \(index + 1) of the list of changed blocks, \(file), has to have an offset and a length in bytes")
      }
      if length > 0 { ranges.append(offset..<end) }
    }
    return ranges
  }
}
