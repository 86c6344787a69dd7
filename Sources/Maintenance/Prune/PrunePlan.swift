internal import Cryptography
internal import ResticFormat
internal import ResticRepository

/// Decides which packs stay, which are rewritten, and which go: restic's rules (restic-format section 12). Pure.
struct PrunePlan: Sendable {
  /// How a pack is used.
  private struct Use {
    var usedBytes = 0
    var unusedBytes = 0
    var usedBlobs = 0
    var unusedBlobs = 0
    /// The one type of its blobs; nil if it has both.
    var type: BlobType?
    /// Whether it has what should be compressed and isn't, or the other way round.
    var mustRewrite = false

    var bytes: Int { usedBytes + unusedBytes }
    /// Goes before saving space: trees are needed for everything.
    var isUrgent: Bool { type != .data || mustRewrite }
  }

  /// For each blob number whether it is the place of a used blob that stays, or is copied.
  private(set) var isKept: [Bool]
  /// Numbers of packs to rewrite, in this order.
  private(set) var repacked: [Int] = []
  /// Numbers of packs to remove.
  private(set) var removed: [Int] = []
  /// Numbers of packs that are gone already, and that nothing relies on.
  private(set) var vanished: [Int] = []
  /// Packs that no index file lists, with their lengths.
  private(set) var orphans: [PackID: Int] = [:]
  private(set) var result = PruneResult()

  /// - Parameters:
  ///   - used: for each blob number whether it is the first place of a used blob.
  ///   - damaged: places whose blobs are known to be damaged.
  ///   - stored: the packs that the store has, with their lengths.
  ///   - isCompressing: whether the repository's version knows compression: trees have to be compressed then, else nothing may be.
  /// - Throws: `.corrupt` if a pack that is needed is missing or has another length than the index says.
  init(
    list: PackList, used: [Bool], damaged: Set<Int>, stored: [PackID: Int], request: PruneRequest,
    isCompressing: Bool
  ) throws(RepositoryError) {
    isKept = used
    choosePlaces(list, used, damaged, stored)
    var uses: [Use] = []
    for pack in list.packs { uses.append(use(list, pack, isCompressing)) }
    orphans = stored.filter { list.pack($0.key) == nil }
    let candidates = try classify(list, &uses, stored, request)
    choose(candidates, uses, request)
    count(list, uses)
  }

  /// Places of blobs that stay as they are while other copies of the same blobs go.
  func lastCopies(_ list: PackList) -> [Int] {
    let gone = Set(repacked + removed)
    return list.copies.compactMap { first, others -> Int? in
      let places = [first] + others
      guard let kept = places.first(where: { isKept[$0] }), !gone.contains(list.packNumber(of: kept)) else {
        return nil
      }
      return places.contains { gone.contains(list.packNumber(of: $0)) } ? kept : nil
    }
  }

  /// Of several places of a used blob, one is kept: one that is there, not damaged as far as known, in a pack that needs no
  /// mending and is used anyway; what comes first counts for more than all after it.
  private mutating func choosePlaces(
    _ list: PackList, _ used: [Bool], _ damaged: Set<Int>, _ stored: [PackID: Int]
  ) {
    guard !list.copies.isEmpty else { return }
    var packOf: [Int: Int] = [:]
    let numbers = Set(list.copies.flatMap { [$0.key] + $0.value })
    var hasOthers = [Bool](repeating: false, count: list.packs.count)
    for (number, pack) in list.packs.enumerated() {
      for blob in pack.blobs {
        if numbers.contains(blob) { packOf[blob] = number } else if used[blob] { hasOthers[number] = true }
      }
    }
    func rank(_ blob: Int) -> Int {
      guard let pack = packOf[blob] else { return 0 }
      let size = stored[list.packs[pack].id] ?? -1
      // A pack that was cut off or mended has its first blobs all the same, and perhaps the only whole ones.
      let isThere = Int(list.blobs[blob].offset) + Int(list.blobs[blob].length) <= size
      return (isThere ? 8 : 0) + (damaged.contains(blob) ? 0 : 4) + (size == list.packs[pack].size ? 2 : 0)
        + (hasOthers[pack] ? 1 : 0)
    }
    for (first, others) in list.copies.sorted(by: { $0.key < $1.key }) where used[first] {
      let best = ([first] + others).max { (rank($0), -$0) < (rank($1), -$1) } ?? first
      isKept[first] = false
      isKept[best] = true
      if let pack = packOf[best] { hasOthers[pack] = true }
    }
  }

  private func use(_ list: PackList, _ pack: PackList.Pack, _ isCompressing: Bool) -> Use {
    var use = Use()
    use.type = list.blobs[pack.blobs].first?.type
    for number in pack.blobs {
      let blob = list.blobs[number]
      if blob.type != use.type { use.type = nil }
      if isKept[number] {
        use.usedBlobs += 1
        use.usedBytes += Int(blob.length)
      } else {
        use.unusedBlobs += 1
        use.unusedBytes += Int(blob.length)
      }
      if isCompressing ? blob.type == .tree && !blob.isCompressed : blob.isCompressed { use.mustRewrite = true }
    }
    return use
  }

  /// Sorts out what is removed and what simply stays; returns what might be rewritten.
  private mutating func classify(
    _ list: PackList, _ uses: inout [Use], _ stored: [PackID: Int], _ request: PruneRequest
  ) throws(RepositoryError) -> [Int] {
    var candidates: [Int] = []
    var small: [BlobType: [Int]] = [:]
    for (number, pack) in list.packs.enumerated() {
      guard let size = stored[pack.id] else {
        let use = uses[number]
        guard use.usedBlobs == 0 else {
          throw RepositoryError(
            .corrupt,
            "the pack \(pack.id.hex) is missing, and snapshots rely on it; no data were removed, run 'holdfast repo check'"
          )
        }
        vanished.append(number)
        continue
      }
      guard uses[number].usedBlobs > 0 else {
        removed.append(number)
        continue
      }
      // One that was mended is listed only as far as it is whole. What is used is copied, and looked at.
      if size != pack.size { uses[number].mustRewrite = true }
      let use = uses[number]
      guard size == pack.size || usedEnd(list, pack) <= size else {
        throw RepositoryError(
          .corrupt,
          "the pack \(pack.id.hex) has \(size) bytes and not the \(pack.size) that the index says; no data were removed, run 'holdfast repo check'"
        )
      }
      if use.unusedBlobs > 0 || use.type == nil || use.mustRewrite {
        candidates.append(number)
      } else if let type = use.type, use.bytes < request.smallPackBytes {
        small[type, default: []].append(number)
      }
    }
    for (_, numbers) in small where numbers.count >= 10 { candidates += numbers }
    return candidates
  }

  /// Where the last used blob of a pack ends.
  private func usedEnd(_ list: PackList, _ pack: PackList.Pack) -> Int {
    pack.blobs.lazy.filter { isKept[$0] }.map { Int(list.blobs[$0].offset) + Int(list.blobs[$0].length) }.max() ?? 0
  }

  /// Rewrites what has to be, and then what frees most for the least copying, until little enough of no use is left.
  private mutating func choose(_ candidates: [Int], _ uses: [Use], _ request: PruneRequest) {
    let used = uses.reduce(0) { $0 + $1.usedBytes }
    let goal: Int
    switch request.maxUnused {
    case .unlimited: goal = .max
    case .bytes(let bytes): goal = bytes
    case .percent(let percent):
      let share = min(max(percent, 0), 100) / 100
      goal = share < 1 ? Int(clamping: Double(used) * share / (1 - share)) : .max
    }
    var unused = candidates.reduce(0) { $0 + uses[$1].unusedBytes }
    var copied = 0
    let order = candidates.sorted { left, right in
      let (first, second) = (uses[left], uses[right])
      if first.isUrgent != second.isUrgent { return first.isUrgent }
      // By unused / used, without dividing.
      let (a, b) = (
        Double(first.unusedBytes) * Double(second.usedBytes), Double(second.unusedBytes) * Double(first.usedBytes)
      )
      return a != b ? a > b : left < right
    }
    for number in order {
      let use = uses[number]
      if let limit = request.maxRepackBytes, copied + use.bytes > limit { continue }
      let isWorthIt = use.isUrgent || unused > goal || use.bytes < request.smallPackBytes
      guard isWorthIt else { continue }
      repacked.append(number)
      copied += use.bytes
      unused -= use.unusedBytes
    }
  }

  private mutating func count(_ list: PackList, _ uses: [Use]) {
    for use in uses {
      result.usedBlobs += use.usedBlobs
      result.usedBytes += use.usedBytes
      result.unusedBlobs += use.unusedBlobs
      result.unusedBytes += use.unusedBytes
    }
    result.orphans = orphans.count
    result.orphanBytes = orphans.values.reduce(0, +)
    result.packsRemoved = removed.count
    result.packsRepacked = repacked.count
    result.packsKept = list.packs.count - removed.count - repacked.count - vanished.count
    result.bytesCopied = repacked.reduce(0) { $0 + uses[$1].usedBytes }
    let freed = (repacked + removed).reduce(0) { $0 + uses[$1].unusedBytes }
    result.bytesFreed = freed + result.orphanBytes
    result.unusedBytesLeft = result.unusedBytes - freed - vanished.reduce(0) { $0 + uses[$1].unusedBytes }
  }
}

extension Int {
  fileprivate init(clamping value: Double) { self = value < 9e18 ? Int(value) : .max }
}
