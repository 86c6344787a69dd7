internal import Wording

extension Parser {
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

  func badEscape(_ token: Token) -> TemplateError {
    error("\(shown(token)) has an escape sequence that does not exist; write a backslash as \\\\", at: token)
  }

  mutating func templateCall(_ token: Token) throws(TemplateError) -> Node {
    let name = try templateName("'template'")
    if peekBesidesSpace().kind == .rightDelimiter {
      position += 1
      return .template(name: name, argument: nil, offset: token.start)
    }
    let argument = try pipeline("'template'", until: .rightDelimiter)
    return .template(name: name, argument: argument, offset: token.start)
  }

  mutating func parseDefinition() throws(TemplateError) {
    let token = tokens[position - 1]
    let name = try templateName("'define'")
    try expectRightDelimiter("'define'")
    try parseBody(of: name, "'define'", token)
  }

  mutating func block(_ token: Token) throws(TemplateError) -> Node {
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
    // Also after an error, since whoever reports it leaves the scopes around this one.
    defer { (scope, rangeDepth) = outer }
    let body = try list(of: context)
    guard !body.endsWithElse else {
      throw error("there is an 'else' in \(context) without an 'if' before it", at: token)
    }
    depth -= 1
    try add(body.nodes, as: name, at: token)
  }

  mutating func add(_ nodes: [Node], as name: String, at token: Token) throws(TemplateError) {
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
}
