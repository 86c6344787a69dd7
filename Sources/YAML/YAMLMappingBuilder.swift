internal import Wording

/// Collects the pairs of a mapping: refuses the same key twice, and brings in what merge keys name.
struct YAMLMappingBuilder {
  let source: YAMLSource
  private var pairs: [YAMLPair] = []
  private var places: [String: YAMLMark] = [:]
  /// What `<<` brings in, and before which pair it stands.
  private var merged: (index: Int, mappings: [[YAMLPair]])?

  init(source: YAMLSource) { self.source = source }

  /// Adds a pair; `mark` is where the key stands in this mapping, also if it is an alias.
  mutating func add(_ pair: YAMLPair, at mark: YAMLMark) throws(YAMLError) {
    let key = pair.key.text ?? ""
    if let first = places.updateValue(mark, forKey: key) {
      let advice = pair.isMerge ? "; to merge several mappings, write a list: <<: [*one, *two]" : ""
      throw source.error(
        "the key \(quotedForMessage(key)) is here for the second time; it is already at \(first.line):\(first.column)"
          + advice, at: mark)
    }
    if pair.isMerge {
      merged = (pairs.count, try mappings(pair.value, at: mark))
    } else {
      pairs.append(pair)
    }
  }

  /// The pairs: those of `<<` in its place, of which explicit keys, and then earlier mappings, take precedence.
  mutating func finish() -> [YAMLPair] {
    guard let merged else { return pairs }
    var seen = Set(places.keys)
    let new = merged.mappings.joined().filter { seen.insert($0.key.text ?? "").inserted }
    pairs.insert(contentsOf: new, at: merged.index)
    return pairs
  }

  private func mappings(_ value: YAMLNode, at mark: YAMLMark) throws(YAMLError) -> [[YAMLPair]] {
    if let pairs = value.pairs { return [pairs] }
    let found = value.elements?.compactMap(\.pairs) ?? []
    guard let elements = value.elements, found.count == elements.count else {
      throw source.error("behind '<<' goes a mapping or a list of mappings, mostly aliases: <<: *name", at: mark)
    }
    return found
  }
}

extension YAMLPair {
  /// Whether the key is an unquoted `<<`.
  fileprivate var isMerge: Bool {
    guard let key = key.scalar else { return false }
    return key.text == "<<" && key.style == .plain && self.key.tag == nil
  }
}
