internal import JSON
internal import Schedules
internal import TimeZones
internal import YAML

/// Makes a policy of a document's nodes.
struct PolicyReader {
  let findings: Findings
  let zones: TimeZoneDatabase

  func policy(name: Located<String>, spec: YAMLNode) -> Policy {
    let params = spec["params"]?.entries ?? []
    let selector = spec["selector"]
    if let selector, selector["applications"] == nil, selector["labels"] == nil {
      findings.error("a selector needs 'applications' or 'labels', or it would select everything", at: selector)
    }
    checkNotifications(spec["notify"]?.items ?? [])
    return Policy(
      name: name, workflow: spec["workflow"]?.located ?? Located("", at: name.place),
      parameters: Dictionary(
        params.compactMap { pair in pair.key.text.map { ($0, pair.value.json) } }, uniquingKeysWith: { $1 }),
      parameterPlaces: Dictionary(
        params.compactMap { pair in pair.key.text.map { ($0, Place(of: pair.value)) } }, uniquingKeysWith: { $1 }),
      applications: selector?["applications"]?.oneOrMore.compactMap(\.located) ?? [],
      applicationLabels: (selector?["labels"]?.entries ?? []).reduce(into: [:]) { labels, pair in
        if let key = pair.key.text { labels[key] = pair.value.text }
      },
      labelsPlace: selector?["labels"].map { Place(of: $0) }, hasSelector: selector != nil,
      profile: spec["profile"]?.located,
      hasSchedule: spec["schedule"].map { !$0.isNull } ?? false, schedule: spec["schedule"].flatMap(schedule),
      retention: spec["retention"].flatMap(retention),
      strict: spec["strict"].flatMap { $0.json.bool == true ? Place(of: $0) : nil },
      isEnabled: spec["enabled"]?.json.bool ?? true,
      priority: spec["priority"]?.json.int ?? 0)
  }

  /// The rules for snapshots and for exports; what is written for both is given to both.
  private func retention(_ node: YAMLNode) -> JSONValue? {
    guard case .mapping(let pairs) = node.content else { return nil }
    let parts = ["snapshots", "exports"].filter { node[$0] != nil }
    for part in parts { if let rules = node[part] { checkRules(rules) } }
    guard !parts.isEmpty else {
      checkRules(node)
      refuseNothing([node], at: node)
      return ["snapshots": node.json, "exports": node.json]
    }
    for pair in pairs where !parts.contains(pair.key.text ?? "") {
      findings.error(
        "rules stand either for all, or below 'snapshots' and 'exports'; move '\(pair.key.text ?? "")' to one of them",
        at: pair.key)
    }
    if parts.count == 2 { refuseNothing(parts.compactMap { node[$0] }, at: node) }
    return .object(
      Dictionary(parts.compactMap { part in node[part].map { (part, $0.json) } }, uniquingKeysWith: { $1 }))
  }

  private func checkRules(_ rules: YAMLNode) {
    if let keep = rules["keep"], rules.entries.count > 1 {
      findings.error("'keep: 0' keeps nothing; it can't stand beside other rules", at: keep)
    } else if rules["keep"] == nil, rules.entries.allSatisfy({ $0.value.json == .int(0) }) {
      findings.error("these rules keep nothing; write how many are kept, such as daily: 7, or keep: 0", at: rules)
    }
  }

  private func refuseNothing(_ rules: [YAMLNode], at retention: YAMLNode) {
    guard rules.allSatisfy({ $0["keep"]?.json == .int(0) }) else { return }
    findings.error(
      "this retention keeps neither snapshots nor exports, so there would be nothing to restore", at: retention)
  }

  private func checkNotifications(_ notifications: [YAMLNode]) {
    let secrets = SecretReferences(findings: findings)
    for notification in notifications {
      if (notification["url"] == nil) == (notification["urlFrom"] == nil) {
        findings.error("a notification needs one of 'url' and 'urlFrom'", at: notification)
      }
      secrets.checkURL(notification["url"], advice: "name where the URL is with 'urlFrom'")
      secrets.check(notification["urlFrom"])
      for pair in notification["secretHeaders"]?.entries ?? [] { secrets.check(pair.value) }
      KindAdvice(findings: findings).check("http", notification)
    }
  }

  /// The schedule in the engine's form, checked by the engine's own reader.
  private func schedule(_ node: YAMLNode) -> JSONValue? {
    var members: [String: JSONValue] = [:]
    for pair in node.entries {
      guard let key = pair.key.text else { continue }
      switch key {
      case "jitter", "grace": members[key + "Seconds"] = pair.value.seconds.map { .int(Int64($0)) }
      default: members[key] = pair.value.json
      }
    }
    let schedule = JSONValue.object(members)
    // What doesn't have the right shape has been reported.
    guard members["cron"]?.text != nil, node.entries.allSatisfy({ !$0.value.isNull }) else { return nil }
    do throws(ScheduleError) {
      return try ScheduleRules(json: schedule, zones: zones).json
    } catch {
      findings.error(message(error), at: place(of: error.key, in: node))
      return nil
    }
  }

  private func message(_ error: ScheduleError) -> String {
    let key = error.key.hasSuffix("Seconds") ? String(error.key.dropLast("Seconds".count)) : error.key
    return key.isEmpty ? error.reason : "'\(key)': \(error.reason)"
  }

  /// The node at `windows[0].from`.
  private func place(of key: String, in schedule: YAMLNode) -> Place {
    var node = schedule
    for part in key.split(whereSeparator: { $0 == "." || $0 == "[" || $0 == "]" }) {
      let name = part.hasSuffix("Seconds") ? String(part.dropLast("Seconds".count)) : String(part)
      if let index = Int(name), node.items.indices.contains(index) {
        node = node.items[index]
      } else if let next = node[name] {
        node = next
      } else {
        break
      }
    }
    return Place(of: node)
  }
}
