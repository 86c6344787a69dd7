internal import JSON
internal import Terminal

extension RunSnapshot {
  /// The run with its steps for programs. Keys stay; new ones may come.
  func document(outputs: [Int64: JSONValue]? = nil) -> JSONValue {
    var members: [String: JSONValue] = run.members(now: now)
    let names = Dictionary(steps.map { ($0.id, $0.name) }, uniquingKeysWith: { _, last in last })
    members["steps"] = .array(
      steps.map { step in
        var members = step.members(now: now)
        let needs = (self.needs[step.id] ?? []).sorted().compactMap { names[$0] }
        members["needs"] = .array(needs.map { .string($0) })
        if let outputs { members["outputs"] = outputs[step.id] ?? .null }
        return .object(members)
      })
    members["groups"] = .object(
      items.mapValues { items in
        .object(Dictionary(uniqueKeysWithValues: items.counts.map { ($0.key.rawValue, .int(Int64($0.value))) }))
      })
    members["children"] = .array(children.map { .object($0.members(now: now)) })
    return .object(members)
  }
}

extension RunHeader {
  fileprivate func members(now: Moment) -> [String: JSONValue] {
    [
      "run": .int(id), "workflow": .string(workflow), "policy": .init(policy), "queue": .string(queue),
      "state": .string(state.rawValue), "submittedAt": .init(submittedAt), "startedAt": .init(startedAt),
      "finishedAt": .init(finishedAt), "deadlineAt": .init(deadlineAt),
      "elapsedSeconds": seconds((finishedAt ?? now) - submittedAt), "failure": .init(failure),
      "stopReason": .init(stopReason), "params": params ?? .null, "parentRun": .init(parentRun),
      "counts": [
        "total": .int(Int64(steps.total)), "succeeded": .int(Int64(steps.succeeded)),
        "failed": .int(Int64(steps.failed)),
        "skipped": .int(Int64(steps.skipped)), "omitted": .int(Int64(steps.omitted)),
        "cancelled": .int(Int64(steps.cancelled)), "running": .int(Int64(steps.running)),
        "ready": .int(Int64(steps.ready)), "waiting": .int(Int64(steps.waiting)), "blocked": .int(Int64(steps.blocked)),
      ],
    ]
  }
}

extension RunStep {
  fileprivate func members(now: Moment) -> [String: JSONValue] {
    [
      "name": .string(name), "uses": .string(uses), "state": .string(state.rawValue),
      "attempt": attempt.map { .int(Int64($0)) } ?? .null, "maxAttempts": .int(Int64(maxAttempts)),
      "worker": .init(worker), "since": .init(since), "startedAt": .init(startedAt),
      "finishedAt": .init(finishedAt), "elapsedSeconds": elapsed(at: now).map { seconds($0) } ?? .null,
      "reason": .init(reason), "waitsFor": .init(waitsFor), "wakeAt": .init(wakeAt),
      "signal": .init(signal), "deadlineAt": .init(deadlineAt), "timeLimitAt": .init(timeLimitAt),
      "item": item ?? .null, "isGroup": .bool(isGroup), "isAlways": .bool(isAlways), "progress": progress ?? .null,
    ]
  }
}

/// A length of time in seconds, to the millisecond.
private func seconds(_ duration: Duration) -> JSONValue { .double((duration / .milliseconds(1)).rounded() / 1000) }
