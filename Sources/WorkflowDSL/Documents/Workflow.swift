internal import JSON
public import YAML

/// How something is done: a DAG of steps, as its author wrote it.
public struct Workflow: Sendable {
  /// The name of its document.
  public var name: Located<String>
  /// What it does, for people.
  public var description: String?
  /// What its runs are told.
  public var parameters: [Parameter]
  /// Its steps, in the order of the file.
  public var steps: [Step]
  /// What runs at the end, by how the run went.
  public var hooks: [Hook]
  /// How long a run may take.
  public var timeoutSeconds: Double?
  /// Higher goes first.
  public var priority: Int64
  /// The queue that workers take its steps from; nil is the default one.
  public var queue: String?
}

extension Workflow {
  /// Whether one of its steps runs another workflow.
  public func calls(_ name: String) -> Bool {
    func calls(_ steps: [Step]) -> Bool {
      steps.contains { $0.uses?.value == workflowPrefix + name || calls($0.group?.steps ?? []) }
    }
    return calls(steps) || hooks.contains { calls($0.steps) }
  }
}

/// Steps that run at the end of a run.
public struct Hook: Sendable {
  /// How the run went.
  public enum Event: String, Sendable, CaseIterable {
    case onSuccess, onFailure, onCancel

    /// The run's outcome, as the engine names it to conditions.
    var outcome: String {
      switch self {
      case .onSuccess: "succeeded"
      case .onFailure: "failed"
      case .onCancel: "cancelled"
      }
    }
  }

  /// When it runs.
  public var event: Event
  /// What it does.
  public var steps: [Step]
}

/// One node of a DAG, or a group of them.
public struct Step: Sendable {
  /// Its name in its list.
  public var name: Located<String>
  /// What it does, for people.
  public var description: String?
  /// The kind of step; nil for a group.
  public var uses: Located<String>?
  /// What the kind is told.
  public var with: YAMLNode?
  /// The steps that have to succeed first.
  public var needs: [Located<String>]
  /// The condition.
  public var when: YAMLNode?
  /// Whether it runs whatever became of its needs.
  public var isAlways: Bool
  /// Whether it is done also while its queue or policy is paused.
  public var isUrgent: Bool
  /// What takes it back.
  public var undo: Undo?
  /// How long one attempt may take.
  public var timeoutSeconds: Double?
  /// How long all attempts may take together.
  public var deadlineSeconds: Double?
  /// How often it is tried.
  public var retry: Retry?
  /// Named limits; in a group one may be of its item: `{{ .volume.disk }}`.
  public var limits: [Located<String>]
  /// Labels that its worker must have; in a group a value may be of its item: `{{ .volume.node }}`.
  public var labels: [String: Located<String>]
  /// Higher goes first.
  public var priority: Int64?
  /// What it promises to put out.
  public var outputs: [OutputField]
  /// What is repeated, if it is a group.
  public var group: Group?

  /// Steps that are repeated for each item of a list.
  public struct Group: Sendable {
    /// The list, or the expression that gives it.
    public var list: YAMLNode?
    /// The name of the item.
    public var item: Located<String>?
    /// What is repeated.
    public var steps: [Step]
    var place: Place
  }

  /// What takes a step back.
  public enum Undo: Sendable {
    /// A step that does it in the course of things, too.
    case step(Located<String>)
    /// An action of its own.
    case action(Action)
  }

  /// What is done to take a step back.
  public struct Action: Sendable {
    /// The kind of step.
    public var uses: Located<String>
    /// What the kind is told.
    public var with: YAMLNode?
    /// How long one attempt may take.
    public var timeoutSeconds: Double?
    /// How long all attempts may take together.
    public var deadlineSeconds: Double?
    /// How often it is tried.
    public var retry: Retry?
    /// Labels that its worker must have; none are those of the step.
    public var labels: [String: Located<String>]
  }

  /// How often a step is tried; nil is the engine's default.
  public struct Retry: Sendable {
    var attempts: Int64?
    var initialSeconds: Double?
    var maxSeconds: Double?
    var place: Place
  }
}

/// Something that a step puts out.
public struct OutputField: Sendable {
  /// Its name, as references have it.
  public var name: String
  /// Its type.
  public var type: DataType
  /// What it is, for people.
  public var summary: String

  /// An output.
  public init(_ name: String, _ type: DataType, _ summary: String) {
    self.name = name
    self.type = type
    self.summary = summary
  }
}
