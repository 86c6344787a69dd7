internal import JSON

/// Shapes that contain themselves.
let namedShapes: [String: Shape] = ["step": .object(stepShape)]

/// The kinds of documents, each with its shape.
public enum DocumentKind: String, Sendable, CaseIterable {
  case workflow = "Workflow"
  case policy = "Policy"
  case profile = "Profile"
  case application = "Application"

  /// As the command line names it: `workflow`.
  public var noun: String { rawValue.lowercased() }

  /// What stands in `spec`.
  var spec: ObjectShape {
    switch self {
    case .workflow: workflowShape
    case .policy: policyShape
    case .profile: profileShape
    case .application: applicationShape
    }
  }

  static let words = allCases.map(\.rawValue)
}

/// What every document has around its `spec`.
public let apiVersion = "holdfast.dev/v1"

func documentShape(_ kind: DocumentKind) -> ObjectShape {
  ObjectShape(
    "a document", "One \(kind.rawValue).",
    [
      .required("apiVersion", .choice([apiVersion]), "the version of the format: \(apiVersion)"),
      .required(
        "kind", .choice([kind.rawValue]), "what the document is: \(DocumentKind.words.joined(separator: ", "))"),
      .required("metadata", .object(metadataShape), "the document's name and labels"),
      .required("spec", .object(kind.spec), "what the document says"),
    ])
}

private let metadataShape = ObjectShape(
  "metadata", "How the document is called.",
  [
    .required("name", .name(.document), "the name by which other documents and commands refer to this one"),
    .optional("labels", .map(keys: .label, values: .text), "what selectors may ask for"),
    .optional("annotations", .map(keys: .label, values: .text), "notes for people and other programs"),
  ])

// MARK: - Workflow

private let workflowShape = ObjectShape(
  "a workflow's spec", "How something is done: a DAG of steps.",
  [
    .optional("description", .text, "what the workflow does, for people"),
    .optional(
      "params", .map(keys: .identifier, values: .object(parameterShape)), "what a run is told; {{ .Params.NAME }}"),
    .required("steps", .map(keys: .step, values: .named("step")), "the steps by name"),
    .optional(
      "onSuccess", .map(keys: .step, values: .named("step")),
      "steps that run at the end of a run in which no step failed"),
    .optional("onFailure", .map(keys: .step, values: .named("step")), "steps that run at the end of a run that failed"),
    .optional("onCancel", .map(keys: .step, values: .named("step")), "steps that run when a run is cancelled"),
    .optional("timeout", .duration, "how long a whole run may take before it is stopped and undone"),
    .optional("priority", .integer(-32768...32767), default: 0, "runs of higher priority go first"),
    .optional("queue", .name(.step), default: "default", "the queue that workers take its steps from"),
  ])

private let parameterShape = ObjectShape(
  "a parameter", "What a run is told.",
  [
    .optional("type", .choice(DataType.words), default: "string", "the type of its value"),
    .optional("required", .boolean, default: false, "whether every run has to give it"),
    .optional("default", .anything, "its value if a run doesn't give it"),
    .optional("enum", .list(of: .anything), "the only values that it may have"),
    .optional("description", .text, "what it is for, for people"),
  ])

let stepShape = ObjectShape(
  "a step", "One node of the DAG, or a group of steps that is repeated for each item of a list.",
  [
    .optional("description", .text, "what the step does, for people"),
    .optional("uses", .name(.kind), "the kind of step, or workflow/NAME for a run of another workflow"),
    .optional(
      "with", .templated(.map(keys: .any, values: .anything)), "what the kind is told; texts may be expressions"),
    .optional(
      "needs", .oneOrList(of: .text), "steps that have to succeed first; GROUP.STEP means each of its instances"),
    .optional(
      "when", .templated(.anyOf([.text, .boolean])), "an expression; if it is false or empty, the step is skipped"),
    .optional(
      "always", .boolean, default: false, "run whatever became of the needs, also while the run is being cancelled"),
    .optional(
      "urgent", .boolean, default: false,
      "it belongs to the time that an application rests: do it also while its queue or policy is paused"),
    .optional(
      "forEach", .templated(.anyOf([.list(of: .anything), .text])),
      "the list for whose items the steps of this group are repeated"),
    .optional("as", .name(.identifier), "the name of the item in expressions: {{ .NAME }}"),
    .optional("steps", .map(keys: .step, values: .named("step")), "the steps of a group"),
    .optional(
      "undo", .anyOf([.name(.step), .object(undoShape)]),
      "what takes this step back if the run fails or is cancelled: a step, or the name of one that does it in the course of things"
    ),
    .optional("timeout", .duration, "how long one attempt may take"),
    .optional("deadline", .duration, "how long all attempts and waits together may take, from when the step may start"),
    .optional("retry", .object(retryShape), "how often it is tried, and how long it waits in between"),
    .optional(
      "limits", .templated(.oneOrList(of: .name(.any))),
      "the named limits that the step counts against; in a group also {{ .ITEM.PATH }}"),
    .optional(
      "on", .templated(.map(keys: .label, values: .text)),
      "the labels that a worker must have to do it; in a group also {{ .ITEM.PATH }}, left out if that is empty"),
    .optional("priority", .integer(-32768...32767), default: 0, "steps of higher priority go first"),
    .optional(
      "outputs", .map(keys: .identifier, values: .anyOf([.choice(DataType.words), .object(outputShape)])),
      "what the step promises to put out, beside what its kind always does"),
  ])

private let undoShape = ObjectShape(
  "an undo", "What takes a step back.",
  [
    .required("uses", .name(.kind), "the kind of step"),
    .optional("with", .templated(.map(keys: .any, values: .anything)), "what the kind is told"),
    .optional("timeout", .duration, "how long one attempt may take"),
    .optional("deadline", .duration, "how long all attempts and waits together may take, from when it may start"),
    .optional("retry", .object(retryShape), "how often it is tried"),
    .optional(
      "on", .templated(.map(keys: .label, values: .text)),
      "the labels that a worker must have to do it, if not those of the step"),
  ])

private let retryShape = ObjectShape(
  "a retry", "How often a step is tried.",
  [
    .optional("attempts", .integer(1...1000), default: 3, "how many attempts there are, the first included"),
    .optional("initial", .duration, default: "1s", "the wait after the first failure; it doubles with each"),
    .optional("max", .duration, default: "1m", "the longest wait between two attempts"),
  ])

private let outputShape = ObjectShape(
  "an output", "What a step puts out.",
  [
    .optional("type", .choice(DataType.words), default: "any", "the type of its value"),
    .optional("description", .text, "what it is, for people"),
  ])
