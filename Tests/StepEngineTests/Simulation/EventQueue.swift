/// What is to happen at which virtual moment; first in, first out within one moment.
struct EventQueue {
  private struct Entry {
    let at: Moment
    let number: Int
    let deed: () -> Void
  }

  private var heap: [Entry] = []
  private var count = 0

  var isEmpty: Bool { heap.isEmpty }

  mutating func push(at: Moment, _ deed: @escaping () -> Void) {
    count += 1
    heap.append(Entry(at: at, number: count, deed: deed))
    var child = heap.count - 1
    while child > 0, precedes(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> (at: Moment, deed: () -> Void)? {
    guard !heap.isEmpty else { return nil }
    heap.swapAt(0, heap.count - 1)
    let first = heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) { least = child }
      if least == parent { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return (first.at, first.deed)
  }

  private func precedes(_ left: Int, _ right: Int) -> Bool {
    heap[left].at < heap[right].at || (heap[left].at == heap[right].at && heap[left].number < heap[right].number)
  }
}
