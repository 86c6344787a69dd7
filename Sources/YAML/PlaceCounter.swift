/// Follows a text byte by byte, and knows the place behind the last one. Lines end where libyaml ends them.
struct PlaceCounter {
  private(set) var mark = YAMLMark(line: 1, column: 1)
  private var beforeLast: UInt8 = 0
  private var last: UInt8 = 0

  mutating func advance(_ byte: UInt8) {
    switch byte {
    case 0x0A where last == 0x0D: break  // the second half of a line's end
    case 0x0A, 0x0D,
      0x85 where last == 0xC2, 0xA8 where beforeLast == 0xE2 && last == 0x80,
      0xA9 where beforeLast == 0xE2 && last == 0x80:
      mark = YAMLMark(line: mark.line + 1, column: 1)
    default: if byte & 0xC0 != 0x80 { mark.column += 1 }
    }
    (beforeLast, last) = (last, byte)
  }
}
