/// The difference of two texts, line by line, as `diff -u` shows it.
struct LineDiff {
  private enum Edit {
    case keep, remove, add
  }

  /// Nil if the texts are equal.
  /// - Parameters:
  ///   - names: What stands in the head, for the old text and the new one.
  static func unified(_ old: String, _ new: String, names: (old: String, new: String), context: Int = 3) -> String? {
    guard old != new else { return nil }
    let before = lines(old)
    let after = lines(new)
    let script = script(before, after)
    var output = ["--- \(names.old)", "+++ \(names.new)"]
    var shown = 0  // entries of the script that are written already
    for index in script.indices where script[index].edit != .keep && index >= shown {
      var end = index
      // Changes with little between them share one piece.
      var next = index
      while next < script.count, next - end <= 2 * context {
        if script[next].edit != .keep { end = next }
        next += 1
      }
      let range = max(shown, index - context)..<min(script.count, end + context + 1)
      shown = range.upperBound
      let piece = script[range]
      let oldCount = piece.count { $0.edit != .add }
      let newCount = piece.count { $0.edit != .remove }
      let first = script[range.lowerBound]
      output.append("@@ -\(first.old + 1),\(oldCount) +\(first.new + 1),\(newCount) @@")
      output += piece.map { ($0.edit == .keep ? " " : $0.edit == .remove ? "-" : "+") + $0.line }
    }
    return output.joined(separator: "\n") + "\n"
  }

  private static func lines(_ text: String) -> [Substring] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty ?? false { lines.removeLast() }
    return lines
  }

  /// What makes the new lines of the old ones, with where each line stands in both. The standard library finds what is
  /// removed and inserted; this puts it in order.
  private static func script(
    _ before: [Substring], _ after: [Substring]
  ) -> [(edit: Edit, line: Substring, old: Int, new: Int)] {
    let difference = after.difference(from: before)
    var removed: Set<Int> = []
    var added: Set<Int> = []
    for change in difference {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): added.insert(offset)
      }
    }
    var script: [(edit: Edit, line: Substring, old: Int, new: Int)] = []
    var old = 0
    var new = 0
    while old < before.count || new < after.count {
      if removed.contains(old) {
        script.append((.remove, before[old], old, new))
        old += 1
      } else if added.contains(new) {
        script.append((.add, after[new], old, new))
        new += 1
      } else if old < before.count {
        script.append((.keep, before[old], old, new))
        old += 1
        new += 1
      } else {
        break
      }
    }
    return script
  }
}
