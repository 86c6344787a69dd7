/// A shell pattern for one name, with the rules of Go's `path.Match`, which restic's users know: `*` any text, `?` one
/// character, `[a-z]` and `[^a-z]` one of a set, `\` the next character itself.
package struct Glob: Sendable {
  private enum Part: Sendable {
    case literal(UInt8)
    case one
    case any
    case set([ClosedRange<UInt32>], negated: Bool)
  }

  private var parts: [Part] = []

  /// Reads a pattern; nil if a bracket isn't closed, or a set or escape is empty.
  package init?(_ pattern: [UInt8]) {
    var rest = pattern[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "*"):
        if case .any? = parts.last { break }
        parts.append(.any)
      case UInt8(ascii: "?"): parts.append(.one)
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst() else { return nil }
        parts.append(.literal(escaped))
      case UInt8(ascii: "["):
        guard let set = Self.set(&rest) else { return nil }
        parts.append(set)
      default: parts.append(.literal(byte))
      }
    }
  }

  /// What follows `[`, up to and with `]`.
  private static func set(_ rest: inout ArraySlice<UInt8>) -> Part? {
    var ranges: [ClosedRange<UInt32>] = []
    let isNegated = rest.first == UInt8(ascii: "^")
    if isNegated { rest.removeFirst() }
    func character() -> UInt32? {
      if rest.first == UInt8(ascii: "\\") {
        rest.removeFirst()
      } else if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "]") {
        return nil
      }
      guard let (scalar, length) = firstCharacter(rest) else { return nil }
      rest = rest.dropFirst(length)
      return scalar
    }
    while true {
      if rest.first == UInt8(ascii: "]"), !ranges.isEmpty {
        rest.removeFirst()
        return .set(ranges, negated: isNegated)
      }
      guard let low = character() else { return nil }
      var high = low
      if rest.first == UInt8(ascii: "-") {
        rest.removeFirst()
        guard let end = character() else { return nil }
        high = end
      }
      ranges.append(low <= high ? low...high : low...low)
    }
  }

  /// Whether the whole name fits.
  package func matches(_ name: [UInt8]) -> Bool {
    var part = 0
    var position = 0
    /// Where to go on when a guess about the last `*` was wrong: it takes one more byte then.
    var retry: (part: Int, position: Int)?
    while true {
      if part < parts.count, case .any = parts[part] {
        part += 1
        retry = (part, position)
        continue
      }
      if part == parts.count, position == name.count { return true }
      if part < parts.count, let length = length(of: parts[part], in: name[position...]) {
        part += 1
        position += length
        continue
      }
      guard let last = retry, last.position < name.count else { return false }
      retry = (last.part, last.position + 1)
      (part, position) = (last.part, last.position + 1)
    }
  }

  /// How many bytes a part takes at the start of `rest`; nil if it doesn't fit.
  private func length(of part: Part, in rest: ArraySlice<UInt8>) -> Int? {
    switch part {
    case .any: return 0
    case .literal(let byte): return rest.first == byte ? 1 : nil
    case .one: return firstCharacter(rest)?.length
    case .set(let ranges, let isNegated):
      guard let (scalar, length) = firstCharacter(rest) else { return nil }
      return ranges.contains { $0.contains(scalar) } != isNegated ? length : nil
    }
  }
}

/// The first character of UTF-8 text and its length in bytes; a byte that is not UTF-8 stands for itself.
private func firstCharacter(_ text: ArraySlice<UInt8>) -> (scalar: UInt32, length: Int)? {
  guard let first = text.first else { return nil }
  if first < 0x80 { return (UInt32(first), 1) }
  var decoder = UTF8()
  var iterator = text.makeIterator()
  guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return (UInt32(first), 1) }
  return (scalar.value, UTF8.encode(scalar)?.count ?? 1)
}
