internal import Wording

/// Turns tokens into nodes by Go's rules: what Go refuses when parsing is refused here.
struct Parser {
  let text: [UInt8]
  let functions: FunctionTable
  let tokens: [Token]
  var position = 0
  /// The variables that are declared at this point, `$` first.
  var scope: [String] = ["$"]
  var variableIDs: [String: Int] = ["$": 0]
  var rangeDepth = 0
  var depth = 0
  /// Every template by name, the main one included.
  var templates: [String: [Node]] = [:]

  /// How deep control actions and parentheses may be nested.
  static let depthLimit = 100

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
      case .end, .otherwise: throw error("\(shown(token)) without an 'if', 'with' or 'range' before it", at: token)
      }
    }
    try add(nodes, as: name, at: tokens.last ?? peek())
  }

  // MARK: Tokens

  func peek() -> Token { tokens[min(position, tokens.count - 1)] }

  mutating func next() -> Token {
    let token = peek()
    position += 1
    return token
  }

  mutating func peekBesidesSpace() -> Token {
    while peek().kind == .space { position += 1 }
    return peek()
  }

  mutating func nextBesidesSpace() -> Token {
    let token = peekBesidesSpace()
    position += 1
    return token
  }

  /// The first word of the action that starts here, for messages.
  func peekBesidesDelimiter() -> Token {
    tokens[position...].first { $0.kind != .leftDelimiter && $0.kind != .space } ?? peek()
  }

  func value(_ token: Token) -> String { String(decoding: text[token.start..<token.end], as: UTF8.self) }

  func shown(_ token: Token) -> String { quotedForMessage(value(token)) }

  func error(_ message: String, at token: Token) -> TemplateError {
    TemplateError(message, at: token.start, in: text, isParseError: true)
  }

  func unexpected(_ token: Token, _ context: String) -> TemplateError {
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
  func advice(for symbol: String) -> String {
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

  mutating func enter(_ token: Token) throws(TemplateError) {
    depth += 1
    guard depth <= Self.depthLimit else {
      throw error(
        "actions and parentheses are nested more than \(Self.depthLimit) deep; simplify the template", at: token)
    }
  }
}
