/// The names closest to a mistyped one, best first; at most three, and none that is far off.
///
/// Case does not count. A name that starts with the mistyped one, or with which that one starts, is close, too.
package func nearestNames(to typed: String, among names: some Sequence<String>) -> [String] {
  let longest = 64  // bounds the work for hostile input
  let wanted = Array(typed.lowercased().utf8.prefix(longest))
  guard !wanted.isEmpty else { return [] }
  let limit = max(1, wanted.count / 3)
  var ranked: [(distance: Int, name: String)] = []
  for name in names {
    let candidate = Array(name.lowercased().utf8.prefix(longest))
    let shorter = min(wanted.count, candidate.count)
    let isPrefix = shorter >= 3 && wanted.prefix(shorter) == candidate.prefix(shorter)
    let distance = isPrefix ? min(1, abs(wanted.count - candidate.count)) : editDistance(wanted, candidate)
    if distance <= limit { ranked.append((distance, name)) }
  }
  return ranked.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
}

/// How many single-letter changes, or swaps of neighbours, lie between two words.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...right.count)
  for (i, a) in left.enumerated() {
    var row = [i + 1]
    for (j, b) in right.enumerated() {
      var cost = min(last[j] + (a == b ? 0 : 1), last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { cost = min(cost, beforeLast[j - 1] + 1) }
      row.append(cost)
    }
    (beforeLast, last) = (last, row)
  }
  return last[right.count]
}

/// `'a'`, `'a' or 'b'`, `'a', 'b' or 'c'`.
package func alternatives(_ names: [String]) -> String {
  let quoted = names.map { "'\($0)'" }
  guard let last = quoted.last, quoted.count > 1 else { return quoted.first ?? "" }
  return quoted.dropLast().joined(separator: ", ") + " or " + last
}

/// Text from outside in single quotes, shortened, with control characters replaced: fit for a message or a log.
package func quotedForMessage(_ text: some StringProtocol) -> String {
  let clean = text.unicodeScalars.prefix(80).map { $0.properties.generalCategory == .control ? "\u{FFFD}" : String($0) }
  return "'" + clean.joined() + (text.unicodeScalars.count > 80 ? "…" : "") + "'"
}

/// The end of a message about a mistyped name: `; did you mean 'a' or 'b'?`; nothing if no name is near.
package func didYouMean(_ nearest: [String]) -> String {
  nearest.isEmpty ? "" : "; did you mean \(alternatives(nearest))?"
}
