public import JSON

/// What a step kind takes, puts out, makes outside and is bounded by: declared once, beside the code of the kind.
public struct StepSignature: Sendable {
  /// The name that `uses:` gives.
  public var kind: String
  /// What it does, as a sentence without an end.
  public var summary: String
  /// The keys of `with`.
  public var inputs: [FieldShape]
  /// What it puts out, given its `with` as it is written in the file.
  public var outputs: @Sendable (_ with: JSONValue) -> [OutputField]
  /// Whether a step may declare further `outputs`, which then depend on what it is told.
  public var hasOpenOutputs: Bool
  /// The kinds of outside objects that it makes or removes, as the ledger calls them: a step can write no others into it.
  public var resources: [String]
  /// The named limits that its steps in the built-in workflows count against, as far as somebody has set them.
  public var limits: [String]

  /// A kind with a fixed set of outputs.
  public init(
    _ kind: String, _ summary: String, inputs: [FieldShape], outputs: [OutputField] = [], resources: [String] = [],
    limits: [String] = []
  ) {
    self.kind = kind
    self.summary = summary
    self.inputs = inputs
    self.outputs = { _ in outputs }
    self.resources = resources
    self.limits = limits
    hasOpenOutputs = false
  }

  /// A kind whose outputs depend on what it is told.
  public init(
    _ kind: String, _ summary: String, inputs: [FieldShape],
    outputsOf: @escaping @Sendable (_ with: JSONValue) -> [OutputField]
  ) {
    self.kind = kind
    self.summary = summary
    self.inputs = inputs
    self.outputs = outputsOf
    resources = []
    limits = []
    hasOpenOutputs = true
  }

  var shape: ObjectShape { ObjectShape("'with' of \(kind)", description, inputs) }

  /// What it does, what it makes or removes, and what bounds it, in sentences.
  private var description: String {
    var sentences = [summary]
    if !resources.isEmpty { sentences.append("Makes or removes: \(resources.joined(separator: ", "))") }
    if !limits.isEmpty {
      sentences.append("Built-in workflows bound it by the limits, if they are set: \(limits.joined(separator: ", "))")
    }
    return sentences.joined(separator: ". ")
  }
}

/// The step kinds that a checker knows.
public struct StepKindCatalog: Sendable {
  private let signatures: [String: StepSignature]

  /// A catalog of these kinds.
  public init(_ signatures: [StepSignature]) {
    self.signatures = Dictionary(signatures.map { ($0.kind, $0) }, uniquingKeysWith: { _, last in last })
  }

  /// Names of all kinds, sorted.
  public var names: [String] { signatures.keys.sorted() }

  /// The kind of this name.
  public subscript(kind: String) -> StepSignature? { signatures[kind] }
}
