internal import JSON

/// The phases of a backup's and a restore's life in which an application's hooks run.
public enum HookPhase: String, Sendable, CaseIterable {
  case backupPrehook, backupPosthook, restorePrehook, restorePosthook, verifyHook, deleteHook
  case onSuccess, onFailure, onCancel

  /// Those that tell how a run ended.
  public static let atEnd: [HookPhase] = [.onSuccess, .onFailure, .onCancel]

  fileprivate var summary: String {
    switch self {
    case .backupPrehook: "before the snapshots: bring the application to rest"
    case .backupPosthook: "after the snapshots, whatever became of them: let the application go on"
    case .restorePrehook: "before a restore: stop what uses the volumes"
    case .restorePosthook: "after a restore, whatever became of it: start it again"
    case .verifyHook: "on data that was restored to be verified: check it"
    case .deleteHook: "before a restore point is deleted: delete what belongs to it elsewhere"
    case .onSuccess: "at the end of a backup or a restore that succeeded"
    case .onFailure: "at the end of a backup or a restore that failed"
    case .onCancel: "at the end of a backup or a restore that was cancelled"
    }
  }
}

let applicationShape = ObjectShape(
  "an application's spec", "What is protected.",
  [
    .optional("description", .text, "what the application is, for people"),
    .optional("volumes", .list(of: .object(volumeShape)), "its volumes on Linux nodes"),
    .optional("dumps", .list(of: .object(dumpShape)), "what its own programs write and take back: databases"),
    .optional("kubernetes", .object(kubernetesShape), "its workloads in a cluster"),
    .optional("hooks", .object(hooksShape), "what makes its data consistent"),
  ])

private let withoutNode = "without one, that of the volumes; an empty one is any worker"

private let volumeShape = ObjectShape(
  "a volume", "A filesystem, folder, image or device on a node.",
  [
    .required("name", .name(.document), "its name in restore points"),
    .required("driver", .choice(["btrfs", "reflink", "directory", "exec"]), "how it is snapshotted"),
    .required("path", .text, "where it is"),
    .optional("node", .text, "the label node of the workers that reach it; without one, any worker does"),
    .optional("program", .text, "the program that is the driver, for the driver exec"),
    .optional("options", .map(keys: .any, values: .text), "what the driver is told"),
    .optional("snapshotFolder", .text, "where the driver keeps snapshots, if not in .holdfast on the same filesystem"),
    .optional(
      "exclude", .list(of: .text),
      "what isn't exported, and stays as it is in a restore in place; patterns of paths below the volume"),
    .optional("freeze", .object(freezeShape), "a filesystem that is frozen for the moment of the snapshot"),
  ])

private let freezeShape = ObjectShape(
  "a freeze", "A filesystem that is frozen for the moment of the snapshot.",
  [
    .required("path", .text, "where it is mounted"),
    .required("deadline", .duration, "when it is thawed at the latest, whatever happens: 1s to 10m"),
  ])

private let dumpShape = ObjectShape(
  "a dump", "What a program writes for a backup, and another takes back.",
  [
    .required("name", .name(.document), "its name in restore points"),
    .optional("file", .text, "what its file is called in the repository; without it, as the dump"),
    .optional("node", .text, "the label node of the workers that run the programs; \(withoutNode)"),
    .required("backup", .object(dumpProgramShape), "writes the dump to its standard output"),
    .optional("restore", .object(dumpProgramShape), "reads it from its standard input, and makes it what is so again"),
  ])

private let dumpProgramShape = ObjectShape(
  "a dump's program", "What is run.",
  [
    .required("command", .list(of: .text), "the program and its arguments"),
    .optional("environment", .map(keys: .any, values: .text), "variables for the program"),
    .optional("secrets", .map(keys: .any, values: .object(secretShape)), "variables with secret values, by reference"),
    .optional("directory", .text, "where it runs"),
    .optional("timeout", .duration, "how long it may take"),
  ])

private let kubernetesShape = ObjectShape(
  "a Kubernetes selection", "Workloads and claims of a namespace.",
  [
    .required("namespace", .text, "the namespace"),
    .optional("labels", .map(keys: .label, values: .text), "only objects with all of these labels"),
  ])

private let hooksShape = ObjectShape(
  "hooks", "What is run for the application, phase by phase.",
  HookPhase.allCases.map { .optional($0.rawValue, .list(of: .object(hookShape)), $0.summary) })

private let hookShape = ObjectShape(
  "a hook", "A program that is run, one after the other in the order of the list.",
  [
    .optional("name", .name(.step), "what it is called in logs"),
    .required("exec", .object(hookExecShape), "the program"),
    .optional("node", .text, "the label node of the worker that runs it; \(withoutNode)"),
    .optional("timeout", .duration, default: "5m", "how long it may take"),
    .optional("onError", .choice(["fail", "continue"]), default: "fail", "what follows if it fails"),
  ])

private let hookExecShape = ObjectShape(
  "a hook's program", "What is run.",
  [
    .required("command", .list(of: .text), "the program and its arguments"),
    .optional("environment", .map(keys: .any, values: .text), "variables for the program"),
    .optional("secrets", .map(keys: .any, values: .object(secretShape)), "variables with secret values, by reference"),
    .optional("directory", .text, "where it runs"),
    .optional("stdin", .text, "what it reads"),
  ])
