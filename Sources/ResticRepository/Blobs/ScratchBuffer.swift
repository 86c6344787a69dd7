/// Working memory that grows to what was needed most and is kept. Contents are lost when it grows.
package struct ScratchBuffer: ~Copyable {
  package private(set) var all = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 4096)

  package init() {}

  deinit { all.deallocate() }

  /// The first `count` bytes.
  package mutating func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer {
    if count > all.count {
      // Pages that are never touched cost nothing, so growth is generous.
      let room = max(count, all.count * 2)
      all.deallocate()
      all = .allocate(byteCount: room, alignment: 4096)
    }
    return UnsafeMutableRawBufferPointer(rebasing: all[0..<count])
  }

  /// The first `count` bytes, of which the first `kept` hold what they held.
  package mutating func reserve(keeping kept: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
    guard count > all.count else { return UnsafeMutableRawBufferPointer(rebasing: all[0..<count]) }
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, all.count * 2), alignment: 4096)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[0..<min(kept, all.count)]))
    all.deallocate()
    all = larger
    return UnsafeMutableRawBufferPointer(rebasing: all[0..<count])
  }

  /// Where it begins.
  package var base: UnsafeMutableRawPointer {
    guard let base = all.baseAddress else { preconditionFailure("The buffer is never empty.") }
    return base
  }
}
