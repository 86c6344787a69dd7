internal import JSON
internal import YAML

/// Makes an application of a document's nodes, and checks what its shape can't say.
struct ApplicationReader {
  let findings: Findings

  /// Drivers whose snapshots are taken while the application writes. Whether reflink's are depends on what lies at the path.
  private static let tornDrivers: Set<String> = ["directory"]
  /// A filesystem may be frozen for so many seconds.
  private static let freezeSeconds = 1.0...600.0

  func application(_ spec: YAMLNode) -> Application {
    let volumes = spec["volumes"]?.items ?? []
    if ["volumes", "dumps", "kubernetes"].allSatisfy({ spec[$0] == nil }) {
      findings.error("an application needs 'volumes', 'dumps' or 'kubernetes'", at: spec)
    }
    let nodes = VolumeNodes(application: spec.json)
    checkDumps(spec["dumps"]?.items ?? [], nodes)
    var application = Application()
    var seen: Set<String> = []
    for volume in volumes {
      if let name = volume["name"]?.located, !seen.insert(name.value).inserted {
        findings.error("volume '\(name.value)' is listed twice", at: name.place)
      }
      checkDriver(volume)
      checkFreeze(volume)
      // What is frozen is at rest.
      guard let driver = volume["driver"]?.located, Self.tornDrivers.contains(driver.value), volume["freeze"] == nil,
        spec["hooks"]?[HookPhase.backupPrehook.rawValue]?.items.isEmpty ?? true
      else { continue }
      application.tornVolumes.append(.init(name: volume["name"]?.text ?? "", driver: driver))
      findings.warning(
        "snapshots of driver '\(driver.value)' are not taken at one instant: without a hook 'backupPrehook' they may be torn",
        at: driver.place)
    }
    for phase in HookPhase.allCases { checkHooks(spec["hooks"]?[phase.rawValue]?.items ?? [], phase, nodes) }
    return application
  }

  private func checkDriver(_ volume: YAMLNode) {
    for key in ["path", "program", "snapshotFolder"] { checkAbsolute(volume[key], "a volume's \(key)") }
    switch (volume["driver"]?.text, volume["program"]) {
    case ("exec", nil):
      findings.error(
        "a volume of driver 'exec' needs 'program', the program that is the driver", at: volume["driver"] ?? volume)
    case ("exec", _?), (_, nil), (nil, _): break
    case (_?, let program?): findings.error("only the driver 'exec' has a program", at: program)
    }
  }

  /// Where a driver writes into the frozen filesystem, it waits for a thaw that waits for it.
  private func checkFreeze(_ volume: YAMLNode) {
    guard let freeze = volume["freeze"], let path = freeze["path"]?.located else { return }
    checkAbsolute(freeze["path"], "the path of a freeze")
    if let node = freeze["deadline"], let seconds = node.seconds, !Self.freezeSeconds.contains(seconds) {
      findings.error("the deadline of a freeze has to be from 1s to 10m", at: node)
    }
    if path.value.allSatisfy({ $0 == "/" }) {
      findings.error("'/' can't be frozen: the machine would stand still", at: path.place)
    }
    switch volume["driver"]?.text {
    case "btrfs":
      findings.error(
        "btrfs can't make a snapshot while it is frozen, and needs no freeze: its snapshots are of one instant",
        at: freeze)
    case "reflink" where isInside(volume["path"]?.text, path.value):
      findings.error(
        "'\(path.value)' holds the volume itself, and no snapshot can be written there while it is frozen: "
          + "a freeze is for the filesystem in an image", at: path.place)
    case "directory" where volume["snapshotFolder"] == nil:
      findings.error(
        "the driver 'directory' needs a 'snapshotFolder' on another filesystem to copy to while this one is frozen",
        at: freeze)
    case "directory" where isInside(volume["snapshotFolder"]?.text, path.value):
      findings.error(
        "the 'snapshotFolder' is on the filesystem that is frozen; it has to be on another", at: path.place)
    default: break
    }
  }

  private func isInside(_ path: String?, _ folder: String) -> Bool {
    guard let path else { return false }
    let parts = path.split(separator: "/")
    return parts.starts(with: folder.split(separator: "/"))
  }

  private func checkHooks(_ hooks: [YAMLNode], _ phase: HookPhase, _ nodes: VolumeNodes) {
    var seen: Set<String> = []
    for (number, hook) in hooks.enumerated() {
      if let name = hook["name"]?.located, !seen.insert(name.value).inserted {
        findings.error("hook '\(name.value)' is listed twice", at: name.place)
      }
      do throws(NodeError) { _ = try nodes.node(ofHook: hook.json, number: number, in: phase) } catch {
        findings.error(error.description, at: hook)
      }
      checkProgram(hook["exec"], of: "a hook")
    }
  }

  private func checkDumps(_ dumps: [YAMLNode], _ nodes: VolumeNodes) {
    var seen: Set<String> = []
    for dump in dumps {
      if let name = dump["name"]?.located, !seen.insert(name.value).inserted {
        findings.error("dump '\(name.value)' is listed twice", at: name.place)
      }
      if let file = dump["file"], let name = file.text, name.contains("/") || [".", "..", ""].contains(name) {
        findings.error("the file of a dump needs a name without folders", at: file)
      }
      do throws(NodeError) { _ = try nodes.node(ofDump: dump.json) } catch {
        findings.error(error.description, at: dump)
      }
      for key in ["backup", "restore"] { checkProgram(dump[key], of: "a dump") }
    }
  }

  private func checkProgram(_ program: YAMLNode?, of owner: String) {
    guard let program else { return }
    if let command = program["command"], command.elements?.isEmpty ?? false {
      findings.error("'command' needs at least the program", at: command)
    }
    checkAbsolute(program["directory"], "the directory of \(owner)")
    for secret in program["secrets"]?.entries ?? [] { SecretReferences(findings: findings).check(secret.value) }
    KindAdvice(findings: findings).check("exec", program)
  }

  private func checkAbsolute(_ node: YAMLNode?, _ what: String) {
    guard let node, let text = node.text, !text.hasPrefix("/") else { return }
    findings.error("\(what) has to be absolute", at: node)
  }
}
