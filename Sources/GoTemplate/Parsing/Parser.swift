internal import Wording

/// Turns tokens into nodes by Go's rules: what Go refuses when parsing is refused here.
struct Parser {
  let text: [UInt8]
  let functions: FunctionTable
  private let tokens: [Token]
  private var position = 0
  /// The variables that are declared at this point, `$` first.
  private var scope: [String] = ["$"]
  private var variableIDs: [String: Int] = ["$": 0]
  private var rangeDepth = 0
  private var depth = 0
  /// Every template by name, the main one included.
  private(set) var templates: [String: [Node]] = [:]

  /// How deep control actions and parentheses may be nested.
  private static let depthLimit = 100

  init(_ text: [UInt8], functions: FunctionTable) {
    self.text = text
    self.functions = functions
    tokens = Lexer.tokens(of: text)
  }

  /// Parses the whole text as the template of this name.
  mutating func parse(name: String) throws(TemplateError) {
    var nodes: [Node] = []
    while peek().kind != .end {
      if peek().kind == .leftDelimiter {
        let start = position
        position += 1
        if nextBesidesSpace().kind == .keyword(.define) {
          try parseDefinition()
          continue
        }
        position = start
      }
      let token = peekBesidesDelimiter()
      switch try textOrAction() {
      case .node(let node): nodes.append(node)
      case .nothing: break
      case .end, .otherwise: throw error("\(shown(token)) without an 'if', 'with' or 'range' before it", at: token)
      }
    }
    try add(nodes, as: name, at: tokens.last ?? peek())
  }

  // MARK: Tokens

  private func peek() -> Token { tokens[min(position, tokens.count - 1)] }

  private mutating func next() -> Token {
    let token = peek()
    position += 1
    return token
  }

  private mutating func peekBesidesSpace() -> Token {
    while peek().kind == .space { position += 1 }
    return peek()
  }

  private mutating func nextBesidesSpace() -> Token {
    let token = peekBesidesSpace()
    position += 1
    return token
  }

  /// The first word of the action that starts here, for messages.
  private func peekBesidesDelimiter() -> Token {
    tokens[position...].first { $0.kind != .leftDelimiter && $0.kind != .space } ?? peek()
  }

  private func value(_ token: Token) -> String { String(decoding: text[token.start..<token.end], as: UTF8.self) }

  private func shown(_ token: Token) -> String { quotedForMessage(value(token)) }

  private func error(_ message: String, at token: Token) -> TemplateError {
    TemplateError(message, at: token.start, in: text, isParseError: true)
  }

  private func unexpected(_ token: Token, _ context: String) -> TemplateError {
    switch token.kind {
    case .error(let message): return error(message, at: token)
    case .end: return error("the text ends within \(context); add {{ end }} where it ends", at: token)
    case .rightDelimiter: return error("\(context) ends too early; something is missing before '}}'", at: token)
    case .assign, .other:
      return error("\(shown(token)) cannot be used in \(context)" + advice(for: value(token)), at: token)
    case .keyword(.define): return error("'define' has to stand outside of all other actions", at: token)
    default: return error("\(shown(token)) cannot be used in \(context)", at: token)
    }
  }

  /// What templates have in place of an operator.
  private func advice(for symbol: String) -> String {
    switch symbol {
    case "=": "; to compare, write: eq A B"
    case "!": "; to negate, write: not A"
    case "<": "; to compare, write: lt A B"
    case ">": "; to compare, write: gt A B"
    case "&": "; write: and A B"
    case "*": "; to calculate, write: mul A B"
    case "/": "; to calculate, write: div A B; a comment starts right after the braces: {{/*"
    case "[": "; write: index LIST POSITION"
    case "{": "; inside of an action there are no braces"
    case ",": "; arguments have spaces between them, not commas"
    default: ""
    }
  }

  private mutating func enter(_ token: Token) throws(TemplateError) {
    depth += 1
    guard depth <= Self.depthLimit else {
      throw error(
        "actions and parentheses are nested more than \(Self.depthLimit) deep; simplify the template", at: token)
    }
  }

  // MARK: Lists of nodes

  private enum Item {
    case node(Node)
    case nothing
    case end
    case otherwise
  }

  private mutating func textOrAction() throws(TemplateError) -> Item {
    let token = nextBesidesSpace()
    switch token.kind {
    case .text: return .node(.text(value(token), offset: token.start))
    case .leftDelimiter: return try action()
    default: throw unexpected(token, "the template")
    }
  }

  /// Nodes up to `end` or `else`; whether it was `else`.
  private mutating func list(of context: String) throws(TemplateError) -> (nodes: [Node], endsWithElse: Bool) {
    var nodes: [Node] = []
    while peekBesidesSpace().kind != .end {
      switch try textOrAction() {
      case .node(let node): nodes.append(node)
      case .nothing: break
      case .end: return (nodes, false)
      case .otherwise: return (nodes, true)
      }
    }
    throw unexpected(peek(), context)
  }

  private mutating func action() throws(TemplateError) -> Item {
    let start = position
    let token = nextBesidesSpace()
    guard case .keyword(let keyword) = token.kind else {
      position = start
      let pipeline = try pipeline("an action", until: .rightDelimiter)
      return .node(.action(pipeline))
    }
    switch keyword {
    case .block: return .node(try block(token))
    case .break, .continue:
      try expectRightDelimiter("'\(keyword.rawValue)'")
      guard rangeDepth > 0 else { throw error("'\(keyword.rawValue)' has to stand within 'range'", at: token) }
      return .node(keyword == .break ? .breakLoop : .continueLoop)
    case .else:
      // 'if' or 'with' after it is taken by the branch that this belongs to.
      let following = peekBesidesSpace().kind
      if following != .keyword(.if) && following != .keyword(.with) { try expectRightDelimiter("'else'") }
      return .otherwise
    case .end:
      try expectRightDelimiter("'end'")
      return .end
    case .if, .with, .range: return .node(try control(keyword, token))
    case .template: return .node(try templateCall(token))
    case .define: throw unexpected(token, "an action")
    }
  }

  private mutating func expectRightDelimiter(_ context: String) throws(TemplateError) {
    let token = nextBesidesSpace()
    guard token.kind == .rightDelimiter else { throw unexpected(token, context) }
  }

  private mutating func control(_ keyword: Token.Keyword, _ token: Token) throws(TemplateError) -> Node {
    try enter(token)
    defer { depth -= 1 }
    let declared = scope.count
    defer { scope.removeLast(scope.count - declared) }
    let context = "'\(keyword.rawValue)'"
    let pipeline = try pipeline(context, until: .rightDelimiter, isRange: keyword == .range)
    if keyword == .range { rangeDepth += 1 }
    let body = try list(of: context)
    if keyword == .range { rangeDepth -= 1 }
    var otherwise: [Node] = []
    if body.endsWithElse {
      if keyword != .range, peek().kind == .keyword(keyword) {
        // `else if` shares the one `end`.
        let token = next()
        otherwise = [try control(keyword, token)]
      } else {
        let rest = try list(of: "'else'")
        guard !rest.endsWithElse else { throw error("there is a second 'else' for one \(context)", at: token) }
        otherwise = rest.nodes
      }
    }
    let branch = Branch(pipeline: pipeline, movesDot: keyword == .with, body: body.nodes, otherwise: otherwise)
    return keyword == .range ? .range(branch) : .branch(branch)
  }

  // MARK: Named templates

  /// A template's name in quotes.
  private mutating func templateName(_ context: String) throws(TemplateError) -> String {
    let token = nextBesidesSpace()
    guard token.kind == .string || token.kind == .rawString else {
      if case .error = token.kind { throw unexpected(token, context) }
      throw error("\(context) needs a template's name in quotes; got \(shown(token))", at: token)
    }
    guard let name = unquoted(text[token.start..<token.end]) else { throw badEscape(token) }
    return name
  }

  private func badEscape(_ token: Token) -> TemplateError {
    error("\(shown(token)) has an escape sequence that does not exist; write a backslash as \\\\", at: token)
  }

  private mutating func templateCall(_ token: Token) throws(TemplateError) -> Node {
    let name = try templateName("'template'")
    if peekBesidesSpace().kind == .rightDelimiter {
      position += 1
      return .template(name: name, argument: nil, offset: token.start)
    }
    let argument = try pipeline("'template'", until: .rightDelimiter)
    return .template(name: name, argument: argument, offset: token.start)
  }

  private mutating func parseDefinition() throws(TemplateError) {
    let token = tokens[position - 1]
    let name = try templateName("'define'")
    try expectRightDelimiter("'define'")
    try parseBody(of: name, "'define'", token)
  }

  private mutating func block(_ token: Token) throws(TemplateError) -> Node {
    let name = try templateName("'block'")
    let argument = try pipeline("'block'", until: .rightDelimiter)
    try parseBody(of: name, "'block'", token)
    return .template(name: name, argument: argument, offset: token.start)
  }

  /// The nodes of a named template, which sees no variable and no loop of the template around it.
  private mutating func parseBody(of name: String, _ context: String, _ token: Token) throws(TemplateError) {
    try enter(token)
    let outer = (scope, rangeDepth)
    (scope, rangeDepth) = (["$"], 0)
    let body = try list(of: context)
    guard !body.endsWithElse else {
      throw error("there is an 'else' in \(context) without an 'if' before it", at: token)
    }
    (scope, rangeDepth) = outer
    depth -= 1
    try add(body.nodes, as: name, at: token)
  }

  private mutating func add(_ nodes: [Node], as name: String, at token: Token) throws(TemplateError) {
    guard let former = templates[name], !isEmpty(former) else {
      templates[name] = nodes
      return
    }
    guard isEmpty(nodes) else {
      throw error("the template \(quotedForMessage(name)) is defined twice; give one of them another name", at: token)
    }
  }

  /// Whether nodes print nothing but space.
  private func isEmpty(_ nodes: [Node]) -> Bool {
    nodes.allSatisfy { node in
      if case .text(let text, _) = node {
        text.utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
      } else {
        false
      }
    }
  }

  // MARK: Pipelines

  private mutating func pipeline(
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
