import TestSupport

/// Makes inputs from a corpus: number N of a seed is always the same input.
struct Mutator: Sendable {
  /// No input is longer, so that each takes little time.
  static let maximumBytes = 64 << 10

  let seed: UInt64
  let corpus: [[UInt8]]
  let dictionary: [[UInt8]]
  let nestings: [(String, String)]

  init(_ target: any FuzzTarget.Type, seed: UInt64) {
    self.seed = seed
    corpus = target.corpus
    dictionary = target.dictionary
    nestings = target.nestings
  }

  /// The input with a number.
  func input(_ number: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    random = SplitMix64(seed: random.next() ^ number &* 0xD1B5_4A32_D192_ED03)
    var input = corpus.randomElement(using: &random) ?? []
    // Half stay nearly whole, so that enough inputs are accepted.
    for _ in 0..<(random.chance(2) ? 1 : random.below(6)) { mutate(&input, &random) }
    return Array(input.prefix(Self.maximumBytes))
  }

  private func mutate(_ input: inout [UInt8], _ random: inout SplitMix64) {
    switch random.below(14) {
    case 0:
      guard !input.isEmpty else { return }
      input[random.below(input.count)] ^= 1 << UInt8(random.below(8))
    case 1:
      guard !input.isEmpty else { return }
      input[random.below(input.count)] = UInt8(truncatingIfNeeded: random.next())
    case 2: input.removeSubrange(random.range(of: input, atMost: 40))
    case 3:
      input.insert(contentsOf: Array(input[random.range(of: input, atMost: 200)]), at: random.below(input.count + 1))
    case 4: splice(&input, &random)
    case 5: nest(&input, &random)
    case 6: changeLine(&input, &random)
    case 7: input.removeSubrange(random.below(input.count + 1)...)
    case 8, 9: replaceWord(&input, &random)
    default:
      guard let word = dictionary.randomElement(using: &random) else { return }
      let place = random.range(of: input, atMost: random.chance(2) ? 0 : 8)
      input.replaceSubrange(place, with: word)
    }
  }

  /// The beginning of this one, and the end of another.
  private func splice(_ input: inout [UInt8], _ random: inout SplitMix64) {
    guard let other = corpus.randomElement(using: &random) else { return }
    input = input.prefix(random.below(input.count + 1)) + other.suffix(random.below(other.count + 1))
  }

  private func nest(_ input: inout [UInt8], _ random: inout SplitMix64) {
    guard let (opening, closing) = nestings.randomElement(using: &random) else { return }
    let depth = random.chance(8) ? random.below(5_000) : random.below(100)
    let place = random.range(of: input, atMost: 20)
    let inside = Array(input[place])
    let end = random.chance(4) ? [] : Array(repeatElement(Array(closing.utf8), count: depth).joined())
    input.replaceSubrange(place, with: repeatElement(Array(opening.utf8), count: depth).joined() + inside + end)
  }

  /// Puts a word of the dictionary in the place of another word: what comes out is often well formed.
  private func replaceWord(_ input: inout [UInt8], _ random: inout SplitMix64) {
    let start = random.below(input.count + 1)
    func isInWord(_ byte: UInt8) -> Bool { byte >= 0x30 && byte != 0x7B && byte != 0x7D || byte == UInt8(ascii: ".") }
    guard let first = input[start...].firstIndex(where: isInWord), let word = dictionary.randomElement(using: &random)
    else { return }
    input.replaceSubrange(first..<(input[first...].firstIndex { !isInWord($0) } ?? input.count), with: word)
  }

  /// Moves, repeats, drops or indents a line.
  private func changeLine(_ input: inout [UInt8], _ random: inout SplitMix64) {
    var lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    let index = random.below(lines.count)
    switch random.below(5) {
    case 0: lines.swapAt(index, random.below(lines.count))
    case 1: lines.insert(lines[index], at: random.below(lines.count + 1))
    case 2: lines.remove(at: index)
    case 3: lines[index].insert(contentsOf: repeatElement(UInt8(ascii: " "), count: 1 + random.below(3)), at: 0)
    default: if lines[index].first == UInt8(ascii: " ") { lines[index].removeFirst() }
    }
    input = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
  }
}

extension SplitMix64 {
  fileprivate mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
  /// True once in `count` times.
  fileprivate mutating func chance(_ count: Int) -> Bool { below(count) == 0 }
  fileprivate mutating func range(of input: [UInt8], atMost length: Int) -> Range<Int> {
    let start = below(input.count + 1)
    return start..<min(input.count, start + below(length + 1))
  }
}
