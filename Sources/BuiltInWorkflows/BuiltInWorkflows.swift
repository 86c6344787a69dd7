public import WorkflowDSL
internal import WorkflowFiles

/// The workflows that this program brings along: known wherever no workflow of the same name was applied.
public let builtInWorkflows: [BuiltInWorkflow] = embeddedText.flatMap { path, text in
  let file = DocumentFile(text: text, name: "built-in/\(path)")
  return file.documents.map { BuiltInWorkflow(document: $0, file: file) }
}

/// A workflow of this program.
public struct BuiltInWorkflow: Sendable {
  /// What it says.
  public let document: Document
  /// The file that it stands in: `built-in/backup.yaml`.
  public let file: DocumentFile
}
