internal import JSON
internal import Wording

/// Builds nodes from events: resolves aliases, merge keys and tags, and keeps to the limits.
struct YAMLComposer: ~Copyable {
  /// A node, and how many levels of lists and mappings it has.
  struct Composed {
    var node: YAMLNode
    var height = 0
  }

  private struct Anchored {
    var composed: Composed
    var size: Size
  }

  /// How much there is, counting what aliases stand for.
  private struct Size {
    var nodes = 0
    /// Bytes of scalars.
    var bytes = 0
  }

  let source: YAMLSource
  private let limits: YAMLLimits
  private let events: YAMLEvents
  private var anchors: [String: Anchored] = [:]
  /// Anchors of nodes that have not ended yet.
  private var open: Set<String> = []
  /// The last text in quotes, if it goes over several lines: perhaps a forgotten quote.
  private var longQuote: (start: YAMLMark, end: YAMLMark)?
  /// What there is in all documents so far.
  private var total = Size()

  init(source: YAMLSource, limits: YAMLLimits) throws(YAMLError) {
    self.source = source
    self.limits = limits
    do throws(YAMLComplaint) {
      events = try YAMLEvents(source)
    } catch {
      throw source.explain(error)
    }
  }

  /// Reads the whole file.
  mutating func documents() throws(YAMLError) -> [YAMLNode] {
    var documents: [YAMLNode] = []
    while true {
      let event = try next()
      switch event.kind {
      case .streamEnd: return documents
      case .documentStart: anchors.removeAll()
      case .documentEnd: break
      default:
        let node = try compose(event, depth: 0).node
        if !node.isEmptyDocument { documents.append(node) }
      }
    }
  }

  private mutating func next() throws(YAMLError) -> YAMLEvent {
    do throws(YAMLComplaint) {
      let event = try events.next()
      if case .scalar(_, let style) = event.kind {
        let isLong = (style == .singleQuoted || style == .doubleQuoted) && event.start.line < event.end.line
        longQuote = isLong ? (event.start, event.end) : nil
      }
      return event
    } catch {
      throw source.explain(error, after: longQuote)
    }
  }

  /// Builds the node that begins with `event`; calls itself for what is inside, at most `limits.depth` times.
  private mutating func compose(_ event: YAMLEvent, depth: Int, isKey: Bool = false) throws(YAMLError) -> Composed {
    if case .alias(let name) = event.kind { return try resolve(name, at: event.start, depth: depth) }
    let before = total
    try add(Size(nodes: 1, bytes: event.scalarBytes), at: event.start)
    if let anchor = event.anchor { open.insert(anchor) }

    var composed: Composed
    switch event.kind {
    case .scalar(let text, let style):
      composed = Composed(node: try scalar(text, style, event, isKey: isKey))
    case .sequenceStart:
      try checkDepth(depth + 1, at: event.start)
      composed = try sequence(event, depth: depth + 1)
    default:
      try checkDepth(depth + 1, at: event.start)
      composed = try mapping(event, depth: depth + 1)
    }

    if let tag = event.tag { composed.node.tag = shortTag(tag) }
    if let anchor = event.anchor {
      open.remove(anchor)
      anchors[anchor] = Anchored(
        composed: composed, size: Size(nodes: total.nodes - before.nodes, bytes: total.bytes - before.bytes))
    }
    return composed
  }

  private mutating func sequence(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Composed {
    try check(event, hasTag: "!!seq", "a list")
    var elements: [YAMLNode] = []
    var height = 0
    while true {
      let inner = try next()
      if case .sequenceEnd = inner.kind {
        return Composed(
          node: YAMLNode(content: .sequence(elements), start: event.start, end: inner.end), height: height + 1)
      }
      let element = try compose(inner, depth: depth)
      height = max(height, element.height)
      elements.append(element.node)
    }
  }

  private mutating func mapping(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Composed {
    try check(event, hasTag: "!!map", "a mapping")
    var builder = YAMLMappingBuilder(source: source)
    var height = 0
    while true {
      let inner = try next()
      if case .mappingEnd = inner.kind {
        let node = YAMLNode(content: .mapping(builder.finish()), start: event.start, end: inner.end)
        return Composed(node: node, height: height + 1)
      }
      if inner.begins(directlyIn: event) { throw source.unquotedExpression(at: event.start) }
      let key = try compose(inner, depth: depth, isKey: true)
      guard key.node.scalar != nil else {
        throw source.error("a key must be text, but this one is \(key.node.kind)", at: inner.start)
      }
      let value = try compose(next(), depth: depth)
      height = max(height, value.height)
      try builder.add(YAMLPair(key: key.node, value: value.node), at: inner.start)
    }
  }

  private mutating func resolve(_ name: String, at mark: YAMLMark, depth: Int) throws(YAMLError) -> Composed {
    guard !open.contains(name) else {
      throw source.error("*\(name) stands inside of &\(name), the value that it refers to", at: mark)
    }
    guard let anchored = anchors[name] else {
      throw source.error(
        "*\(name) refers to nothing: no value before it is marked &\(name); if it is text, put it in quotes", at: mark)
    }
    try add(anchored.size, at: mark)
    try checkDepth(depth + anchored.composed.height, at: mark)
    return anchored.composed
  }

  private mutating func add(_ size: Size, at mark: YAMLMark) throws(YAMLError) {
    // Cannot overflow: no size is larger than the limits and one scalar.
    total.nodes += size.nodes
    total.bytes += size.bytes
    // Escapes may make a text longer than it is in the file, yet not twice as long.
    let isTooLong = total.bytes > 2 * limits.bytes
    guard total.nodes > limits.nodes || isTooLong else { return }
    let limit = isTooLong ? "\(2 * limits.bytes) bytes of text" : "\(limits.nodes) values"
    throw source.error(
      anchors.isEmpty
        ? "the file has more than \(limit)"
        : "the file has more than \(limit) once each alias (*name) is replaced by what it stands for; "
          + "files that grow so much are made to exhaust memory (\"billion laughs\")",
      at: mark)
  }

  private func checkDepth(_ depth: Int, at mark: YAMLMark) throws(YAMLError) {
    guard depth <= limits.depth else {
      throw source.error("lists and mappings are nested more than \(limits.depth) levels deep", at: mark)
    }
  }
}

extension YAMLEvent {
  fileprivate var scalarBytes: Int { if case .scalar(let text, _) = kind { text.utf8.count } else { 0 } }

  /// Whether this is the inner brace of `{{`.
  fileprivate func begins(directlyIn outer: YAMLEvent) -> Bool {
    guard case .mappingStart(isFlow: true) = kind, case .mappingStart(isFlow: true) = outer.kind else { return false }
    return start == YAMLMark(line: outer.start.line, column: outer.start.column + 1)
  }
}

extension YAMLNode {
  /// Whether a document has nothing in it: not even `null` or quotes.
  fileprivate var isEmptyDocument: Bool {
    guard case .scalar(let scalar) = content else { return false }
    return scalar.style == .plain && scalar.text.isEmpty && tag == nil
  }
}
