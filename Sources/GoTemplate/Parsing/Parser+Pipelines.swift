internal import Wording

extension Parser {
  mutating func pipeline(
    _ context: String, until end: Token.Kind, isRange: Bool = false
  ) throws(TemplateError) -> Pipeline {
    var pipeline = Pipeline(offset: peekBesidesSpace().start)
    try parseDeclarations(into: &pipeline, context, isRange: isRange)
    while true {
      let start = position
      let token = nextBesidesSpace()
      if token.kind == end { break }
      switch token.kind {
      case .bool, .character, .number, .dot, .field, .identifier, .nilWord, .rawString, .string, .variable,
        .leftParenthesis:
        position = start
        let offset = peekBesidesSpace()
        let command = try command()
        if let first = command.operands.first, !pipeline.commands.isEmpty, first.isPlain {
          throw error("\(shown(offset)) cannot take the value before '|'; only a function can", at: offset)
        }
        pipeline.commands.append(command)
      default: throw unexpected(token, context)
      }
    }
    guard !pipeline.commands.isEmpty else { throw error("a value is missing in \(context)", at: tokens[position - 1]) }
    return pipeline
  }

  /// `$x :=`, `$x =`, and in `range` also `$i, $x :=`.
  private mutating func parseDeclarations(
    into pipeline: inout Pipeline, _ context: String, isRange: Bool
  ) throws(TemplateError) {
    while peekBesidesSpace().kind == .variable {
      let start = position
      let name = value(next())
      let following = nextBesidesSpace()
      switch following.kind {
      case .assign, .declare:
        pipeline.isAssignment = following.kind == .assign
        declare(name, in: &pipeline)
        return
      case .other where value(following) == ",":
        declare(name, in: &pipeline)
        guard isRange, pipeline.variables.count < 2 else {
          throw error("only 'range' can declare several variables, and not more than two", at: following)
        }
        let token = peekBesidesSpace()
        guard token.kind == .variable || token.kind == .rightDelimiter || token.kind == .rightParenthesis else {
          throw error("'range' can only declare variables: range $i, $x := LIST", at: token)
        }
      default:
        position = start
        return
      }
    }
  }

  private mutating func declare(_ name: String, in pipeline: inout Pipeline) {
    pipeline.variables.append(variable(name))
    scope.append(name)
  }

  private mutating func variable(_ name: String) -> Variable {
    let id = variableIDs[name] ?? variableIDs.count
    variableIDs[name] = id
    return Variable(id: id, name: name)
  }

  private mutating func command() throws(TemplateError) -> Command {
    var operands: [Operand] = []
    while true {
      _ = peekBesidesSpace()
      if let operand = try operand() { operands.append(operand) }
      let token = next()
      switch token.kind {
      case .space: continue
      case .rightDelimiter, .rightParenthesis: position -= 1
      case .pipe: break
      default: throw unexpected(token, "an expression")
      }
      break
    }
    return Command(operands: operands)
  }

  private mutating func operand() throws(TemplateError) -> Operand? {
    let token = peek()
    guard let term = try term() else { return nil }
    guard peek().kind == .field else { return term }
    var fields: [String] = []
    while peek().kind == .field { fields.append(fieldName(next())) }
    switch term.kind {
    case .fields(let first): return Operand(kind: .fields(first + fields), offset: term.offset)
    case .variable(let variable, let first):
      return Operand(kind: .variable(variable, first + fields), offset: term.offset)
    case .pipeline, .function: return Operand(kind: .chain(term, fields), offset: term.offset)
    case .bool, .string, .number, .null, .dot, .chain:
      throw error("\(shown(token)) has no fields; a '.' cannot follow it", at: token)
    }
  }

  private func fieldName(_ token: Token) -> String {
    String(decoding: text[(token.start + 1)..<token.end], as: UTF8.self)
  }

  /// A value without the fields that follow it; nil, and nothing taken, if there is none.
  private mutating func term() throws(TemplateError) -> Operand? {
    let start = position
    let token = next()
    func operand(_ kind: Operand.Kind) -> Operand { Operand(kind: kind, offset: token.start) }
    switch token.kind {
    case .identifier:
      let name = value(token)
      guard let function = functions[name] else { throw unknownFunction(name, token) }
      return operand(.function(function))
    case .dot: return operand(.dot)
    case .nilWord: return operand(.null)
    case .variable:
      let name = value(token)
      guard scope.contains(name) else { throw unknownVariable(name, token) }
      return operand(.variable(variable(name), []))
    case .field: return operand(.fields([fieldName(token)]))
    case .bool: return operand(.bool(value(token) == "true"))
    case .number:
      guard let number = NumberLiteral(value(token)) else {
        throw error("\(shown(token)) is not a number, or too large", at: token)
      }
      return operand(.number(number))
    case .character:
      let inner = unquoted(text[token.start..<token.end])
      guard let scalar = inner?.unicodeScalars.first, inner?.unicodeScalars.count == 1 else {
        throw error("\(value(token)) is not one character; put text in double quotes", at: token)
      }
      return operand(.number(NumberLiteral(character: scalar, text: value(token))))
    case .string, .rawString:
      guard let string = unquoted(text[token.start..<token.end]) else { throw badEscape(token) }
      return operand(.string(string))
    case .leftParenthesis:
      try enter(token)
      let pipeline = try pipeline("parentheses", until: .rightParenthesis)
      depth -= 1
      return operand(.pipeline(pipeline))
    default:
      position = start
      return nil
    }
  }

  private func unknownFunction(_ name: String, _ token: Token) -> TemplateError {
    let near = nearestNames(to: name, among: functions.names)
    let hint =
      near.isEmpty
      ? "for a field of the data put a dot before it, for text use quotes" : "did you mean \(alternatives(near))?"
    return error("the function \(quotedForMessage(name)) does not exist; \(hint)", at: token)
  }

  private func unknownVariable(_ name: String, _ token: Token) -> TemplateError {
    let near = nearestNames(to: name, among: scope.dropFirst())
    let hint = near.isEmpty ? "declare it before: \(name) := VALUE" : "did you mean \(alternatives(near))?"
    return error("the variable \(quotedForMessage(name)) is not declared here; \(hint)", at: token)
  }
}

extension Operand {
  /// Whether this is a plain value that nothing can be passed to.
  fileprivate var isPlain: Bool {
    switch kind {
    case .bool, .dot, .null, .number, .string: true
    case .function, .fields, .variable, .pipeline, .chain: false
    }
  }
}
