/// A set of runes: what `[a-z\d]`, `\pL` or a letter under `(?i)` match.
struct RuneClass: Sendable, Equatable {
  /// Runes by number, or by their Unicode category.
  enum Part: Sendable, Equatable {
    /// Ascending, without overlaps.
    case ranges([ClosedRange<UInt32>])
    case categories(CategorySet)
  }

  private(set) var parts: [Part] = []
  /// What is not in these belongs to the class: `[\W\D]`.
  private(set) var negatedParts: [Part] = []
  let isNegated: Bool
  /// Whether a rune is in the class if it is in any case.
  let foldsCase: Bool
  /// Which of the first 128 runes match.
  private var ascii: (low: UInt64, high: UInt64) = (0, 0)

  /// The class of these ranges and parts.
  init(
    ranges: [ClosedRange<UInt32>] = [], categories: CategorySet = [], negatedParts: [Part] = [],
    isNegated: Bool = false, foldsCase: Bool = false
  ) {
    if !ranges.isEmpty { parts.append(.ranges(merged(ranges))) }
    if !categories.isEmpty { parts.append(.categories(categories)) }
    self.negatedParts = negatedParts
    self.isNegated = isNegated
    self.foldsCase = foldsCase
    for rune in UInt32(0)..<64 where test(rune) { ascii.low |= 1 << rune }
    for rune in UInt32(64)..<128 where test(rune) { ascii.high |= 1 << (rune - 64) }
  }

  func contains(_ rune: UInt32) -> Bool {
    if rune < 64 { return ascii.low >> rune & 1 == 1 }
    if rune < 128 { return ascii.high >> (rune - 64) & 1 == 1 }
    return test(rune)
  }

  static func == (left: RuneClass, right: RuneClass) -> Bool {
    left.parts == right.parts && left.negatedParts == right.negatedParts && left.isNegated == right.isNegated
      && left.foldsCase == right.foldsCase
  }

  private func test(_ rune: UInt32) -> Bool {
    let cases = foldsCase ? caseVariants(of: rune) : [rune]
    func isIn(_ part: Part) -> Bool { cases.contains { part.contains($0) } }
    return (parts.contains(where: isIn) || negatedParts.contains { !isIn($0) }) != isNegated
  }
}

extension RuneClass.Part {
  func contains(_ rune: UInt32) -> Bool {
    switch self {
    case .categories(let categories): return categories.contains(rune)
    case .ranges(let ranges):
      var low = 0
      var high = ranges.count
      while low < high {
        let middle = (low + high) / 2
        if ranges[middle].upperBound < rune { low = middle + 1 } else { high = middle }
      }
      return low < ranges.count && ranges[low].lowerBound <= rune
    }
  }
}

private func merged(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
  var result: [ClosedRange<UInt32>] = []
  for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
    if let last = result.last, range.lowerBound <= last.upperBound {
      result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
    } else {
      result.append(range)
    }
  }
  return result
}

/// A set of Unicode's general categories: `Lu`, or `L` for all letters.
struct CategorySet: OptionSet, Sendable {
  let rawValue: UInt32

  init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The categories of this name; nil if there are none.
  init?(named name: String) {
    var bits: UInt32 = 0
    for (bit, category) in Self.known.enumerated() where category.code == name || category.code.prefix(1) == name {
      bits |= 1 << UInt32(bit)
    }
    guard bits != 0 else { return nil }
    self.init(rawValue: bits)
  }

  func contains(_ rune: UInt32) -> Bool {
    guard let category = Unicode.Scalar(rune)?.properties.generalCategory,
      let bit = Self.known.firstIndex(where: { $0.category == category })
    else { return false }
    return rawValue >> UInt32(bit) & 1 == 1
  }

  private static let known: [(code: String, category: Unicode.GeneralCategory)] = [
    ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter), ("Lt", .titlecaseLetter), ("Lm", .modifierLetter),
    ("Lo", .otherLetter), ("Mn", .nonspacingMark), ("Mc", .spacingMark), ("Me", .enclosingMark),
    ("Nd", .decimalNumber), ("Nl", .letterNumber), ("No", .otherNumber), ("Pc", .connectorPunctuation),
    ("Pd", .dashPunctuation), ("Ps", .openPunctuation), ("Pe", .closePunctuation), ("Pi", .initialPunctuation),
    ("Pf", .finalPunctuation), ("Po", .otherPunctuation), ("Sm", .mathSymbol), ("Sc", .currencySymbol),
    ("Sk", .modifierSymbol), ("So", .otherSymbol), ("Zs", .spaceSeparator), ("Zl", .lineSeparator),
    ("Zp", .paragraphSeparator), ("Cc", .control), ("Cf", .format), ("Cs", .surrogate), ("Co", .privateUse),
  ]
}

/// The rune itself and those that differ from it only by case: `k`, `K` and the Kelvin sign.
func caseVariants(of rune: UInt32) -> [UInt32] {
  guard let scalar = Unicode.Scalar(rune), let base = folded(scalar) else { return [rune] }
  return caseTable[base] ?? [rune]
}

/// Runes that have cases, by their folded form.
private let caseTable: [UInt32: [UInt32]] = {
  var table: [UInt32: [UInt32]] = [:]
  // No rune beyond these planes has cases.
  for rune in UInt32(0)..<0x2_0000 {
    guard let scalar = Unicode.Scalar(rune), let base = folded(scalar) else { continue }
    table[base, default: []].append(rune)
  }
  return table
}()

/// What all cases of a rune have in common; nil if it has no cases.
private func folded(_ scalar: Unicode.Scalar) -> UInt32? {
  let dotlessI: UInt32 = 0x131  // its capital is the plain I, which it is still no case of
  let properties = scalar.properties
  guard properties.changesWhenCaseMapped || properties.changesWhenCaseFolded, scalar.value != dotlessI else {
    return nil
  }
  let upper = single(properties.uppercaseMapping) ?? scalar
  return (single(upper.properties.lowercaseMapping) ?? upper).value
}

private func single(_ text: String) -> Unicode.Scalar? {
  let scalars = text.unicodeScalars
  return scalars.count == 1 ? scalars.first : nil
}
