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
    .optional("limits", .oneOrList(of: .name(.any)), "the named limits that the step counts against"),
    .optional("on", .map(keys: .label, values: .text), "the labels that a worker must have to do it"),
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
    .optional("retry", .object(retryShape), "how often it is tried"),
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

// MARK: - Policy

private let policyShape = ObjectShape(
  "a policy's spec", "What is done, to what, when, and how long the result is kept.",
  [
    .optional("description", .text, "what the policy is for, for people"),
    .required("workflow", .name(.document), "the workflow that it runs"),
    .optional("params", .map(keys: .identifier, values: .anything), "what its runs are told"),
    .optional("selector", .object(selectorShape), "the applications that it protects: a run of the workflow for each"),
    .optional("profile", .name(.document), "where exports go"),
    .optional("schedule", .object(scheduleShape), "when it runs; without one, only when it is told to"),
    .optional("retention", .object(retentionShape), "which restore points are kept"),
    .optional("enabled", .boolean, default: true, "whether its schedule is followed"),
    .optional("priority", .integer(-32768...32767), default: 0, "runs of higher priority go first"),
  ])

private let selectorShape = ObjectShape(
  "a selector", "Which applications a policy protects.",
  [
    .optional("applications", .oneOrList(of: .name(.document)), "applications by name"),
    .optional("labels", .map(keys: .label, values: .text), "applications that have all of these labels"),
  ])

let scheduleShape = ObjectShape(
  "a schedule", "When a policy runs.",
  [
    .required(
      "cron", .text, "minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, @monthly, @yearly"),
    .optional("timeZone", .text, default: "UTC", "the time zone of the cron expression, such as Europe/Berlin"),
    .optional(
      "jitter", .duration, default: "0s", "runs start up to this much later, each policy by a share of its own"),
    .optional("grace", .duration, default: "1m", "how late a run may start and still count as on time"),
    .optional("windows", .list(of: .object(windowShape)), "runs start inside of these only"),
    .optional(
      "catchUp", .choice(["none", "latest", "all"]), default: "latest", "which runs that were missed are made up for"),
    .optional("catchUpLimit", .integer(1...1000), default: 100, "the most runs that are made up for"),
    .optional(
      "overlap", .choice(["skip", "queue", "replace"]), default: "skip", "what happens while the last run still goes on"
    ),
  ])

private let windowShape = ObjectShape(
  "a window", "A time of day on some days.",
  [
    .optional("days", .text, default: "*", "the days on which it opens, such as mon-fri"),
    .required("from", .text, "when it opens, such as 22:00"),
    .required("to", .text, "when it closes, such as 06:00"),
    .optional("timeZone", .text, "its time zone, if not the schedule's"),
  ])

private let retentionShape = ObjectShape(
  "a retention", "Which restore points are kept; one that any rule keeps stays.",
  [
    .optional("last", .integer(0...100_000), "the newest this many"),
    .optional("hourly", .integer(0...100_000), "the newest of each hour, for this many hours that have one"),
    .optional("daily", .integer(0...100_000), "the newest of each day, for this many days that have one"),
    .optional("weekly", .integer(0...100_000), "the newest of each week, for this many weeks that have one"),
    .optional("monthly", .integer(0...100_000), "the newest of each month, for this many months that have one"),
    .optional("yearly", .integer(0...100_000), "the newest of each year, for this many years that have one"),
    .optional("within", .duration, "all that are younger than this"),
  ])

// MARK: - Profile

private let profileShape = ObjectShape(
  "a profile's spec", "Where exports go, and which credentials open it.",
  [
    .optional("description", .text, "what the profile is for, for people"),
    .required("location", .object(locationShape), "where the repository is"),
    .optional("credentials", .object(credentialsShape), "what opens the location, by reference"),
    .required("password", .object(secretShape), "the repository's password, by reference"),
  ])

private let locationShape = ObjectShape(
  "a location", "Where a repository is: in a folder or in an S3 bucket.",
  [
    .optional("directory", .text, "the path of a folder"),
    .optional("s3", .object(s3Shape), "an S3 bucket"),
  ])

private let s3Shape = ObjectShape(
  "an S3 location", "A bucket, and where in it.",
  [
    .optional("endpoint", .text, "the server, if not AWS: https://minio.example.org"),
    .optional("region", .text, default: "us-east-1", "the region"),
    .required("bucket", .text, "the bucket"),
    .optional("prefix", .text, "the path in the bucket"),
  ])

private let credentialsShape = ObjectShape(
  "credentials", "Access to S3.",
  [
    .required("accessKey", .object(secretShape), "the access key, by reference"),
    .required("secretKey", .object(secretShape), "the secret key, by reference"),
    .optional("sessionToken", .object(secretShape), "the session token, by reference"),
  ])

/// A reference to a secret: what documents have in a secret's place.
public let secretShape = ObjectShape(
  "a reference to a secret", "Where a secret is; the secret itself is never in a document.",
  [
    .optional("file", .text, "the path of a file on the worker that holds nothing else"),
    .optional("env", .text, "an environment variable of the worker"),
    .optional("secret", .text, "NAMESPACE/NAME/KEY of a Kubernetes Secret"),
  ])

// MARK: - Application

private let applicationShape = ObjectShape(
  "an application's spec", "What is protected.",
  [
    .optional("description", .text, "what the application is, for people"),
    .optional("volumes", .list(of: .object(volumeShape)), "its volumes on Linux nodes"),
    .optional("kubernetes", .object(kubernetesShape), "its workloads in a cluster"),
    .optional("hooks", .object(hooksShape), "what makes its data consistent"),
  ])

private let volumeShape = ObjectShape(
  "a volume", "A filesystem or folder on a node.",
  [
    .required("name", .name(.document), "its name in restore points"),
    .required("path", .text, "where it is mounted"),
    .required("driver", .choice(["btrfs", "reflink", "directory", "exec"]), "how it is snapshotted"),
    .optional("node", .text, "the label node of the workers that reach it"),
  ])

private let kubernetesShape = ObjectShape(
  "a Kubernetes selection", "Workloads and claims of a namespace.",
  [
    .required("namespace", .text, "the namespace"),
    .optional("labels", .map(keys: .label, values: .text), "only objects with all of these labels"),
  ])

private let hooksShape = ObjectShape(
  "hooks", "What runs around a snapshot.",
  [
    .optional("quiesce", .object(undoShape), "brings the application to rest before the snapshot"),
    .optional("resume", .object(undoShape), "lets it go on"),
  ])
