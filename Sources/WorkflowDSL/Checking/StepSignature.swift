public import JSON

/// What a step kind takes and puts out: declared once, beside the code of the kind.
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

  /// A kind with a fixed set of outputs.
  public init(_ kind: String, _ summary: String, inputs: [FieldShape], outputs: [OutputField] = []) {
    self.kind = kind
    self.summary = summary
    self.inputs = inputs
    self.outputs = { _ in outputs }
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
    hasOpenOutputs = true
  }

  var shape: ObjectShape { ObjectShape("'with' of \(kind)", summary, inputs) }
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
