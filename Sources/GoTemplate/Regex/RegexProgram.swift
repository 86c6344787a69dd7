/// A regular expression as instructions for `RegexMachine`.
struct RegexProgram: Sendable {
  enum Instruction: Sendable {
    /// These take one rune, and go on with the next instruction.
    case rune(UInt32)
    case set(Int)
    /// Tries `first` before `second`.
    case split(first: Int, second: Int)
    case jump(Int)
    /// Remembers the position.
    case save(slot: Int)
    case assertion(RegexAssertion)
    case match
  }

  private(set) var instructions: [Instruction] = []
  private(set) var classes: [RuneClass] = []
  /// Whether it can match nowhere but at the text's beginning.
  private(set) var isAnchored = false

  init(_ root: RegexNode) throws(RegexError) {
    try add(.save(slot: 0))
    try compile(root)
    try add(.save(slot: 1))
    try add(.match)
    if case .assertion(.beginText) = instructions[1] { isAnchored = true }
  }

  private mutating func add(_ instruction: Instruction) throws(RegexError) {
    guard instructions.count < RegexLimits.instructions else { throw .tooLarge }
    instructions.append(instruction)
  }

  private mutating func compile(_ node: RegexNode) throws(RegexError) {
    switch node {
    case .empty: break
    case .rune(let rune): try add(.rune(rune))
    case .set(let set):
      try add(.set(classes.count))
      classes.append(set)
    case .assertion(let assertion): try add(.assertion(assertion))
    case .capture(let index, let body):
      try add(.save(slot: 2 * index))
      try compile(body)
      try add(.save(slot: 2 * index + 1))
    case .concatenation(let parts): for part in parts { try compile(part) }
    case .alternation(let branches): try alternation(branches)
    case .repetition(let body, let minimum, let maximum, let isLazy):
      try repetition(body, minimum: minimum, maximum: maximum, isLazy: isLazy)
    }
  }

  private mutating func alternation(_ branches: [RegexNode]) throws(RegexError) {
    var jumps: [Int] = []
    for branch in branches.dropLast() {
      let split = instructions.count
      try add(.match)  // its place; filled below
      try compile(branch)
      jumps.append(instructions.count)
      try add(.match)
      instructions[split] = .split(first: split + 1, second: instructions.count)
    }
    if let last = branches.last { try compile(last) }
    for jump in jumps { instructions[jump] = .jump(instructions.count) }
  }

  private mutating func repetition(
    _ body: RegexNode, minimum: Int, maximum: Int?, isLazy: Bool
  ) throws(RegexError) {
    if let maximum {
      for _ in 0..<minimum { try compile(body) }
      // Each further copy is optional, and comes only after the one before it.
      var splits: [Int] = []
      for _ in minimum..<maximum {
        splits.append(instructions.count)
        try add(.match)
        try compile(body)
      }
      for split in splits {
        instructions[split] = branch(into: split + 1, past: instructions.count, isLazy: isLazy)
      }
      return
    }
    if minimum == 0, !body.isNullable {
      let split = instructions.count
      try add(.match)
      try compile(body)
      try add(.jump(split))
      instructions[split] = branch(into: split + 1, past: instructions.count, isLazy: isLazy)
      return
    }
    // A loop whose body can be empty is an optional x+, so that an empty turn comes out with its groups set, as in Go.
    let split: Int? = minimum == 0 ? instructions.count : nil
    if split != nil { try add(.match) }
    for _ in 0..<max(0, minimum - 1) { try compile(body) }
    let start = instructions.count
    try compile(body)
    try add(branch(into: start, past: instructions.count + 1, isLazy: isLazy))
    if let split { instructions[split] = branch(into: split + 1, past: instructions.count, isLazy: isLazy) }
  }

  private func branch(into body: Int, past end: Int, isLazy: Bool) -> Instruction {
    isLazy ? .split(first: end, second: body) : .split(first: body, second: end)
  }
}
