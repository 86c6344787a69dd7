internal import Wording

/// What the expressions of a step can see.
struct StepScope {
  /// The steps of one list, as a step in it, or in a group of it, sees them.
  struct Level {
    let steps: [String: Step]
    /// Whether a step is surely over when the expression is evaluated.
    var isOver: (String) -> Bool
  }

  let parameters: [Parameter]
  /// The lists around the step, the innermost last.
  var levels: [Level] = []
  /// The items of the groups around it.
  var items: [String] = []
  /// Steps whose outputs are surely there, since a group around it would have been skipped otherwise.
  var guarded: Set<String> = []

  /// The names that stand at the beginning of a reference.
  var roots: [String] { ["Params", "Steps", "Run", "Step"] + items }

  /// The step that a path of names leads to: how it is called, how many of the names that took, and whether it is
  /// a group's, so that there is one of it for each item. Nil if there is none.
  func find(_ path: ArraySlice<String>) -> (step: Step, name: String, taken: Int, isRepeated: Bool, isOver: Bool)? {
    guard let first = path.first, let level = levels.last(where: { $0.steps[first] != nil }),
      var step = level.steps[first]
    else { return nil }
    var taken = 1
    while let group = step.group, path.count > taken,
      let inner = group.steps.first(where: { $0.name.value == path[path.startIndex + taken] })
    {
      step = inner
      taken += 1
    }
    return (step, path.prefix(taken).joined(separator: "."), taken, taken > 1, level.isOver(first))
  }

  /// The nearest names of steps that can be seen, for a hint.
  func nearestSteps(to name: String) -> [String] {
    nearestNames(to: name, among: levels.flatMap { $0.steps.keys }.sorted())
  }
}
