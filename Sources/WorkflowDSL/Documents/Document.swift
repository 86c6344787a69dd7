public import JSON
internal import YAML

/// One document: a workflow, policy, profile or application.
public struct Document: Sendable {
  /// What it says.
  public enum Body: Sendable {
    case workflow(Workflow)
    case policy(Policy)
    case profile
    case application(Application)
  }

  /// What it is.
  public let kind: DocumentKind
  /// Its name.
  public let name: Located<String>
  /// Its labels.
  public let labels: [String: String]
  /// Its text, as it stands in its file.
  public let source: String
  /// All of it as a value.
  public let json: JSONValue
  /// What it says.
  public let body: Body

  /// `workflow/nightly`, as commands print and take it.
  public var reference: DocumentReference { DocumentReference(kind: kind, name: name.value) }
  /// The workflow, if it is one.
  public var workflow: Workflow? { if case .workflow(let workflow) = body { workflow } else { nil } }
  /// The policy, if it is one.
  public var policy: Policy? { if case .policy(let policy) = body { policy } else { nil } }
  /// The application, if it is one.
  public var application: Application? { if case .application(let application) = body { application } else { nil } }
}

/// The name of a document with its kind.
public struct DocumentReference: Sendable, Hashable, CustomStringConvertible {
  /// What it is.
  public var kind: DocumentKind
  /// Its name.
  public var name: String
  /// `workflow/nightly`.
  public var description: String { "\(kind.noun)/\(name)" }

  /// A reference.
  public init(kind: DocumentKind, name: String) {
    self.kind = kind
    self.name = name
  }
}
