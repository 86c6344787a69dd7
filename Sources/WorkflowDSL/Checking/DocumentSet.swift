internal import JSON
internal import Wording

/// Documents that belong together: those of some files, beside those that were applied before.
public struct DocumentSet: Sendable {
  private let files: [DocumentFile]
  /// The newest document of each name; those of files win over those that were applied, and these over those of the program.
  private let documents: [DocumentReference: Document]
  private let kinds: StepKindCatalog
  /// Whether a document that isn't here doesn't exist.
  let isComplete: Bool

  /// - Parameters:
  ///   - applied: What was applied before; nil if nobody could ask.
  ///   - builtIn: What the program brings along.
  public init(_ files: [DocumentFile], applied: [Document]?, builtIn: [Document] = [], kinds: StepKindCatalog) {
    self.files = files
    self.kinds = kinds
    isComplete = applied != nil
    let all = builtIn + (applied ?? []) + files.flatMap(\.documents)
    documents = Dictionary(all.map { ($0.reference, $0) }, uniquingKeysWith: { _, last in last })
  }

  /// A document by its name.
  public subscript(reference: DocumentReference) -> Document? { documents[reference] }

  /// All documents of a kind, by name.
  public func documents(of kind: DocumentKind) -> [Document] {
    documents.values.filter { $0.kind == kind }.sorted { $0.name.value < $1.name.value }
  }

  /// Everything that is wrong with the files, and the workflows of theirs that can be planned.
  public func check() -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    var first: [DocumentReference: String] = [:]
    for file in files {
      let findings = Findings(file: file.name) { file.line($0) }
      for document in file.documents {
        if let other = first.updateValue(file.name, forKey: document.reference) {
          findings.error(
            "\(document.reference) stands in \(other == file.name ? "this file" : other), too", at: document.name.place)
        }
        if let workflow = document.workflow { _ = checker(findings).check(workflow) }
        if let policy = document.policy { check(policy, findings) }
        if let application = document.application { check(application, document, findings) }
      }
      // What has the wrong form has been left out, and may be missed now: that would tell the same mistake twice.
      let isWhole = file.diagnostics.allSatisfy { $0.severity == .warning }
      let known = Set(file.diagnostics)
      let found = findings.diagnostics.filter { (isWhole || $0.severity == .error) && !known.contains($0) }
      diagnostics += (file.diagnostics + found).sorted { $0.place < $1.place }
    }
    return diagnostics
  }

  /// A workflow without mistakes, ready to be planned.
  /// - Throws: `PlanError` if there is none of this name, or it has mistakes.
  public func checkedWorkflow(_ name: String) throws(PlanError) -> CheckedWorkflow {
    guard let workflow = workflow(named: name) else {
      let nearest = nearestNames(to: name, among: names)
      throw PlanError(
        isMissing: true,
        "there is no workflow \(quotedForMessage(name))"
          + (didYouMean(nearest)))
    }
    let findings = Findings(file: "workflow/\(name)")
    guard let checked = checker(findings).check(workflow) else {
      throw PlanError(findings.diagnostics.first { $0.severity == .error }?.headline ?? "workflow \(name) has mistakes")
    }
    return checked
  }

  private func checker(_ findings: Findings) -> WorkflowChecker {
    WorkflowChecker(findings: findings, kinds: kinds, workflows: self)
  }

  private func check(_ policy: Policy, _ findings: Findings) {
    exists(policy.workflow, .workflow, findings)
    if let profile = policy.profile { exists(profile, .profile, findings) }
    for application in policy.applications { exists(application, .application, findings) }
    checkLabels(of: policy, findings)
    checkStrictness(of: policy, findings)
    guard let workflow = workflow(named: policy.workflow.value) else { return }
    let given = policy.parameters.merging(policy.impliedParameters(of: workflow)) { given, _ in given }
    for (name, value) in policy.parameters.sorted(by: { $0.key < $1.key }) {
      let place = policy.parameterPlaces[name] ?? policy.name.place
      guard let parameter = workflow.parameters.first(where: { $0.name.value == name }) else {
        findings.error(
          "workflow '\(workflow.name.value)' has no parameter \(quotedForMessage(name))\(workflow.parameters.hint(for: name))",
          at: place)
        continue
      }
      if let problem = parameter.problem(of: value) { findings.error("parameter '\(name)' \(problem)", at: place) }
    }
    checkParts(of: policy, workflow, findings)
    for (name, value) in policy.impliedParameters(of: workflow) where policy.parameters[name] == nil {
      guard let problem = workflow.parameters.first(where: { $0.name.value == name })?.problem(of: value) else {
        continue
      }
      findings.error(
        "workflow '\(workflow.name.value)' is told the policy's '\(name)', and its parameter of that name \(problem)",
        at: policy.workflow.place)
    }
    for parameter in workflow.parameters where parameter.isRequired && given[parameter.name.value] == nil {
      findings.error(
        "workflow '\(workflow.name.value)' needs the parameter '\(parameter.name.value)' in 'params'",
        at: policy.workflow.place)
    }
    if policy.hasSelector, !workflow.parameters.contains(where: { $0.name.value == Policy.applicationParameter }) {
      findings.error(
        "a policy with a selector needs a workflow with the parameter 'application'; '\(workflow.name.value)' has none",
        at: policy.workflow.place)
    }
  }

  /// Parts are joined by their journals, which restic's REST server takes none of.
  private func checkParts(of policy: Policy, _ workflow: Workflow, _ findings: Findings) {
    guard let parts = policy.parameters["parts"]?.int, parts > 1, workflow.steps.exportInParts,
      let profile = policy.profile?.value,
      documents[DocumentReference(kind: .profile, name: profile)]?.json["spec"]?["location"]?["rest"] != nil
    else { return }
    findings.error(
      "profile \(quotedForMessage(profile)) is on restic's REST server, which keeps no journals, and parts need them: "
        + "leave 'parts' out",
      at: policy.parameterPlaces["parts"] ?? policy.name.place)
  }

  /// A label that is misspelt selects nothing, and nobody would notice.
  private func checkLabels(of policy: Policy, _ findings: Findings) {
    guard let place = policy.labelsPlace, !policy.applicationLabels.isEmpty,
      !documents(of: .application).contains(where: policy.hasLabels)
    else { return }
    let labels = policy.applicationLabels.map { "\($0.key): \($0.value)" }.sorted().joined(separator: ", ")
    findings.warning(
      "no application\(isComplete ? "" : " in these files") has the labels {\(labels)} so far", at: place)
  }

  /// A strict policy takes no snapshots that nobody may be able to use.
  private func checkStrictness(of policy: Policy, _ findings: Findings) {
    guard let strict = policy.strict else { return }
    for document in documents(of: .application) where policy.selects(document) {
      for volume in document.application?.tornVolumes ?? [] {
        findings.error(refusal(volume, of: document), at: strict)
      }
    }
  }

  /// An application may have been selected before it came to have such a volume.
  private func check(_ application: Application, _ document: Document, _ findings: Findings) {
    let own = Set(files.flatMap(\.documents).map(\.reference))
    for policy in documents(of: .policy) where !own.contains(policy.reference) {
      guard let rules = policy.policy, rules.isStrict, rules.selects(document) else { continue }
      for volume in application.tornVolumes {
        findings.error(
          "policy '\(rules.name.value)' is strict, and " + refusal(volume, of: document), at: volume.driver.place)
      }
    }
  }

  private func refusal(_ volume: Application.TornVolume, of application: Document) -> String {
    "snapshots of volume '\(volume.name)' of application '\(application.name.value)' may be torn "
      + "(driver '\(volume.driver.value)'): give the application a hook 'backupPrehook'"
  }

  private func exists(_ name: Located<String>, _ kind: DocumentKind, _ findings: Findings) {
    guard !name.value.isEmpty, documents[DocumentReference(kind: kind, name: name.value)] == nil else { return }
    if kind == .application, NamePattern(name.value).isPattern {
      let pattern = NamePattern(name.value)
      if !documents(of: kind).contains(where: { pattern.matches($0.name.value) }) {
        findings.warning(
          "no application\(isComplete ? "" : " in these files") is called \(name.value) so far", at: name.place)
      }
      return
    }
    let nearest = nearestNames(to: name.value, among: documents(of: kind).map(\.name.value))
    let hint = didYouMean(nearest)
    if isComplete {
      findings.error("there is no \(kind.noun) \(quotedForMessage(name.value))\(hint)", at: name.place)
    } else {
      findings.warning(
        "\(kind.noun) '\(name.value)' is not in these files; it has to be applied, too\(hint)", at: name.place)
    }
  }
}

extension [Step] {
  /// Whether volumes are exported in parts by these, or by groups among them.
  fileprivate var exportInParts: Bool {
    contains { $0.uses?.value == "export-part" || $0.group?.steps.exportInParts ?? false }
  }
}

extension DocumentSet: WorkflowLookup {
  var names: [String] { documents(of: .workflow).map(\.name.value) }

  func workflow(named name: String) -> Workflow? {
    documents[DocumentReference(kind: .workflow, name: name)]?.workflow
  }
}
