/// A place where a template reads from its data.
public struct TemplateReference: Sendable, Hashable {
  /// The names from the root of the data on.
  public var path: [String]
  /// Where in the text, in UTF-8 bytes.
  public var offset: Int
  /// Whether this is all; if not, what is read lies somewhere below the path.
  public var isExact: Bool

  /// A reading of this path.
  public init(path: [String], offset: Int, isExact: Bool) {
    self.path = path
    self.offset = offset
    self.isExact = isExact
  }
}

extension Template {
  /// What it reads from its data, in the order of the text, for checks before anything runs.
  ///
  /// These are the chains of fields that start at the root: through `.` while dot is the root or a known place below
  /// it, through `$`, through a variable that was assigned such a chain, and through `index CHAIN "name"`. What is read
  /// from an element of a list or map is reported as a part of that list or map, which is then not exact. The whole
  /// data, as in `toJson .`, is not reported.
  public var references: [TemplateReference] {
    var finder = ReferenceFinder(templates: templates)
    finder.visit(main, dot: KnownPlace(path: [], isExact: true))
    return finder.found.sorted { ($0.offset, $0.path.count) < ($1.offset, $1.path.count) }
  }
}

/// A place in the data that is known without running the template; nil instead of it is any other value.
private struct KnownPlace: Hashable {
  var path: [String]
  /// Whether the value is what stands there; otherwise it is somewhere below.
  var isExact: Bool

  func appending(_ names: [String]) -> KnownPlace {
    isExact ? KnownPlace(path: path + names, isExact: true) : self
  }

  /// Something below this that is not known.
  var element: KnownPlace { KnownPlace(path: path, isExact: false) }
}

/// Walks the nodes with what is known of dot and the variables.
private struct ReferenceFinder {
  let templates: [String: [Node]]
  var found: [TemplateReference] = []
  private var variables: [(id: Int, place: KnownPlace?)] = []
  /// The calls of named templates that were followed, so that recursion ends.
  private var followed: Set<Call> = []

  private struct Call: Hashable {
    let name: String
    let dot: KnownPlace?
  }

  private var depth = 0

  /// How deep branches and calls are followed: no deeper than they could be rendered.
  private static let depthLimit = 600

  /// How many different calls of named templates are followed.
  private static let callLimit = 200

  init(templates: [String: [Node]]) { self.templates = templates }

  mutating func visit(_ nodes: [Node], dot: KnownPlace?) {
    if variables.isEmpty { variables = [(0, dot)] }
    for node in nodes {
      switch node {
      case .text, .breakLoop, .continueLoop: break
      case .action(let pipeline): read(pipeline, dot)
      case .branch(let branch): visit(branch, dot, isRange: false)
      case .range(let branch): visit(branch, dot, isRange: true)
      case .template(let name, let argument, _):
        var place: KnownPlace?
        if let argument {
          place = self.place(of: argument, dot)
          report(place, argument.offset)
        }
        follow(Call(name: name, dot: place))
      }
    }
  }

  private mutating func visit(_ branch: Branch, _ dot: KnownPlace?, isRange: Bool) {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { return }
    let declared = variables.count
    let place = place(of: branch.pipeline, dot, isRange: isRange)
    report(place, branch.pipeline.offset)
    let inner = variables.count
    let bodyDot = isRange ? place?.element : branch.movesDot ? place : dot
    visit(branch.body, dot: bodyDot)
    variables.removeLast(variables.count - inner)
    visit(branch.otherwise, dot: dot)
    variables.removeLast(variables.count - declared)
  }

  private mutating func follow(_ call: Call) {
    guard followed.count < Self.callLimit, followed.insert(call).inserted, let nodes = templates[call.name] else {
      return
    }
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { return }
    let outer = variables
    variables = [(0, call.dot)]
    visit(nodes, dot: call.dot)
    variables = outer
  }

  private mutating func report(_ place: KnownPlace?, _ offset: Int) {
    guard let place, !place.path.isEmpty else { return }
    let reference = TemplateReference(path: place.path, offset: offset, isExact: place.isExact)
    if !found.contains(reference) { found.append(reference) }
  }

  private mutating func read(_ pipeline: Pipeline, _ dot: KnownPlace?) {
    report(place(of: pipeline, dot), pipeline.offset)
  }

  private mutating func read(_ operand: Operand, _ dot: KnownPlace?) {
    report(place(of: operand, dot), operand.offset)
  }

  /// The place that a pipeline gives, which is not reported yet; what is read on the way is.
  private mutating func place(of pipeline: Pipeline, _ dot: KnownPlace?, isRange: Bool = false) -> KnownPlace? {
    var place: KnownPlace?
    for (index, command) in pipeline.commands.enumerated() {
      if index > 0 { report(place, pipeline.offset) }
      place = self.place(of: command, dot, isPiped: index > 0)
    }
    for (index, variable) in pipeline.variables.enumerated() {
      // Of the two variables of a range, the first is the key.
      let isKey = isRange && pipeline.variables.count > 1 && index == 0
      let value = isKey ? nil : isRange ? place?.element : place
      guard pipeline.isAssignment else {
        variables.append((variable.id, value))
        continue
      }
      // An assignment may run or not, so that afterwards nothing is known.
      if let index = variables.lastIndex(where: { $0.id == variable.id }) { variables[index].place = nil }
    }
    return place
  }

  private mutating func place(of command: Command, _ dot: KnownPlace?, isPiped: Bool) -> KnownPlace? {
    guard let first = command.operands.first else { return nil }
    let arguments = command.operands.dropFirst()
    if case .function(let function) = first.kind, function.name == "index", !isPiped, let base = arguments.first {
      return index(base, arguments.dropFirst(), dot)
    }
    for argument in arguments { read(argument, dot) }
    return place(of: first, dot)
  }

  private mutating func index(_ base: Operand, _ keys: ArraySlice<Operand>, _ dot: KnownPlace?) -> KnownPlace? {
    var result = place(of: base, dot)
    for key in keys {
      if case .string(let name) = key.kind {
        result = result?.appending([name])
      } else {
        read(key, dot)
        result = result?.element
      }
    }
    return result
  }

  private mutating func place(of operand: Operand, _ dot: KnownPlace?) -> KnownPlace? {
    switch operand.kind {
    case .dot: return dot
    case .fields(let names): return dot?.appending(names)
    case .variable(let variable, let names):
      return variables.last { $0.id == variable.id }?.place?.appending(names)
    case .pipeline(let pipeline): return place(of: pipeline, dot)
    case .chain(let base, let names): return place(of: base, dot)?.appending(names)
    case .null, .bool, .number, .string, .function: return nil
    }
  }
}
