/// A parsed template in Go's text/template language.
///
/// It can be rendered many times, from any task.
public struct Template: Sendable {
  let text: [UInt8]
  /// The nodes of every template in the text, by name.
  let templates: [String: [Node]]
  let main: [Node]

  /// Parses a template.
  /// - Parameter name: What the whole text is called; no `define` in it may have that name.
  /// - Throws: `TemplateError` with `isParseError` set.
  public init(_ text: String, name: String = "template", functions: FunctionTable = .all) throws(TemplateError) {
    var parser = Parser(Array(text.utf8), functions: functions)
    try parser.parse(name: name)
    self.text = parser.text
    templates = parser.templates
    main = parser.templates[name] ?? []
  }

  /// The text that it gives for this data.
  public func render(_ data: Value, options: RenderOptions = .init()) throws(TemplateError) -> String {
    var executor = Executor(self, data: data, options: options)
    _ = try executor.run(main, dot: data.orNothing)
    return executor.output
  }

  /// The value that it gives for this data.
  ///
  /// A template that is nothing but one action with an expression, white space around it aside, keeps the type of its
  /// value; any other gives its text.
  public func evaluate(_ data: Value, options: RenderOptions = .init()) throws(TemplateError) -> Value {
    guard let expression else { return .string(try render(data, options: options)) }
    var executor = Executor(self, data: data, options: options)
    return try executor.evaluate(expression, dot: data.orNothing) ?? .null
  }

  /// Whether `evaluate` keeps the type of the value.
  public var isSingleExpression: Bool { expression != nil }

  /// Whether there is no action at all in it.
  public var isLiteral: Bool {
    main.allSatisfy { if case .text = $0 { true } else { false } }
  }

  private var expression: Pipeline? {
    var found: Pipeline?
    for node in main {
      switch node {
      case .text(let text, _) where text.utf8.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }): continue
      case .action(let pipeline) where found == nil && pipeline.variables.isEmpty: found = pipeline
      default: return nil
      }
    }
    return found
  }
}

/// What a key that the data lacks gives.
public enum MissingKey: String, Sendable, Hashable, CaseIterable {
  /// No value: `<no value>` where it is printed, and false.
  case `default`
  /// The zero value of what the map holds; for untyped data that is null.
  case zero
  /// An error.
  case error
}

/// How a template is rendered.
public struct RenderOptions: Sendable {
  /// What a key that the data lacks gives.
  public var missingKey: MissingKey
  /// Whether printing null is an error, where Go prints `<no value>`. A template that is nothing but a null expression gives null.
  public var refusesToPrintNull: Bool
  /// What the rendering may use up.
  public var limits: TemplateLimits

  /// Options for one rendering; by default a missing key prints as `<no value>`, as in Go.
  public init(
    missingKey: MissingKey = .default, refusesToPrintNull: Bool = false, limits: TemplateLimits = .init()
  ) {
    self.missingKey = missingKey
    self.refusesToPrintNull = refusesToPrintNull
    self.limits = limits
  }
}
