/// Runs a program on a text by following all its threads at once, one rune after the other.
///
/// Time is bounded by the text's length times the program's; what one machine does in all is bounded by
/// a number of steps. The first of several ways to match is the one that a backtracking matcher would find.
struct RegexMachine {
  let program: RegexProgram
  let text: [UInt8]
  private var current: ThreadList
  private var upcoming: ThreadList
  private var work: Work

  /// The runnable threads at one position, best first, with what each remembers.
  private struct ThreadList {
    var instructions: [Int] = []
    var slots: [Int] = []
    /// The round in which each instruction was last visited.
    var visited: [Int]
    var round = 0

    init(size: Int) { visited = [Int](repeating: 0, count: size) }

    mutating func clear() {
      instructions.removeAll(keepingCapacity: true)
      slots.removeAll(keepingCapacity: true)
      round += 1
    }

    /// Adds the thread at `instruction` and all that it leads to without taking a rune.
    mutating func add(
      _ instruction: Int, of program: RegexProgram, at place: Place, with work: inout Work
    ) throws(RegexError) {
      work.jobs.append(.visit(instruction))
      while let job = work.jobs.popLast() {
        guard case .visit(let pc) = job else {
          if case .restore(let slot, let value) = job { work.slots[slot] = value }
          continue
        }
        guard visited[pc] != round else { continue }
        visited[pc] = round
        work.stepsLeft -= 1
        guard work.stepsLeft > 0 else { throw .tooSlow }
        switch program.instructions[pc] {
        case .jump(let target): work.jobs.append(.visit(target))
        case .split(let first, let second):
          work.jobs.append(.visit(second))
          work.jobs.append(.visit(first))
        case .assertion(let assertion):
          if assertion.holds(after: place.previous, before: place.next) { work.jobs.append(.visit(pc + 1)) }
        case .save(let slot):
          if slot < work.slots.count {
            work.jobs.append(.restore(slot: slot, value: work.slots[slot]))
            work.slots[slot] = place.position
          }
          work.jobs.append(.visit(pc + 1))
        case .rune, .set, .match:
          instructions.append(pc)
          slots.append(contentsOf: work.slots)
          work.stepsLeft -= work.slots.count / 8
        }
      }
    }
  }

  /// What following threads needs, whichever list they go to.
  private struct Work {
    var stepsLeft: Int
    var jobs: [Job] = []
    /// What the thread that is being followed remembers.
    var slots: [Int] = []
  }

  private enum Job {
    case visit(Int)
    case restore(slot: Int, value: Int)
  }

  /// Where a thread is: at a position, and between which runes.
  private struct Place {
    var position: Int
    var previous: UInt32?
    var next: UInt32?
  }

  init(program: RegexProgram, text: [UInt8], steps: Int) {
    work = Work(stepsLeft: steps)
    self.program = program
    self.text = text
    current = ThreadList(size: program.instructions.count)
    upcoming = ThreadList(size: program.instructions.count)
  }

  /// The first match that begins at `start` or later: two byte offsets for each group, -1 for those without text.
  ///
  /// `slotCount` is how many offsets are wanted: 2 for the whole match alone.
  mutating func firstMatch(from start: Int, slotCount: Int) throws(RegexError) -> [Int]? {
    var matched: [Int]?
    var position = start
    var previous = start > 0 ? runeBefore(start) : nil
    var (next, width) = decodeRune(text, at: position)
    current.clear()
    while true {
      if current.instructions.isEmpty, matched != nil || (program.isAnchored && position > 0) { break }
      if matched == nil {
        work.slots = [Int](repeating: -1, count: slotCount)
        let place = Place(position: position, previous: previous, next: next)
        try current.add(0, of: program, at: place, with: &work)
      }
      upcoming.clear()
      let (afterNext, widthAfter) = next == nil ? (nil, 0) : decodeRune(text, at: position + width)
      let following = Place(position: position + width, previous: next, next: afterNext)
      for (index, instruction) in current.instructions.enumerated() {
        let isTaken: Bool
        switch program.instructions[instruction] {
        case .rune(let rune): isTaken = rune == next
        case .set(let set): isTaken = next.map(program.classes[set].contains) ?? false
        default: isTaken = false
        }
        let slots = current.slots[index * slotCount..<(index + 1) * slotCount]
        if case .match = program.instructions[instruction] {
          matched = Array(slots)
          break  // those after it are worse
        }
        guard isTaken else { continue }
        work.slots.replaceSubrange(0..<slotCount, with: slots)
        try upcoming.add(instruction + 1, of: program, at: following, with: &work)
      }
      if next == nil { break }
      swap(&current, &upcoming)
      position += width
      (previous, next, width) = (next, afterNext, widthAfter)
    }
    return matched
  }

  private func runeBefore(_ position: Int) -> UInt32? {
    for start in max(0, position - 4)..<position {
      let (rune, width) = decodeRune(text, at: start)
      if start + width == position { return rune }
    }
    return decodeRune(text, at: position - 1).rune
  }
}

/// The rune at `position` and its length in bytes; nil at the end. A byte that is not UTF-8 is U+FFFD, as in Go.
func decodeRune(_ text: [UInt8], at position: Int) -> (rune: UInt32?, width: Int) {
  guard position < text.count else { return (nil, 0) }
  let first = text[position]
  let bad: (rune: UInt32?, width: Int) = (0xFFFD, 1)
  let width: Int
  var rune: UInt32
  switch first {
  case 0..<0x80: return (UInt32(first), 1)
  case 0xC2...0xDF: (width, rune) = (2, UInt32(first & 0x1F))
  case 0xE0...0xEF: (width, rune) = (3, UInt32(first & 0x0F))
  case 0xF0...0xF4: (width, rune) = (4, UInt32(first & 0x07))
  default: return bad
  }
  guard position + width <= text.count else { return bad }
  for byte in text[position + 1..<position + width] {
    guard byte & 0xC0 == 0x80 else { return bad }
    rune = rune << 6 | UInt32(byte & 0x3F)
  }
  let smallest: [UInt32] = [0, 0, 0x80, 0x800, 0x10000]
  guard rune >= smallest[width], Unicode.Scalar(rune) != nil else { return bad }
  return (rune, width)
}
