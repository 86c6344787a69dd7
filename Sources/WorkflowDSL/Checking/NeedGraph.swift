internal import Wording

/// The order of a list of steps, as its needs say.
struct NeedGraph {
  private let names: [String]
  /// The needs of each step, as places in the list.
  private let needs: [[Int]]
  /// Each step's direct and indirect needs, a bit for each.
  private let ancestors: [[UInt64]]
  /// The places of all steps, each after those that it needs, otherwise as in the file. Without those in cycles.
  let order: [Int]

  /// Reports needs that name nothing, and cycles.
  init(_ steps: [Step], findings: Findings) {
    names = steps.map(\.name.value)
    let places = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    needs = steps.enumerated().map { index, step in
      Self.needs(of: step, at: index, steps, places, findings)
    }
    order = Self.order(needs)
    if order.count < steps.count { Self.reportCycles(steps, needs, ordered: Set(order), findings) }

    let words = (steps.count + 63) / 64
    var ancestors = [[UInt64]](repeating: [UInt64](repeating: 0, count: words), count: steps.count)
    for step in order {
      for need in needs[step] {
        for word in 0..<words { ancestors[step][word] |= ancestors[need][word] }
        ancestors[step][need / 64] |= 1 << UInt64(need % 64)
      }
    }
    self.ancestors = ancestors
  }

  /// Whether a step can only start when another one is over.
  func isAncestor(_ ancestor: Int, of step: Int) -> Bool {
    ancestors[step][ancestor / 64] >> UInt64(ancestor % 64) & 1 == 1
  }

  /// The steps that no other one needs.
  var sinks: [Int] {
    let needed = Set(needs.joined())
    return names.indices.filter { !needed.contains($0) }
  }

  private static func needs(
    of step: Step, at index: Int, _ steps: [Step], _ places: [String: Int], _ findings: Findings
  ) -> [Int] {
    var found: [Int] = []
    var seen: Set<String> = []
    for need in step.needs {
      let parts = need.value.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      guard let place = places[parts[0]] else {
        let nearest = nearestNames(to: parts[0], among: places.keys.filter { $0 != step.name.value })
        let hint = nearest.isEmpty ? "; a step needs steps of its own list" : "; did you mean \(alternatives(nearest))?"
        findings.error(
          "'needs' names \(quotedForMessage(need.value)), but there is no such step beside this one\(hint)",
          at: need.place)
        continue
      }
      if place == index {
        findings.error("step '\(step.name.value)' needs itself", at: need.place)
        continue
      }
      if !seen.insert(need.value).inserted { findings.warning("'\(need.value)' is needed twice", at: need.place) }
      if parts.count > 1, !hasInner(steps[place], parts[1...], need, findings) { continue }
      found.append(place)
    }
    return Array(Set(found)).sorted()
  }

  private static func hasInner(
    _ step: Step, _ path: ArraySlice<String>, _ need: Located<String>, _ findings: Findings
  ) -> Bool {
    guard let name = path.first else { return true }
    guard let group = step.group else {
      findings.error("'needs' names '\(need.value)', but '\(step.name.value)' is a step and no group", at: need.place)
      return false
    }
    guard let inner = group.steps.first(where: { $0.name.value == name }) else {
      let nearest = nearestNames(to: name, among: group.steps.map(\.name.value))
      let hint =
        nearest.isEmpty
        ? "; it has \(group.steps.map(\.name.value).joined(separator: ", "))"
        : "; did you mean \(alternatives(nearest))?"
      findings.error(
        "'needs' names '\(need.value)', but group '\(step.name.value)' has no step '\(name)'\(hint)", at: need.place)
      return false
    }
    return hasInner(inner, path.dropFirst(), need, findings)
  }

  /// Kahn's algorithm; of the steps that are free, the first in the file comes first.
  private static func order(_ needs: [[Int]]) -> [Int] {
    var dependents = [[Int]](repeating: [], count: needs.count)
    for (step, needs) in needs.enumerated() { for need in needs { dependents[need].append(step) } }
    var open = needs.map(\.count)
    var order: [Int] = []
    var done = [Bool](repeating: false, count: needs.count)
    // A step is taken as soon as its turn in the file has come and its needs are met; who waited for it follows.
    func take(_ first: Int) {
      var stack = [first]
      while let step = stack.popLast() {
        guard !done[step], open[step] == 0 else { continue }
        done[step] = true
        order.append(step)
        for dependent in dependents[step].reversed() {
          open[dependent] -= 1
          // One that stands later in the file waits for its turn there.
          if open[dependent] == 0, dependent < first { stack.append(dependent) }
        }
      }
    }
    for step in needs.indices { take(step) }
    return order
  }

  private static func reportCycles(_ steps: [Step], _ needs: [[Int]], ordered: Set<Int>, _ findings: Findings) {
    var reported: Set<Int> = []
    for start in steps.indices where !ordered.contains(start) && !reported.contains(start) {
      // From any step that can't be ordered, unordered needs lead into a cycle.
      var path: [Int] = []
      var at = start
      while !path.contains(at), !reported.contains(at) {
        path.append(at)
        guard let next = needs[at].first(where: { !ordered.contains($0) }) else { break }
        at = next
      }
      reported.formUnion(path)
      guard let first = path.firstIndex(of: at) else { continue }
      let cycle = Array(path[first...])
      let shown = (cycle + [at]).map { steps[$0].name.value }.joined(separator: " needs ")
      let place = steps[cycle[0]].needs.first { need in
        need.value.split(separator: ".").first.map(String.init)
          == steps[cycle.count > 1 ? cycle[1] : cycle[0]].name.value
      }?.place
      findings.error("these steps wait for each other: \(shown)", at: place ?? steps[cycle[0]].name.place)
    }
  }
}
