extension Parser {
  enum Item {
    case node(Node)
    case end
    case otherwise
  }

  mutating func textOrAction() throws(TemplateError) -> Item {
    let token = nextBesidesSpace()
    switch token.kind {
    case .text: return .node(.text(value(token), offset: token.start))
    case .leftDelimiter: return try action()
    default: throw unexpected(token, "the template")
    }
  }

  /// Nodes up to `end` or `else`; whether it was `else`.
  mutating func list(of context: String) throws(TemplateError) -> (nodes: [Node], endsWithElse: Bool) {
    var nodes: [Node] = []
    while peekBesidesSpace().kind != .end {
      switch try textOrAction() {
      case .node(let node): nodes.append(node)
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

  mutating func expectRightDelimiter(_ context: String) throws(TemplateError) {
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
}
