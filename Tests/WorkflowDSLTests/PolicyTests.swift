import JSON
import Testing
import WorkflowDSL

@Suite("Policies")
struct PolicyTests {
  private let torn = document("Application", "volumes: [{name: logs, driver: directory, path: /a}]", name: "shop-web")
  private let warning =
    "warning: snapshots of driver 'directory' are not taken at one instant: without a hook 'backupPrehook' they may be torn"
  private let backup = workflow(
    "params: {application: {}, retention: {type: map}, strict: {type: boolean}, policy: {}}\n"
      + #"steps: {a: {uses: noop, when: "{{ .Params.application }}{{ .Params.retention }}{{ .Params.strict }}{{ .Params.policy }}"}}"#,
    name: "backup")

  private func policy(_ more: String, selector: String = "{applications: [\"shop-*\"]}") -> String {
    document("Policy", "workflow: backup\nselector: \(selector)\n\(more)", name: "nightly")
  }

  @Test("a volume that may be torn is warned of, and refused by a strict policy, whichever comes last")
  func strict() {
    let message = "snapshots of volume 'logs' of application 'shop-web' may be torn (driver 'directory')"
    let advice = ": give the application a hook 'backupPrehook'"
    #expect(messages(torn) == [warning])
    #expect(messages(torn, backup, policy("strict: false")) == [warning])
    #expect(messages(torn, backup, policy("strict: true")) == [warning, "error: " + message + advice])
    #expect(
      messages(torn, backup, policy("strict: true", selector: "{applications: [other-*]}")).allSatisfy {
        !$0.contains("error")
      })
    let calm = document(
      "Application",
      "volumes: [{name: logs, driver: directory, path: /a}]\nhooks: {backupPrehook: [{exec: {command: [a]}}]}",
      name: "shop-web")
    #expect(messages(calm, backup, policy("strict: true")) == [])
    let applied =
      DocumentFile(text: backup, name: "b").documents + DocumentFile(text: policy("strict: true"), name: "p").documents
    #expect(
      messages(torn, applied: applied) == [warning, "error: policy 'nightly' is strict, and " + message + advice])
  }

  @Test("parts are refused where there is no place for their journals")
  func parts() {
    func refusals(_ location: String, parts: Int, uses: String = "export-part") -> [String] {
      let profile = document("Profile", "location: \(location)\npassword: {file: /etc/pw}", name: "vault")
      let steps = #"steps: {v: {forEach: "{{ .Params.l }}", as: p, steps: {a: {uses: \#(uses)}}}}"#
      let parameters = "params: {l: {type: list, default: []}, parts: {type: integer}}\n"
      let backup = workflow(parameters + steps, name: "backup")
      let policy = document("Policy", "workflow: backup\nprofile: vault\nparams: {parts: \(parts)}", name: "nightly")
      return messages(profile, backup, policy).filter { $0.contains("REST") && $0.hasPrefix("error") }
    }
    let refusal =
      "error: profile 'vault' is on restic's REST server, which keeps no journals, and parts need them: leave 'parts' out"
    #expect(refusals("{rest: {url: \"https://h/\"}}", parts: 2) == [refusal])
    #expect(refusals("{rest: {url: \"https://h/\"}}", parts: 1) == [])
    #expect(refusals("{rest: {url: \"https://h/\"}}", parts: 2, uses: "noop") == [])
    #expect(refusals("{directory: /srv/vault}", parts: 2) == [])
  }

  @Test("selectors take patterns and labels")
  func selectors() throws {
    func selected(_ selector: String) throws -> [String] {
      let applications = [("shop-web", "{tier: a}"), ("shop-db", "{tier: b}"), ("blog", "{tier: a}")].map {
        document("Application", "volumes: [{name: a, driver: btrfs, path: /a}]", name: $0, labels: $1)
      }
      let files = (applications + [backup, policy("strict: true", selector: selector)]).map {
        DocumentFile(text: $0, name: "f")
      }
      let set = DocumentSet(files, applied: [], kinds: kinds)
      #expect(set.check().filter { $0.severity == .error } == [])
      let plan = try set.plan(policy: "nightly")
      return plan["params"]?["applications"]?.array?.compactMap(\.string) ?? []
    }
    #expect(try selected("{applications: [shop-*]}") == ["shop-db", "shop-web"])
    #expect(try selected("{applications: [\"*-??\", blog]}") == ["blog", "shop-db"])
    #expect(try selected("{labels: {tier: a}}") == ["blog", "shop-web"])
    #expect(try selected("{applications: \"*\"}").count == 3)
    #expect(messages(backup, policy(""), applied: []) == ["warning: no application is called shop-* so far"])
    #expect(
      messages(backup, policy("", selector: "{applications: [shop]}"), applied: []) == [
        "error: there is no application 'shop'"
      ])
  }

  @Test("a selector that selects nothing is warned of; it may be put into force, but not be run now")
  func selectsNothing() throws {
    let volumes = "volumes: [{name: a, driver: btrfs, path: /a}]"
    let shop = document("Application", volumes, name: "shop", labels: "{tier: a}")
    let labels = policy("", selector: "{labels: {tier: b, zone: eu}}")
    #expect(messages(shop, backup, policy("", selector: "{labels: {tier: a}}")) == [])
    let warning = "warning: no application in these files has the labels {tier: b, zone: eu} so far"
    #expect(messages(shop, backup, labels) == [warning])
    #expect(
      messages(backup, labels, applied: DocumentFile(text: shop, name: "a").documents) == [
        "warning: no application has the labels {tier: b, zone: eu} so far"
      ])
    let set = DocumentSet([shop, backup, labels].map { DocumentFile(text: $0, name: "f") }, applied: [], kinds: kinds)
    #expect(try set.plan(policy: "nightly")["params"] == ["applications": []])
    let error = #expect(throws: PlanError.self) { try set.plan(policy: "nightly", needsApplications: true) }
    #expect(error?.description.hasPrefix("policy 'nightly' selects no application") == true)
  }

  @Test("a policy tells its workflow what that has parameters for")
  func implied() throws {
    func params(_ more: String) throws -> JSONValue? {
      let application = document("Application", "volumes: [{name: a, driver: btrfs, path: /a}]", name: "shop-a")
      let files = [application, backup, policy(more)].map { DocumentFile(text: $0, name: "f") }
      let plan = try DocumentSet(files, applied: [], kinds: kinds).plan(policy: "nightly")
      return plan["steps"]?.array?.first?["steps"]?.array?.first?["with"]?["params"]
    }
    #expect(
      try params("retention: {daily: 7, within: 2d}\nstrict: true") == [
        "application": "{{ .application }}", "policy": "nightly", "strict": true,
        "retention": ["snapshots": ["daily": 7, "within": "2d"], "exports": ["daily": 7, "within": "2d"]],
      ])
    #expect(
      try params("retention: {snapshots: {keep: 0}, exports: {last: 3}}\nparams: {policy: other}") == [
        "application": "{{ .application }}", "policy": "other", "strict": false,
        "retention": ["snapshots": ["keep": 0], "exports": ["last": 3]],
      ])
    #expect(try params("retention: {exports: {last: 3}}")?["retention"] == ["exports": ["last": 3]])
    let zoned = workflow(
      "params: {timeZone: {default: UTC}}\nsteps: {a: {uses: noop, when: \"{{ .Params.timeZone }}\"}}", name: "backup")
    for (schedule, zone) in [("schedule: {cron: '@daily', timeZone: Europe/Berlin}", "Europe/Berlin"), ("", "UTC")] {
      let local = document("Policy", "workflow: backup\n\(schedule)", name: "nightly")
      let files = [zoned, local].map { DocumentFile(text: $0, name: "f") }
      let plan = try DocumentSet(files, applied: [], kinds: kinds).plan(policy: "nightly")
      #expect(plan["params"]?["timeZone"] == .string(zone))
    }
    let wrong = workflow(
      "params: {application: {}, retention: {type: integer}}\nsteps: {a: {uses: noop, when: \"{{ .Params.application }}{{ .Params.retention }}\"}}",
      name: "backup")
    #expect(
      messages(wrong, policy("retention: {daily: 7}")).contains(
        "error: workflow 'backup' is told the policy's 'retention', and its parameter of that name has to be a whole number"
      ))
  }

  @Test("retention: rules for all or for each, and never nothing")
  func retention() {
    func told(_ retention: String) -> [String] {
      messages(backup, policy("retention: \(retention)")).filter { $0.hasPrefix("error") }
    }
    #expect(told("{snapshots: {keep: 0}, exports: {daily: 7, weekly: 4}}") == [])
    #expect(told("{snapshots: {last: 3}}") == [])
    let nothing =
      "error: this retention keeps neither snapshots nor exports, so there would be nothing to restore"
    #expect(told("{keep: 0}") == [nothing])
    #expect(told("{snapshots: {keep: 0}, exports: {keep: 0}}") == [nothing])
    #expect(
      told("{exports: {keep: 0, daily: 3}}") == ["error: 'keep: 0' keeps nothing; it can't stand beside other rules"])
    #expect(
      told("{daily: 0}") == [
        "error: these rules keep nothing; write how many are kept, such as daily: 7, or keep: 0"
      ])
    #expect(
      told("{daily: 7, exports: {last: 3}}") == [
        "error: rules stand either for all, or below 'snapshots' and 'exports'; move 'daily' to one of them"
      ])
    #expect(told("{keep: 3}") == ["error: 'keep' has to be 0, not '3'"])
  }

  @Test("notifications: one address each, no secrets in the document")
  func notifications() {
    func told(_ notification: String) -> [String] {
      messages(backup, policy("rpo: 25h\nnotify: [\(notification)]")).filter { !$0.contains("so far") }
    }
    #expect(told("{url: \"https://h/x\", on: [failure, recovery, rpo-breach], headers: {X-Team: db}}") == [])
    #expect(told("{urlFrom: {file: /etc/hook}, secretHeaders: {Authorization: {env: T}}}") == [])
    #expect(told("{on: failure}") == ["error: a notification needs one of 'url' and 'urlFrom'"])
    #expect(told("{url: \"ftp://h\"}") == ["error: a URL has to begin with https:// or http://"])
    #expect(
      told("{url: \"https://h\", on: [succes]}") == [
        "error: 'on[0]': 'succes' is not 'failure', 'recovery' or 'rpo-breach'"
      ])
    #expect(
      told("{url: \"https://h\", headers: {Authorization: Bearer x}}") == [
        "warning: 'Authorization' looks like a secret, and documents are kept in PostgreSQL: name where it is under 'secretHeaders'"
      ])
  }
}
