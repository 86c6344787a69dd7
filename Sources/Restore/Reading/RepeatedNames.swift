internal import ResticFormat

/// Finds names that a listing has more than once, as no honest one does. For one in order it takes no memory.
struct RepeatedNames {
  /// The names so far, once the listing turned out not to be sorted.
  private var taken: Set<[UInt8]>?

  /// Whether an earlier entry has the name of this one. To be asked of each entry in order, also of those that are passed
  /// over.
  mutating func hasEarlier(_ position: Int, in nodes: [TreeNode]) -> Bool {
    if position == 0 { return false }
    let name = nodes[position].name
    if taken == nil {
      if nodes[position - 1].name.lexicographicallyPrecedes(name) { return false }
      taken = Set(nodes[..<position].map(\.name))
    }
    return taken?.insert(name).inserted == false
  }
}
