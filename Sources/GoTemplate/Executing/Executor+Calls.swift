extension Executor {
  /// Calls a function with operands, and with a piped value as its last argument.
  mutating func call(
    _ function: Function, _ operands: ArraySlice<Operand>, _ piped: Piped?, dot: Value?, at offset: Int
  ) throws(TemplateError) -> Value? {
    let count = operands.count + (piped == nil ? 0 : 1)
    guard count >= function.parameters.count, function.rest != nil || count == function.parameters.count else {
      throw error(wrongCount(count, function), at: offset)
    }
    if function.name == "and" || function.name == "or" {
      return try evaluateLogic(function, operands, piped, dot: dot)
    }
    var values: [Value] = []
    values.reserveCapacity(count)
    for operand in operands {
      values.append(
        try argument(operand, for: function.parameter(values.count), of: function, dot: dot))
    }
    if let piped {
      values.append(try convert(piped.value, to: function.parameter(values.count), of: function, at: offset))
    }
    // `index` looks at one element, and gives what was there before; anything else can grow with every call.
    let isIndex = function.name == "index"
    try step(at: offset, for: isIndex ? 1 : values.reduce(0) { $0 + $1.ownSize })
    let result: Value
    do {
      result = try function.body(Arguments(values, limits: options.limits))
    } catch {
      throw self.error("\(function.name): \(error)", at: offset)
    }
    if isIndex { return result }
    guard let size = result.size(upTo: options.limits.outputBytes) else {
      throw error(
        "what '\(function.name)' gives is larger than the limit of \(options.limits.outputBytes) bytes,"
          + " or nested in itself; make less of it", at: offset)
    }
    try step(at: offset, for: size)
    return result
  }

  /// `and` and `or` evaluate no more operands than they need. A piped one was evaluated before.
  private mutating func evaluateLogic(
    _ function: Function, _ operands: ArraySlice<Operand>, _ piped: Piped?, dot: Value?
  ) throws(TemplateError) -> Value? {
    let deciding = function.name == "or"
    var value = Value.null
    for operand in operands {
      value = try anyArgument(operand, dot: dot)
      if value.isTrue == deciding { return value }
    }
    return piped.map { $0.value ?? .null } ?? value
  }

  private func wrongCount(_ count: Int, _ function: Function) -> String {
    let wanted = function.parameters.count
    let most = function.rest == nil ? "" : "at least "
    return "'\(function.name)' takes \(most)\(wanted) \(wanted == 1 ? "argument" : "arguments"), and got \(count)"
  }
}

extension Function {
  /// The type of the argument at this position.
  fileprivate func parameter(_ index: Int) -> Parameter {
    index < parameters.count ? parameters[index] : rest ?? .any
  }
}
