internal import Wording

extension Executor {
  /// A value that comes in over a pipe; it can be no value at all.
  struct Piped {
    let value: Value?
  }

  /// The value of a pipeline, after it was given to the pipeline's variables.
  mutating func evaluate(_ pipeline: Pipeline, dot: Value?) throws(TemplateError) -> Value? {
    try step(at: pipeline.offset)
    var piped: Piped?
    for command in pipeline.commands {
      piped = Piped(value: try evaluate(command, dot: dot, piped: piped)?.orNothing)
    }
    for variable in pipeline.variables {
      if pipeline.isAssignment {
        try assign(variable, piped?.value, at: pipeline.offset)
      } else {
        variables.append((variable.id, piped?.value))
      }
    }
    return piped?.value
  }

  private mutating func evaluate(_ command: Command, dot: Value?, piped: Piped?) throws(TemplateError) -> Value? {
    let first = command.operands[0]
    let arguments = command.operands.dropFirst()
    switch first.kind {
    case .fields(let names):
      return try fields(names, of: dot, first, arguments, piped, dot: dot)
    case .variable(let variable, let names) where !names.isEmpty:
      return try fields(names, of: value(of: variable, at: first.offset), first, arguments, piped, dot: dot)
    case .chain(let base, let names):
      return try fields(names, of: evaluate(base, dot: dot), first, arguments, piped, dot: dot)
    case .function(let function): return try call(function, arguments, piped, dot: dot, at: first.offset)
    case .null: throw error("'nil' alone is not a value to print", at: first.offset)
    case .dot, .bool, .number, .string, .variable, .pipeline:
      guard arguments.isEmpty && piped == nil else {
        throw error("\(source(of: first)) takes no arguments; only functions do", at: first.offset)
      }
      return try evaluate(first, dot: dot)
    }
  }

  /// The value of an operand alone.
  private mutating func evaluate(_ operand: Operand, dot: Value?) throws(TemplateError) -> Value? {
    switch operand.kind {
    case .dot: return dot
    case .null: return .null
    case .bool(let value): return .bool(value)
    case .number(let number):
      if number.isFloat { return .float(number.float) }
      guard let int = number.int else { throw error("the number \(number.text) is too large", at: operand.offset) }
      return .int(Int(int))
    case .string(let text): return .string(text)
    case .function(let function): return try call(function, [], nil, dot: dot, at: operand.offset)
    case .fields(let names): return try fields(names, of: dot, operand, [], nil, dot: dot)
    case .variable(let variable, let names):
      let value = try value(of: variable, at: operand.offset)
      return names.isEmpty ? value : try fields(names, of: value, operand, [], nil, dot: dot)
    case .pipeline(let pipeline):
      try enter(at: operand.offset)
      defer { leave() }
      return try evaluate(pipeline, dot: dot)
    case .chain(let base, let names): return try fields(names, of: evaluate(base, dot: dot), operand, [], nil, dot: dot)
    }
  }

  // MARK: Fields

  /// The value at the end of a chain of fields. Only a method at its end takes arguments.
  private mutating func fields(
    _ names: [String], of receiver: Value?, _ operand: Operand, _ arguments: ArraySlice<Operand>, _ piped: Piped?,
    dot: Value?
  ) throws(TemplateError) -> Value? {
    var value = receiver
    for index in names.indices {
      let isLast = index == names.count - 1
      value = try field(
        names, index, of: value, operand, isLast ? arguments : [], isLast ? piped : nil, dot: dot)
    }
    return value
  }

  private mutating func field(
    _ names: [String], _ index: Int, of receiver: Value?, _ operand: Operand, _ arguments: ArraySlice<Operand>,
    _ piped: Piped?, dot: Value?
  ) throws(TemplateError) -> Value? {
    let name = names[index]
    let hasArguments = !arguments.isEmpty || piped != nil
    func refuseArguments() throws(TemplateError) {
      guard hasArguments else { return }
      throw error(
        "\(chain(operand, names, index)) is data and takes no arguments; only functions do", at: operand.offset)
    }
    switch receiver {
    case nil:
      guard options.missingKey != .error else {
        throw error("\(chain(operand, names, index)) is missing, since there is no data before it", at: operand.offset)
      }
      return nil
    case .null:
      throw error(
        "\(chain(operand, names, index)) cannot be read: \(chain(operand, names, index - 1)) is null",
        at: operand.offset)
    case .some(.map(let map)):
      try refuseArguments()
      if let value = map.entries[name] { return value }
      switch options.missingKey {
      case .default: return nil
      case .zero: return map.element.zero
      case .error: throw missing(operand, names, index, among: map.entries.keys)
      }
    case .structure(let structure):
      guard let value = structure[name] else {
        throw missing(operand, names, index, among: structure.type.fields.map(\.name))
      }
      try refuseArguments()
      return value
    case .nilPointer(let type):
      guard type.fields.contains(where: { $0.name == name }) else {
        throw missing(operand, names, index, among: type.fields.map(\.name))
      }
      throw error(
        "\(chain(operand, names, index)) cannot be read: \(chain(operand, names, index - 1)) is nil", at: operand.offset
      )
    case .object(let object):
      guard let method = object.method(named: name) else {
        throw error("\(object.typeName) has no method '\(name)'", at: operand.offset)
      }
      return try call(method, arguments, piped, dot: dot, at: operand.offset)
    case .some(let value):
      throw error(
        "\(chain(operand, names, index)) cannot be read: \(chain(operand, names, index - 1)) is \(described(value))",
        at: operand.offset)
    }
  }

  private func missing(
    _ operand: Operand, _ names: [String], _ index: Int, among known: some Sequence<String>
  ) -> TemplateError {
    let near = nearestNames(to: names[index], among: known)
    let hint = didYouMean(near)
    return error("\(chain(operand, names, index)) is missing in the data\(hint)", at: operand.offset)
  }

  /// The chain up to the field at `index` in quotes, as the template has it.
  private func chain(_ operand: Operand, _ names: [String], _ index: Int) -> String {
    let fields = names.prefix(index + 1).map { "." + $0 }.joined()
    switch operand.kind {
    case .variable(let variable, _): return quotedForMessage(variable.name + fields)
    case .chain: return quotedForMessage("(…)" + fields)
    default: return quotedForMessage(fields.isEmpty ? "." : fields)
    }
  }

  /// An operand for a message.
  func source(of operand: Operand) -> String {
    switch operand.kind {
    case .dot: "'.'"
    case .null: "'nil'"
    case .bool(let value): "'\(value)'"
    case .number(let number): "'\(number.text)'"
    case .string(let text): "the text \(quotedForMessage(text))"
    case .function(let function): "'\(function.name)'"
    case .fields(let names), .chain(_, let names), .variable(_, let names): chain(operand, names, names.count - 1)
    case .pipeline: "the value in parentheses"
    }
  }

  // MARK: Arguments

  /// The value of an operand for an `any` parameter.
  mutating func anyArgument(_ operand: Operand, dot: Value?) throws(TemplateError) -> Value {
    try evaluate(operand, dot: dot) ?? .null
  }

  /// The value of an operand for a parameter of this type.
  mutating func argument(
    _ operand: Operand, for parameter: Parameter, of function: Function, dot: Value?
  ) throws(TemplateError) -> Value {
    switch (operand.kind, parameter) {
    case (_, .any): return try anyArgument(operand, dot: dot)
    case (.null, .list), (.null, .map): return try convert(nil, to: parameter, of: function, at: operand.offset)
    // A literal number fits every type that can hold it.
    case (.number(let number), .int):
      if let int = number.int { return .int(Int(int)) }
    case (.number(let number), .int64):
      if let int = number.int { return .int64(int) }
    case (.number(let number), .float64): return .float(number.float)
    default: break
    }
    return try convert(evaluate(operand, dot: dot), to: parameter, of: function, at: operand.offset)
  }

  /// A value as a parameter takes it, by Go's rules for assigning.
  func convert(
    _ value: Value?, to parameter: Parameter, of function: Function, at offset: Int
  ) throws(TemplateError) -> Value {
    switch (parameter, value) {
    case (.any, _): return value ?? .null
    case (.list, nil): return GoType.list(.any).zero
    case (.map, nil): return GoType.map(.any).zero
    case (.bool, .bool), (.int, .int), (.int64, .int64), (.float64, .float), (.string, .string):
      return value ?? .null
    case (.list, .list(let list)) where list.element == .any: return .list(list)
    case (.map, .some(.map(let map))) where map.element == .any: return .map(map)
    case (.object(let name), .object(let object)) where object.typeName == name: return .object(object)
    default: break
    }
    var advice = ""
    switch (parameter, value) {
    case (.int, .some(let value)) where value.isNumber: advice = "; turn it into one with int"
    case (.int64, .some(let value)) where value.isNumber: advice = "; turn it into one with int64"
    case (.float64, .some(let value)) where value.isNumber: advice = "; turn it into one with float64"
    case (.string, .some(.null)), (.string, nil): advice = "; give it a value with default"
    case (.string, .some): advice = "; turn it into text with toString"
    default: break
    }
    throw error("'\(function.name)' takes \(parameter.words) here, not \(described(value))\(advice)", at: offset)
  }
}

extension Value {
  fileprivate var isNumber: Bool {
    if case .float = self { true } else { wholeNumber != nil }
  }
}

extension Parameter {
  /// The type in words.
  fileprivate var words: String {
    switch self {
    case .any: "anything"
    case .bool: "true or false"
    case .int: "a whole number (int)"
    case .int64: "a whole number (int64)"
    case .float64: "a number (float64)"
    case .string: "text"
    case .list: "a list ([]interface {})"
    case .map: "a map (map[string]interface {})"
    case .object(let name): "a \(name)"
    }
  }
}
