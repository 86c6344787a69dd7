internal import Glibc
internal import ResticFormat

/// What the parent snapshot has in a folder, found by name.
struct KnownEntries: Sendable {
  private let nodes: [TreeNode]

  static let none = KnownEntries([])

  /// - Parameter nodes: as a tree lists them, by name; others are sorted first.
  init(_ nodes: [TreeNode]) {
    let isSorted = zip(nodes, nodes.dropFirst()).allSatisfy { compare($0.name, $1.name) < 0 }
    self.nodes = isSorted ? nodes : nodes.sorted { compare($0.name, $1.name) < 0 }
  }

  subscript(name: [UInt8]) -> TreeNode? {
    var low = 0
    var high = nodes.count
    while low < high {
      let middle = (low + high) / 2
      let order = compare(nodes[middle].name, name)
      if order == 0 { return nodes[middle] }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }
}

/// Which of two names comes first in a tree, by their raw bytes: negative, zero or positive.
func compare(_ left: [UInt8], _ right: [UInt8]) -> Int {
  let shorter = min(left.count, right.count)
  let order = left.withUnsafeBytes { left in
    right.withUnsafeBytes { right in
      guard let left = left.baseAddress, let right = right.baseAddress else { return Int32(0) }
      return memcmp(left, right, shorter)
    }
  }
  return order == 0 ? left.count - right.count : Int(order)
}
