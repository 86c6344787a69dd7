public import JSON

extension DocumentSet {
  /// The plan of a workflow, without parameters: the same for all its runs.
  /// - Throws: `PlanError` if it, or a workflow that it calls, is missing or has mistakes.
  public func plan(workflow name: String) throws(PlanError) -> JSONValue {
    let planner = WorkflowPlanner(workflows: { name throws(PlanError) in try checkedWorkflow(name) }, callers: [name])
    return .object(try planner.plan(try checkedWorkflow(name)))
  }

  /// The plan of one run of a workflow.
  /// - Throws: `PlanError` as above, and if the parameters don't fit.
  public func plan(workflow name: String, parameters: [String: JSONValue]) throws(PlanError) -> JSONValue {
    guard case .object(var plan) = try plan(workflow: name) else { return .null }
    plan["params"] = .object(try resolve(parameters, of: name))
    return .object(plan)
  }

  /// The plan that a policy runs: its workflow, or a run of that for each application that it selects.
  /// - Parameter needsApplications: whether it is a mistake if its selector selects none; a schedule may wait for them.
  /// - Throws: `PlanError` if something that it names is missing, or the parameters don't fit.
  public func plan(policy name: String, needsApplications: Bool = false) throws(PlanError) -> JSONValue {
    guard let policy = self[DocumentReference(kind: .policy, name: name)]?.policy else {
      throw PlanError(isMissing: true, "there is no policy '\(name)'")
    }
    let workflow = policy.workflow.value
    let checked = try checkedWorkflow(workflow)
    var given = policy.parameters.merging(policy.impliedParameters(of: checked.workflow)) { given, _ in given }
    var plan: [String: JSONValue]
    if policy.hasSelector {
      let applications = applications(of: policy)
      guard !applications.isEmpty || !needsApplications else {
        throw PlanError(
          "policy '\(name)' selects no application, so there is nothing to run; 'holdfast get applications' lists them")
      }
      given[Policy.applicationParameter] = nil
      guard case .object(let inner) = try self.plan(workflow: workflow) else { return .null }
      for application in applications {
        _ = try resolve(given.merging([Policy.applicationParameter: .string(application)]) { $1 }, of: workflow)
      }
      plan = fanOut(workflow, inner, checked.workflow.parameters, given)
      plan["params"] = ["applications": .array(applications.map { .string($0) })]
    } else {
      guard case .object(let own) = try self.plan(workflow: workflow) else { return .null }
      plan = own
      plan["params"] = .object(try resolve(given, of: workflow))
    }
    if policy.priority != 0 { plan["priority"] = .int(policy.priority) }
    plan["policy"] = .string(name)
    return .object(plan)
  }

  /// The names of the applications that a policy selects, sorted.
  public func applications(of policy: Policy) -> [String] {
    documents(of: .application).filter(policy.selects).map(\.name.value)
  }

  private func resolve(
    _ given: [String: JSONValue], of workflow: String
  ) throws(PlanError) -> [String: JSONValue] {
    let parameters = self.workflow(named: workflow)?.parameters ?? []
    do throws(ParameterError) {
      return try parameters.resolve(given)
    } catch {
      throw PlanError("workflow '\(workflow)': \(error.description)")
    }
  }

  /// A run of the workflow for each application.
  private func fanOut(
    _ workflow: String, _ inner: [String: JSONValue], _ parameters: [Parameter], _ given: [String: JSONValue]
  ) -> [String: JSONValue] {
    let params = given.merging([Policy.applicationParameter: .string("{{ .application }}")]) { $1 }
    return [
      "workflow": .string(workflow),
      "steps": [
        [
          "name": "applications", "forEach": #"$.params."applications""#, "as": "application",
          "steps": [
            [
              "name": "run", "uses": "workflow", "template": ["raw": ["plan", "parameters"]],
              "with": [
                "plan": .object(inner), "parameters": .array(parameters.map(\.json)), "params": .object(params),
              ],
            ]
          ],
        ]
      ],
    ]
  }
}

extension Policy {
  /// The parameter that tells a workflow which application to work on.
  static let applicationParameter = "application"

  /// What a policy tells a workflow that has a parameter for it.
  func impliedParameters(of workflow: Workflow) -> [String: JSONValue] {
    let names = Set(workflow.parameters.map(\.name.value))
    var implied: [String: JSONValue] = [:]
    implied["profile"] = profile.map { .string($0.value) }
    implied["policy"] = .string(name.value)
    implied["retention"] = retention
    implied["strict"] = .bool(isStrict)
    // Days of the retention begin where those of the schedule do.
    implied["timeZone"] = schedule?["timeZone"]
    if hasSelector { implied[Self.applicationParameter] = .string(applications.first?.value ?? "selected") }
    return implied.filter { names.contains($0.key) }
  }

  /// Whether it protects an application.
  public func selects(_ application: Document) -> Bool {
    applications.contains { NamePattern($0.value).matches(application.name.value) } || hasLabels(application)
  }

  /// Whether an application has all labels that it selects by, if it does that at all.
  func hasLabels(_ application: Document) -> Bool {
    !applicationLabels.isEmpty && applicationLabels.allSatisfy { application.labels[$0.key] == $0.value }
  }
}

extension Parameter {
  /// As a called workflow's plan carries it, so that the worker which starts that run can check what it is given.
  var json: JSONValue {
    var members: [String: JSONValue] = ["name": .string(name.value), "type": .string(type.rawValue)]
    if isRequired { members["required"] = true }
    if let fallback { members["default"] = fallback }
    if !choices.isEmpty { members["enum"] = .array(choices) }
    return .object(members)
  }

  /// From a plan.
  public init?(json: JSONValue) {
    guard let name = json["name"]?.string, let type = json["type"]?.string.flatMap(DataType.init) else { return nil }
    self.init(
      name: Located(name, at: Place(line: 1, column: 1)), type: type, isRequired: json["required"]?.bool ?? false,
      fallback: json["default"], choices: json["enum"]?.array ?? [])
  }
}
