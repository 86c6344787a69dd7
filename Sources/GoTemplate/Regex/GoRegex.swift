/// A regular expression as in Go's regexp package: RE2's syntax, leftmost-first, in linear time.
///
/// It works on UTF-8 bytes; offsets are byte offsets. All its functions throw `RegexError` if the text is too much work.
struct GoRegex: Sendable {
  let pattern: String
  /// How much work one call may be.
  var stepLimit = RegexLimits.steps
  private let program: RegexProgram
  private let groupNames: [String?]

  init(_ pattern: String) throws(RegexError) {
    self.pattern = pattern
    let (root, groupNames) = try RegexParser.parse(pattern)
    self.groupNames = groupNames
    program = try RegexProgram(root)
  }

  func matches(_ text: [UInt8]) throws(RegexError) -> Bool { try first(in: text) != nil }

  /// The first match.
  func first(in text: [UInt8]) throws(RegexError) -> Range<Int>? {
    var machine = RegexMachine(program: program, text: text, steps: stepLimit)
    return try machine.firstMatch(from: 0, slotCount: 2).map { $0[0]..<$0[1] }
  }

  /// Up to `limit` matches, none overlapping the one before; all of them if `limit` is negative.
  func all(in text: [UInt8], limit: Int) throws(RegexError) -> [Range<Int>] {
    var machine = RegexMachine(program: program, text: text, steps: stepLimit)
    var found: [Range<Int>] = []
    var position = 0
    var lastEnd = -1
    while limit < 0 || found.count < limit, position <= text.count,
      let slots = try machine.firstMatch(from: position, slotCount: 2)
    {
      // An empty match right after another one does not count.
      let isAccepted = slots[1] != position || slots[0] != lastEnd
      position = slots[1] > position ? slots[1] : position + max(1, decodeRune(text, at: position).width)
      lastEnd = slots[1]
      if isAccepted { found.append(slots[0]..<slots[1]) }
    }
    return found
  }

  /// The text with each match replaced; `$1`, `${name}` and `$$` in the replacement are expanded if `isTemplate`.
  func replacingAll(in text: [UInt8], with replacement: [UInt8], isTemplate: Bool) throws(RegexError) -> [UInt8] {
    let parts = isTemplate ? replacementParts(replacement) : [.literal(replacement)]
    var machine = RegexMachine(program: program, text: text, steps: stepLimit)
    var result: [UInt8] = []
    var position = 0
    var lastEnd = 0
    while position <= text.count,
      let slots = try machine.firstMatch(from: position, slotCount: isTemplate ? 2 * groupNames.count : 2)
    {
      result += text[lastEnd..<slots[0]]
      if slots[1] > lastEnd || slots[0] == 0 {
        for part in parts { result += bytes(of: part, in: text, slots: slots) }
        guard result.count <= Self.resultLimit else {
          throw RegexError(limit: "replacement makes more than \(Self.resultLimit) bytes")
        }
      }
      lastEnd = slots[1]
      position = max(slots[1], position + max(1, decodeRune(text, at: position).width))
    }
    return result + text[lastEnd...]
  }

  /// The pieces between matches, as Go's `Split` has them: at most `limit`, all if it is negative.
  func split(_ text: [UInt8], limit: Int) throws(RegexError) -> [Range<Int>] {
    if limit == 0 { return [] }
    if !pattern.isEmpty, text.isEmpty { return [0..<0] }
    var pieces: [Range<Int>] = []
    var start = 0
    var end = 0
    for match in try all(in: text, limit: limit) {
      if limit > 0, pieces.count == limit - 1 { break }
      end = match.lowerBound
      if match.upperBound != 0 { pieces.append(start..<end) }
      start = match.upperBound
    }
    if end != text.count { pieces.append(start..<text.count) }
    return pieces
  }

  /// A pattern that matches just this text.
  static func quoted(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      if "\\.+*?()|[]{}^$".unicodeScalars.contains(character) { result += "\\" }
      result.unicodeScalars.append(character)
    }
    return result
  }

  /// The most bytes that a replacement may make.
  static let resultLimit = 1 << 24
}

// MARK: Replacement templates

extension GoRegex {
  fileprivate enum ReplacementPart {
    case literal([UInt8])
    case group(Int)
  }

  private func bytes(of part: ReplacementPart, in text: [UInt8], slots: [Int]) -> ArraySlice<UInt8> {
    switch part {
    case .literal(let bytes): return bytes[...]
    case .group(let index):
      guard 2 * index + 1 < slots.count, slots[2 * index] >= 0 else { return [] }
      return text[slots[2 * index]..<slots[2 * index + 1]]
    }
  }

  private func replacementParts(_ template: [UInt8]) -> [ReplacementPart] {
    let dollar = UInt8(ascii: "$")
    var parts: [ReplacementPart] = []
    var literal: [UInt8] = []
    var position = 0
    while position < template.count {
      let byte = template[position]
      position += 1
      if byte == dollar, let reference = reference(in: template, at: position) {
        parts += [.literal(literal), .group(reference.group ?? -1)].filter { $0.isUseful }
        literal = []
        position = reference.end
      } else {
        literal.append(byte)
        if byte == dollar, position < template.count, template[position] == dollar { position += 1 }
      }
    }
    return parts + [.literal(literal)]
  }

  /// The name after a dollar sign, longest first, or in braces; nil if there is none, -1 never matches a group.
  private func reference(in template: [UInt8], at start: Int) -> (group: Int?, end: Int)? {
    var position = start
    let isBraced = position < template.count && template[position] == UInt8(ascii: "{")
    if isBraced { position += 1 }
    let nameStart = position
    while case (let rune?, let width) = decodeRune(template, at: position), isNameRune(rune) { position += width }
    guard position > nameStart else { return nil }
    let name = String(decoding: template[nameStart..<position], as: UTF8.self)
    if isBraced {
      guard position < template.count, template[position] == UInt8(ascii: "}") else { return nil }
      position += 1
    }
    let isNumber = name.utf8.allSatisfy { (0x30...0x39).contains($0) } && (name == "0" || name.first != "0")
    let group = isNumber ? Int(name) : groupNames.firstIndex(of: name)
    return (group, position)
  }
}

extension GoRegex.ReplacementPart {
  /// Not a reference to a group that does not exist, nor an empty text.
  fileprivate var isUseful: Bool {
    switch self {
    case .literal(let bytes): !bytes.isEmpty
    case .group(let index): index >= 0
    }
  }
}

private func isNameRune(_ rune: UInt32) -> Bool {
  guard let scalar = Unicode.Scalar(rune) else { return false }
  switch scalar.properties.generalCategory {
  case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: return true
  default: return scalar == "_"
  }
}
