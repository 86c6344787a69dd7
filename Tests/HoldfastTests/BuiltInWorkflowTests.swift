import BuiltInWorkflows
import JSON
import Testing
import WorkflowDSL

@testable import holdfast

@Suite("Built-in workflows and this program's step kinds")
struct BuiltInWorkflowTests {
  @Test("have no findings, and can be planned", arguments: builtInWorkflows.map(\.document.name.value))
  func checked(name: String) throws {
    let files = builtInWorkflows.filter { $0.document.name.value == name }.map(\.file)
    #expect(DocumentSet(files, applied: []).check().map(\.headline) == [])
    _ = try DocumentSet([], applied: []).plan(workflow: name)
  }

  @Test(
    "backups and restores tell an application's hooks how they ended, each on its node",
    arguments: ["backup", "backup-local", "backup-generic", "backup-logical", "restore"])
  func endHooks(name: String) throws {
    let steps = try DocumentSet([], applied: []).plan(workflow: name)["steps"]?.array ?? []
    for phase in HookPhase.atEnd {
      let groups = steps.filter {
        $0["forEach"] != nil && $0["name"]?.string?.hasPrefix(phase.rawValue + ":") ?? false
      }
      #expect(groups.count == 1 && groups.first?["forEach"]?.string?.contains(phase.rawValue) ?? false, "\(phase)")
      let hooks = groups.first?["steps"]?.array ?? []
      #expect(hooks.count == 1 && hooks.first?["uses"] == "hook" && hooks.first?["on"]?["node"] != nil, "\(phase)")
      #expect(hooks.first?["with"]?["phase"] == .string(phase.rawValue))
    }
  }

  /// The steps of a plan and of its groups.
  private func all(_ steps: JSONValue?) -> [JSONValue] {
    (steps?.array ?? []).flatMap { [$0] + all($0["steps"]) }
  }

  @Test(
    "exports count against the limit that their kind declares, but for those that keep an application at rest",
    arguments: ["backup", "backup-generic", "backup-logical"])
  func limits(name: String) throws {
    let steps = all(try DocumentSet([], applied: []).plan(workflow: name)["steps"])
    let limited = steps.filter { $0["limits"] != nil }
    guard name == "backup" else {
      #expect(limited == [])
      return
    }
    let declared = steps.filter { !(knownCatalog[$0["uses"]?.string ?? ""]?.limits ?? []).isEmpty }
    #expect(declared.compactMap { $0["uses"]?.string }.sorted() == ["export", "export-part"])
    // It is the volume's: nobody has to define it.
    #expect(limited == declared && limited.allSatisfy { $0["limits"] == [["item": "volume.limit"]] })
  }

  @Test(
    "a strict policy's backups are strict, whatever they read",
    arguments: ["backup", "backup-local", "backup-generic"])
  func strict(name: String) throws {
    let text = """
      apiVersion: holdfast.dev/v1
      kind: Application
      metadata: {name: shop}
      spec: {volumes: [{name: data, driver: btrfs, path: /srv}]}
      ---
      apiVersion: holdfast.dev/v1
      kind: Policy
      metadata: {name: nightly}
      spec: {workflow: \(name), selector: {applications: [shop]}, profile: vault, strict: true}
      """
    let plan = try DocumentSet([DocumentFile(text: text, name: "shop.yaml")], applied: []).plan(policy: "nightly")
    let run = plan["steps"]?.array?.first?["steps"]?.array?.first
    #expect(run?["with"]?["params"]?["strict"] == true)
    let discover = run?["with"]?["plan"]?["steps"]?.array?.first { $0["uses"] == "discover-volumes" }
    #expect(discover?["with"]?["strict"] == "{{ .Params.strict }}")
  }
}
