/// Where a step stands in its run, as its name tells: `volumes[3].export` is an instance in a group, `undo:snapshot` undoes
/// a step, `onFailure:notify` belongs to a hook, `volumes:items` lists what a group is made for.
struct StepPlace: Sendable, Equatable {
  /// The part of the picture that it belongs to.
  enum Part: Sendable, Equatable {
    case plan, hooks, undo
    /// Before the run was retried: kept for the record.
    case old
  }

  var part: Part
  /// The outermost group; nil for a step outside of groups, and for a group itself.
  var group: String?
  /// The name as it is written below its group: `[3].export`.
  var label: String
  /// Whether it only lists the items of a group.
  var listsItems: Bool

  /// Takes a step's name apart.
  init(_ name: String) {
    var rest = name[...]
    part = .plan
    if name.hasPrefix("undo:") {
      part = .undo
      rest = rest.dropFirst(5)
    } else if name.hasPrefix("old:") {
      part = .old
      rest = rest.dropFirst(4)
    }
    listsItems = rest.hasSuffix(":items")
    if part == .plan, !listsItems, rest.contains(":") { part = .hooks }
    if part == .plan, let bracket = rest.firstIndex(of: "[") {
      group = String(rest[..<bracket])
      label = String(rest[bracket...])
    } else {
      label = String(rest)
    }
  }

  /// The name without the numbers of items: `volumes.export`, which means every instance.
  static func pathless(_ name: String) -> String {
    var result = ""
    var isInside = false
    for character in name {
      if character == "[" { isInside = true }
      if !isInside { result.append(character) }
      if character == "]" { isInside = false }
    }
    return result
  }
}
