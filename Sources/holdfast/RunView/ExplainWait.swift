internal import Terminal

/// Why a step that could run doesn't: what it waits for, who holds that, and what would end the wait.
extension Explainer {
  /// Who holds what a step waits for, when the wait ends, and what would end it.
  func explainWait(of step: RunStep, _ text: inout Explanation) {
    if step.state == .waiting {
      explainParked(step, &text)
      return
    }
    switch step.waitsFor {
    case "limit":
      for limit in facts.limits where step.limits.contains(limit.name) && limit.used >= limit.capacity {
        for holder in limit.holders.prefix(Self.mostNamed) {
          let place = holder.worker.map { " on \($0)" } ?? ""
          let time = holder.since.map { ", since \(growingText(now - $0))" } ?? ""
          text.detail("limit \(limit.name) is held by run \(holder.run), \(holder.step)\(place)\(time)")
        }
        text.command(Advice.raise(limit: limit.name, to: limit.capacity + 1))
        if let other = limit.holders.first(where: { $0.run != snapshot.run.id }) {
          text.command(Advice.explain(run: other.run))
        }
      }
    case "paused":
      let scope = step.reason?.hasPrefix("policy ") ?? false ? "policy" : "queue"
      let name = scope == "policy" ? snapshot.run.policy ?? "" : snapshot.run.queue
      text.command(Advice.resume(scope, name))
    case "no-worker": text.command(Advice.worker(kind: step.uses, labels: step.labels))
    default:
      let able = facts.workers.filter { lacks($0, step).isEmpty }
      let free = able.reduce(0) { $0 + max(0, $1.slots - $1.busy) }
      if free > 0 {
        text.detail(
          "\(counted(free, "slot")) of workers that can do it \(free == 1 ? "is" : "are") free, so it will be taken within a moment"
        )
      } else if let worker = able.first {
        text.detail(
          "it is taken as soon as a slot is free; more slots, or one more worker, would help: \(worker.name) has \(worker.slots)"
        )
        text.command(Advice.worker(kind: step.uses, labels: step.labels))
      }
    }
  }

  private func explainParked(_ step: RunStep, _ text: inout Explanation) {
    let attempt = step.attempt ?? 1
    let isRetry = step.signal == nil && attempt > 1
    if let wake = step.wakeAt {
      let time = wake > now ? "in \(growingText(wake - now)), at \(timeText(wake, now: now))" : "now"
      if isRetry {
        text.detail(
          "attempt \(attempt) of \(step.maxAttempts) begins \(time)\(attempt >= step.maxAttempts ? "; it is the last" : "")"
        )
        text.command(advice.logs(step.name))
      } else {
        text.detail("it goes on \(time)" + (step.signal == nil ? "" : ", or as soon as it is told"))
      }
    }
    guard let signal = step.signal else { return }
    if signal == "approval/" + step.name {
      text.command(advice.approve(step.name))
    } else if signal.hasPrefix("run/"), let run = Int64(signal.dropFirst(4)) {
      if let child = snapshot.children.first(where: { $0.id == run }) {
        text.detail("run \(run) of \(child.workflow) is \(child.state.rawValue): \(child.steps.progress)")
      }
      text.command(Advice.explain(run: run))
    } else {
      text.command(advice.signal(signal))
    }
  }

  /// Which workers there are, and what each lacks for the step.
  func explainWorkers(for step: RunStep, _ text: inout Explanation) {
    var wanted = "It needs a worker that does \(step.uses)"
    if !step.labels.isEmpty { wanted += " with \(labelText(step.labels))" }
    if snapshot.run.queue != "default" { wanted += " in queue \(snapshot.run.queue)" }
    guard !facts.workers.isEmpty else {
      text.say("\(wanted). No worker runs at all; start one.")
      return
    }
    text.say("\(wanted). The workers that there are:")
    for worker in facts.workers.prefix(8) {
      let lacks = lacks(worker, step)
      text.point("\(worker.name): \(lacks.isEmpty ? "could do it" : lacks.joined(separator: ", "))")
    }
    if facts.workers.count > 8 { text.point("and \(decimal(facts.workers.count - 8)) more") }
  }

  /// What keeps a worker from this step, whether it has a free slot or not.
  func lacks(_ worker: ExplainFacts.Worker, _ step: RunStep) -> [String] {
    var lacks: [String] = []
    if worker.state != "active" { lacks.append("is \(worker.state)") }
    if !worker.kinds.contains(step.uses) { lacks.append("does not do \(step.uses)") }
    let missing = step.labels.filter { worker.labels[$0.key] != $0.value }
    for (key, value) in missing.sorted(by: { $0.key < $1.key }) {
      lacks.append(worker.labels[key].map { "has \(key)=\($0) instead of \(value)" } ?? "has no label \(key)=\(value)")
    }
    if let queues = worker.queues, !queues.contains(snapshot.run.queue) {
      lacks.append("does not serve queue \(snapshot.run.queue)")
    }
    return lacks
  }

  private func labelText(_ labels: [String: String]) -> String {
    listed(labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
  }
}
