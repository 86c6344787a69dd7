internal import BlobIndex
internal import ResticFormat

/// A stretch of a pack that is read at once, and the pieces in it.
struct PackPart: Sendable {
  let pack: PackID
  let range: Range<Int>
  /// Positions in the sorted pieces.
  let pieces: Range<Int>
}

/// How stretches are cut.
struct PartRules: Sendable {
  /// Neighbours with at most this many useless bytes between them are read together.
  var gap: Int
  /// A stretch is closed once it has this many bytes.
  var limit: Int

  /// From files of this machine: small enough for the processor's caches.
  static let local = PartRules(gap: 64 << 10, limit: 2 << 20)
  /// From elsewhere, where a request costs as much as a megabyte: an ordinary pack is one request.
  static let remote = PartRules(gap: 1 << 20, limit: 18 << 20)
}

extension PartRules {
  /// Sorts pieces by their place in packs, the packs in the order in which files need them, and cuts stretches.
  func cut(_ pieces: inout [Piece], packs: [PackID]) -> [PackPart] {
    // Packs are numbered as they were first needed.
    pieces.sort { ($0.pack, $0.offset) < ($1.pack, $1.offset) }
    var parts: [PackPart] = []
    var start = 0
    var position = 0
    var end = 0
    func close() {
      guard position > start else { return }
      parts.append(
        PackPart(pack: packs[Int(pieces[start].pack)], range: Int(pieces[start].offset)..<end, pieces: start..<position)
      )
    }
    while position < pieces.count {
      let piece = pieces[position]
      let begin = Int(piece.offset)
      let isSame = position > start && pieces[position - 1].pack == piece.pack
      let isRepeat = isSame && pieces[position - 1].offset == piece.offset
      let fits = isSame && begin <= end + gap && end - Int(pieces[start].offset) < limit
      if !isRepeat && !fits {
        close()
        start = position
        end = begin
      }
      end = max(end, begin + Int(piece.length))
      position += 1
    }
    close()
    return parts
  }
}
