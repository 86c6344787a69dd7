internal import Wording

/// One rendering of a template: walks its nodes, and collects the text.
struct Executor {
  let template: Template
  let options: RenderOptions
  var output = ""
  /// The variables that are in reach, the latest last. A new one hides an older of the same name.
  var variables: [(id: Int, value: Value?)]
  private var steps = 0
  /// How deep nodes, pipelines and template calls are nested at this point; bounds the stack.
  private var depth = 0
  private var callDepth = 0

  /// Bounds the stack of the thread, whatever the limit of template calls.
  private static let depthLimit = 600

  /// How many bytes or elements a function can handle in one step.
  private static let sizeOfStep = 64

  /// What to do after a node.
  enum Flow {
    case goOn
    case breakLoop
    case continueLoop
  }

  init(_ template: Template, data: Value, options: RenderOptions) {
    self.template = template
    self.options = options
    variables = [(0, data.orNothing)]
  }

  /// Runs nodes with this dot. Nil stands for no value at all, such as a missing key gives.
  mutating func run(_ nodes: [Node], dot: Value?) throws(TemplateError) -> Flow {
    for node in nodes {
      let flow = try run(node, dot: dot)
      if flow != .goOn { return flow }
    }
    return .goOn
  }

  private mutating func run(_ node: Node, dot: Value?) throws(TemplateError) -> Flow {
    switch node {
    case .text(let text, let offset): try write(text, at: offset)
    case .action(let pipeline):
      let value = try evaluate(pipeline, dot: dot)
      if pipeline.variables.isEmpty { try print(value, at: pipeline.offset) }
    case .branch(let branch): return try runBranch(branch, dot: dot)
    case .range(let branch): return try runRange(branch, dot: dot)
    case .template(let name, let argument, let offset): try call(name, argument, dot: dot, at: offset)
    case .breakLoop: return .breakLoop
    case .continueLoop: return .continueLoop
    }
    return .goOn
  }

  // MARK: Output and limits

  private mutating func print(_ value: Value?, at offset: Int) throws(TemplateError) {
    switch value {
    case nil, .null:
      if options.refusesToPrintNull {
        throw error(
          "the expression gives null, which can't stand in a text; use default, such as: VALUE | default \"…\"",
          at: offset)
      }
      try write("<no value>", at: offset)
    case .string(let text): try write(text, at: offset)
    case .structure(var structure):
      structure.isPointer = false
      try write(Value.structure(structure).text, at: offset)
    case .some(let value): try write(value.text, at: offset)
    }
  }

  private mutating func write(_ text: String, at offset: Int) throws(TemplateError) {
    guard output.utf8.count + text.utf8.count <= options.limits.outputBytes else {
      throw error(
        "the output gets longer than the limit of \(options.limits.outputBytes) bytes; make less of it", at: offset)
    }
    output += text
  }

  func error(_ message: String, at offset: Int) -> TemplateError {
    TemplateError(message, at: offset, in: template.text, isParseError: false)
  }

  /// Counts one step, and more for work on values of some size.
  mutating func step(at offset: Int, for size: Int = 0) throws(TemplateError) {
    steps += 1 + size / Self.sizeOfStep
    guard steps <= options.limits.steps else {
      throw error(
        "the template takes more than \(options.limits.steps) steps; make its loops shorter, or its values smaller",
        at: offset)
    }
  }

  mutating func enter(at offset: Int) throws(TemplateError) {
    depth += 1
    guard depth <= Self.depthLimit else {
      throw error(
        "the template is nested too deeply here; do not let templates call one another without end", at: offset)
    }
  }

  mutating func leave() { depth -= 1 }

  // MARK: Branches, loops, calls

  private mutating func runBranch(_ branch: Branch, dot: Value?) throws(TemplateError) -> Flow {
    try enter(at: branch.pipeline.offset)
    let declared = variables.count
    defer {
      variables.removeLast(variables.count - declared)
      leave()
    }
    let value = try evaluate(branch.pipeline, dot: dot)
    if let value, value.isTrue { return try run(branch.body, dot: branch.movesDot ? value : dot) }
    return try run(branch.otherwise, dot: dot)
  }

  private mutating func runRange(_ branch: Branch, dot: Value?) throws(TemplateError) -> Flow {
    try enter(at: branch.pipeline.offset)
    let declared = variables.count
    defer {
      variables.removeLast(variables.count - declared)
      leave()
    }
    let value = try evaluate(branch.pipeline, dot: dot)
    let inner = variables.count
    var isEmpty = true
    /// One round; whether there is to be another.
    func round(_ executor: inout Executor, _ key: @autoclosure () -> Value, _ element: Value) throws(TemplateError)
      -> Bool
    {
      isEmpty = false
      try executor.step(at: branch.pipeline.offset)
      try executor.bind(branch.pipeline, key, element, declaredAt: inner)
      let flow = try executor.run(branch.body, dot: element)
      executor.variables.removeLast(executor.variables.count - inner)
      return flow != .breakLoop
    }
    switch value {
    case .int(let count):
      try refuseKey(branch, count)
      var index = 0
      while index < count, try round(&self, .null, .int(index)) { index += 1 }
    case .int64(let count):
      try refuseKey(branch, Int(count))
      var index: Int64 = 0
      while index < count, try round(&self, .null, .int64(index)) { index += 1 }
    case .byte(let count):
      try refuseKey(branch, Int(count))
      var index: UInt8 = 0
      while index < count, try round(&self, .null, .byte(index)) { index += 1 }
    case .list(let list):
      for (index, element) in list.elements.enumerated() {
        guard try round(&self, .int(index), element) else { break }
      }
    case .bytes(let bytes):
      for (index, byte) in bytes.enumerated() {
        guard try round(&self, .int(index), .byte(byte)) else { break }
      }
    case .some(.map(let map)):
      for key in map.sortedKeys {
        // The body may have removed it.
        guard let element = map.entries[key] else { continue }
        guard try round(&self, .string(key), element) else { break }
      }
    case nil, .null: break
    case .some(let value):
      throw error("'range' takes a list, a map or a whole number; got \(described(value))", at: branch.pipeline.offset)
    }
    return isEmpty ? try run(branch.otherwise, dot: dot) : .goOn
  }

  private func refuseKey(_ branch: Branch, _ count: Int) throws(TemplateError) {
    guard branch.pipeline.variables.count > 1 else { return }
    throw error("'range' over the number \(count) gives one variable, not two", at: branch.pipeline.offset)
  }

  /// Gives the variables of a range their values for one round.
  private mutating func bind(
    _ pipeline: Pipeline, _ key: () -> Value, _ element: Value, declaredAt inner: Int
  ) throws(TemplateError) {
    guard let last = pipeline.variables.last else { return }
    let hasKey = pipeline.variables.count > 1
    if pipeline.isAssignment {
      if hasKey { try assign(pipeline.variables[0], key(), at: pipeline.offset) }
      try assign(last, element, at: pipeline.offset)
    } else {
      if hasKey { variables[inner - 2].value = key() }
      variables[inner - 1].value = element
    }
  }

  private mutating func call(
    _ name: String, _ argument: Pipeline?, dot: Value?, at offset: Int
  ) throws(TemplateError) {
    try step(at: offset)
    try enter(at: offset)
    defer { leave() }
    guard let nodes = template.templates[name] else {
      throw error("the template '\(name)' is not defined; define it, or correct the name", at: offset)
    }
    callDepth += 1
    defer { callDepth -= 1 }
    guard callDepth <= options.limits.nesting else {
      throw error(
        "templates call one another more than \(options.limits.nesting) deep, '\(name)' the last; end the recursion",
        at: offset)
    }
    var inner: Value?
    if let argument { inner = try evaluate(argument, dot: dot) }
    let outer = variables
    variables = [(0, inner)]
    _ = try run(nodes, dot: inner)
    variables = outer
  }

  // MARK: Variables

  mutating func assign(_ variable: Variable, _ value: Value?, at offset: Int) throws(TemplateError) {
    guard let index = variables.lastIndex(where: { $0.id == variable.id }) else {
      throw error(
        "the variable '\(variable.name)' is not declared; declare it with \(variable.name) := VALUE", at: offset)
    }
    variables[index].value = value
  }

  func value(of variable: Variable, at offset: Int) throws(TemplateError) -> Value? {
    guard let index = variables.lastIndex(where: { $0.id == variable.id }) else {
      throw error("the variable '\(variable.name)' has no value here, since its declaration did not run", at: offset)
    }
    return variables[index].value
  }
}

extension Value {
  /// Nil for `.null`: what a pipeline makes of it.
  var orNothing: Value? { if case .null = self { nil } else { self } }
}

/// A value for a message: its type in words, and its Go type.
func described(_ value: Value?) -> String {
  switch value {
  case nil: "nothing, since the value is missing"
  case .null: "null"
  case .bool(let bool): "\(bool)"
  case .int, .int64, .byte, .float: "the number \(value?.text ?? "") (\(value?.typeName ?? ""))"
  case .string(let text): "the text \(quotedForMessage(text))"
  case .bytes: "bytes"
  case .list(let list): "a list (\(GoType.list(list.element).name))"
  case .some(.map(let map)): "a map (\(GoType.map(map.element).name))"
  case .structure, .nilPointer, .object: "a \(value?.typeName ?? "")"
  }
}
