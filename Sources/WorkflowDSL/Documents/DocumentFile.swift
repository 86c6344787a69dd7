internal import JSON
public import TimeZones
internal import Wording
internal import YAML

/// The documents of one file, and what is wrong with each taken by itself.
public struct DocumentFile: Sendable {
  /// The file's name, as the user gave it.
  public let name: String
  /// The documents that have a kind and a name.
  public let documents: [Document]
  /// What is wrong with their form, in the order of the file.
  public let diagnostics: [Diagnostic]
  private let lines: [Substring]

  /// Reads the documents of a file's text. Nothing is thrown: whatever is wrong is among the diagnostics.
  public init(text: String, name: String, zones: TimeZoneDatabase = .system) {
    self.name = name
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let findings = Findings(file: name) { lines.indices.contains($0 - 1) ? lines[$0 - 1] : nil }
    self.lines = lines
    var documents: [Document] = []
    do throws(YAMLError) {
      let file = try YAMLFile(text, name: name)
      let reader = DocumentReader(findings: findings, zones: zones, sources: DocumentSources(lines))
      documents = file.documents.compactMap(reader.document)
      if file.documents.isEmpty { findings.error("the file holds no document", at: Place(line: 1, column: 1)) }
    } catch {
      findings.error(error.message, at: Place(line: error.mark.line, column: error.mark.column))
    }
    self.documents = documents
    diagnostics = findings.diagnostics.sorted { $0.place < $1.place }
  }

  /// A line by its number, from 1.
  public func line(_ number: Int) -> Substring? { lines.indices.contains(number - 1) ? lines[number - 1] : nil }
}

/// Makes documents of nodes.
private struct DocumentReader {
  let findings: Findings
  let zones: TimeZoneDatabase
  let sources: DocumentSources

  func document(_ node: YAMLNode) -> Document? {
    guard case .mapping = node.content else {
      findings.error("a document has to be a map with apiVersion, kind, metadata and spec", at: node)
      return nil
    }
    guard let kind = kind(of: node) else { return nil }
    refuseZeros(node)
    ShapeChecker(findings: findings).check(node, .object(documentShape(kind)), key: kind.rawValue)
    guard let name = node["metadata"]?["name"]?.located, let spec = node["spec"] else { return nil }
    let body: Document.Body
    switch kind {
    case .workflow: body = .workflow(WorkflowReader(findings: findings).workflow(name: name, spec: spec))
    case .policy: body = .policy(PolicyReader(findings: findings, zones: zones).policy(name: name, spec: spec))
    case .profile:
      ProfileChecks(findings: findings).check(spec)
      body = .profile
    case .application: body = .application(ApplicationReader(findings: findings).application(spec))
    }
    let labels = (node["metadata"]?["labels"]?.entries ?? []).reduce(into: [String: String]()) { labels, pair in
      if let key = pair.key.text { labels[key] = pair.value.text }
    }
    return Document(
      kind: kind, name: name, labels: labels, source: sources.text(of: node), json: node.json, body: body)
  }

  /// PostgreSQL's texts, and so documents, know no zero character.
  private func refuseZeros(_ node: YAMLNode) {
    switch node.content {
    case .scalar(let scalar):
      if scalar.text.utf8.contains(0) { findings.error("a text can't hold the character \\0", at: node) }
    case .sequence(let nodes): for node in nodes { refuseZeros(node) }
    case .mapping(let pairs):
      for pair in pairs {
        refuseZeros(pair.key)
        refuseZeros(pair.value)
      }
    }
  }

  private func kind(of node: YAMLNode) -> DocumentKind? {
    guard let text = node["kind"]?.text else {
      findings.error(
        "a document needs 'kind': \(DocumentKind.words.joined(separator: ", "))",
        at: node.entries.first.map { Place(of: $0.key) } ?? Place(of: node))
      return nil
    }
    if let kind = DocumentKind(rawValue: text) { return kind }
    let nearest = nearestNames(to: text, among: DocumentKind.words)
    let hint =
      nearest.isEmpty
      ? "there are \(DocumentKind.words.joined(separator: ", "))" : "did you mean \(alternatives(nearest))?"
    findings.error("there is no kind \(quotedForMessage(text)); \(hint)", at: node["kind"] ?? node)
    return nil
  }
}

/// The lines of a file, cut at the lines that separate documents.
private struct DocumentSources {
  private let lines: [Substring]

  init(_ lines: [Substring]) { self.lines = lines }

  /// The text of the document that a node begins, with its comments.
  func text(of node: YAMLNode) -> String {
    func isSeparator(_ index: Int) -> Bool {
      lines[index].hasPrefix("---") && lines[index].dropFirst(3).allSatisfy { $0 == " " || $0 == "\r" }
    }
    let at = min(max(0, node.start.line - 1), max(0, lines.count - 1))
    guard !lines.isEmpty else { return "" }
    var first = at
    while first > 0, !isSeparator(first - 1) { first -= 1 }
    var last = at
    while last + 1 < lines.count, !isSeparator(last + 1) { last += 1 }
    let text = lines[first...last].joined(separator: "\n")
    return text.hasSuffix("\n") ? text : text + "\n"
  }
}
