internal import Cryptography
internal import ResticFormat

/// Chooses the packs that a check reads.
struct PackChoice {
  /// A pack with the length that the store says.
  typealias Chosen = (id: PackID, size: Int)

  private let selection: CheckRequest.DataSelection

  init(_ selection: CheckRequest.DataSelection) { self.selection = selection }

  /// Of the packs that are listed and there, those to read.
  func packs(of list: PackList, _ stored: [PackID: Int]) -> [Chosen] {
    guard selection != .none else { return [] }
    let all = list.packs.compactMap { pack in stored[pack.id].map { Chosen(pack.id, $0) } }
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
