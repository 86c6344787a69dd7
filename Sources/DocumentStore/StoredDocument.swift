public import WorkflowDSL

/// A document as the database has it.
public struct StoredDocument: Sendable {
  /// What it is called.
  public let reference: DocumentReference
  /// The number of its version; 0 for one that the program brings along.
  public let version: Int
  /// Its text.
  public let source: String
  /// When this version was applied, in microseconds since 1970.
  public let appliedAtMicroseconds: Int64
  /// Who applied it; may be empty.
  public let appliedBy: String
  /// The text, read.
  public let file: DocumentFile

  /// Whether nobody has applied it, and it is known since the program brings it along.
  public var isBuiltIn: Bool { version == 0 }

  init(builtIn document: Document) {
    self.init(
      reference: document.reference, version: 0, source: document.source, appliedAtMicroseconds: 0, appliedBy: "")
  }

  init(reference: DocumentReference, version: Int, source: String, appliedAtMicroseconds: Int64, appliedBy: String) {
    self.reference = reference
    self.version = version
    self.source = source
    self.appliedAtMicroseconds = appliedAtMicroseconds
    self.appliedBy = appliedBy
    file = DocumentFile(text: source, name: "\(reference)")
  }

  /// The document; nil if this program can't read what another version of it has applied.
  public var document: Document? { file.documents.first }
}

/// What became of a document that was applied.
public struct ApplyOutcome: Sendable, Equatable {
  /// What was done.
  public enum Change: String, Sendable {
    case created, configured, unchanged
  }

  /// Which document.
  public let reference: DocumentReference
  /// Its version now.
  public let version: Int
  /// What was done.
  public let change: Change
}

/// Why documents were refused.
public struct DocumentErrors: Error, Sendable, CustomStringConvertible {
  /// All that is wrong, and all warnings.
  public let diagnostics: [Diagnostic]

  /// The headlines, one a line.
  public var description: String { diagnostics.map(\.headline).joined(separator: "\n") }
}
