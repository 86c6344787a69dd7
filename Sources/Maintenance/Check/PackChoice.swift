internal import Cryptography
internal import ResticFormat

/// Chooses the packs that a check reads.
struct PackChoice {
  /// A pack with the length that the store says.
  typealias Chosen = (id: PackID, size: Int)

  /// How many bytes more than the index says a pack may have to be read.
  private static let surplus = 16 << 20

  private let selection: CheckRequest.DataSelection

  init(_ selection: CheckRequest.DataSelection) { self.selection = selection }

  /// Of the packs that are listed and there, those to read.
  func packs(of list: PackList, _ stored: [PackID: Int]) -> [Chosen] {
    guard selection != .none else { return [] }
    // That a pack is longer than the index says is told without reading it; much longer, it could take all memory.
    let all = list.packs.compactMap { pack in
      stored[pack.id].flatMap { $0 <= pack.size + Self.surplus ? Chosen(pack.id, $0) : nil }
    }
    switch selection {
    case .none: return []
    case .all: return all
    // The same parts as restic's.
    case .part(let part, let parts): return all.filter { Int($0.id.words.0 >> 56) % parts == part - 1 }
    case .percent(let percent):
      let count = max(1, Int(Double(all.count) * percent / 100))
      return Array(all.shuffled().prefix(count))
    case .bytes(let limit):
      var rest = limit
      return all.shuffled().prefix { pack in
        defer { rest -= pack.size }
        return rest > 0
      }
    }
  }
}
