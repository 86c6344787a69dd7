internal import FileSystem
internal import ResticFormat
internal import Synchronization

/// A folder on its way into the repository: its listing comes together piece by piece, in any order and from any worker.
/// Who brings the last piece stores it, and so brings a piece to the folder above.
final class DirectoryTask: Sendable {
  /// Where in a folder's listing something belongs.
  struct Place: Sendable {
    let directory: DirectoryTask
    let slot: Int
    var part = 0
  }

  private struct State {
    /// For each slot the JSON of its nodes, in parts since a large file is finished later than its neighbours.
    var slots: [[[UInt8]]]
    /// Parts that are still to come.
    var remaining: Int
    /// Bytes of the listing so far, its frame included.
    var size = 64
  }

  /// Where its own node belongs; nil for the root.
  let place: Place?
  /// The names from the root of the source on, which patterns are compared with.
  let path: [[UInt8]]
  /// The open folder; nil for one that is only a part of a source's path.
  let handle: DirectoryHandle?
  /// What is in it.
  let entries: DirectoryListing
  /// Its own node, but for the tree.
  let node: TreeNode
  /// What the parent snapshot has of it, and in it.
  let known: TreeNode?
  let knownEntries: KnownEntries
  private let state: Mutex<State>

  init(
    place: Place?, path: [[UInt8]], handle: DirectoryHandle?, entries: DirectoryListing = DirectoryListing(),
    node: TreeNode, known: TreeNode?, knownEntries: KnownEntries, slots: Int
  ) {
    self.place = place
    self.path = path
    self.handle = handle
    self.entries = entries
    self.node = node
    self.known = known
    self.knownEntries = knownEntries
    state = Mutex(State(slots: Array(repeating: [[]], count: slots), remaining: slots))
  }

  /// Its path for people: the real one, or that in the snapshot.
  var realPath: [UInt8] { handle?.path ?? path.flatMap { [UInt8(ascii: "/")] + $0 } }

  /// Adds a part to a slot, to be filled later, and returns its number; one more follows for what comes behind it.
  func splitSlot(_ slot: Int) -> Int {
    state.withLock { state in
      state.remaining += 1
      state.slots[slot].append([])
      state.slots[slot].append([])
      return state.slots[slot].count - 2
    }
  }

  /// Fills a part without saying that anything is finished; false, and it stays empty, if the listing would be too long.
  func fill(_ slot: Int, _ part: Int, _ json: [UInt8], limit: Int) -> Bool {
    state.withLock { state in
      guard state.size + json.count + 1 <= limit else { return false }
      state.size += json.count + 1
      state.slots[slot][part] = json
      return true
    }
  }

  /// One of those that were waited for is there. The whole listing comes back when it was the last.
  func finishOne() -> [UInt8]? {
    let slots: [[[UInt8]]]? = state.withLock { state in
      state.remaining -= 1
      guard state.remaining == 0 else { return nil }
      defer { state.slots = [] }
      return state.slots
    }
    return slots.map(Self.joined)
  }

  /// The listing if there is nothing to wait for.
  var emptyListing: [UInt8]? { state.withLock { $0.remaining == 0 } ? Self.joined([]) : nil }

  private static func joined(_ slots: [[[UInt8]]]) -> [UInt8] {
    var listing = Array(#"{"nodes":["#.utf8)
    let begin = listing.count
    listing.reserveCapacity(slots.reduce(64) { $0 + $1.reduce(0) { $0 + $1.count + 1 } })
    for part in slots.joined() where !part.isEmpty {
      if listing.count > begin { listing.append(UInt8(ascii: ",")) }
      listing += part
    }
    listing += Array("]}\n".utf8)
    return listing
  }
}
