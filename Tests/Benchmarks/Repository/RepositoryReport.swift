import Foundation
import JSON

/// The results as tables for people (Markdown) and as JSON.
struct RepositoryReport {
  let results: RepositoryResults
  let stages: [StageResult]
  let slowStore: SlowStore.Result?
  let sets: [(name: String, summary: String)]
  let runs: Int

  private static let ours = "holdfast"
  private var baselines: [String] { results.contestants.filter { $0.hasPrefix("restic") } }

  var text: String {
    var parts = [
      "\(cores) cores of \(processor); medians of \(runs); wall s / user+system s / peak MiB / repository or growth MB"
    ]
    for (name, summary) in sets { parts.append("**\(name)**: \(summary)\n\n" + jobs(name)) }
    let verdicts = self.verdicts
    if !verdicts.isEmpty {
      let heading = ["data", "job", "cache", "what"] + baselines.map { "to \($0)" } + ["goal", ""]
      parts.append(markdown([heading] + verdicts.map(\.cells)))
    }
    if !stages.isEmpty {
      let rows = stages.map { [$0.name, digits($0.ours), $0.limitName, digits($0.limit), digits($0.ratio), $0.goal] }
      parts.append(markdown([["stage, one core", "MB/s", "its limit", "MB/s", "ratio", "goal"]] + rows))
    }
    if let slowStore {
      let (one, two) = (median(slowStore.one), median(slowStore.two))
      parts.append(
        markdown([
          ["an image to a store that limits each connection", "s", "ratio", "goal"],
          ["one process", digits(one), "", ""],
          [
            "two processes, and the join", digits(two), digits(two / one),
            "≤ 0.55: \(two / one <= 0.55 ? "yes" : "**no**")",
          ],
        ]))
    }
    return parts.joined(separator: "\n\n")
  }

  var json: JSONValue {
    let measured = results.values.map { key, metrics -> JSONValue in
      var entry: [String: JSONValue] = [
        "data": .string(key.data), "cache": .string(key.cache.rawValue), "job": .string(key.job.rawValue),
        "contestant": .string(key.contestant),
      ]
      for (metric, values) in metrics { entry[metric.rawValue] = .array(values.map { .double($0) }) }
      return .object(entry)
    }
    let goals = verdicts.map { verdict -> JSONValue in
      .object([
        "data": .string(verdict.key.data), "cache": .string(verdict.key.cache.rawValue),
        "job": .string(verdict.key.job.rawValue), "metric": .string(verdict.goal.metric.rawValue),
        "passed": .bool(verdict.passed),
      ])
    }
    let stages = stages.map { stage -> JSONValue in
      .object([
        "stage": .string(stage.name), "megabytesPerSecond": .double(stage.ours), "limit": .double(stage.limit),
        "limitName": .string(stage.limitName),
      ])
    }
    return .object([
      "runs": .int(Int64(runs)), "processor": .string(processor), "cores": .int(Int64(cores)),
      "slowStore": slowStore.map {
        .object(["one": .array($0.one.map { .double($0) }), "two": .array($0.two.map { .double($0) })])
      } ?? .null, "measured": .array(measured), "goals": .array(goals), "stages": .array(stages),
    ])
  }

  /// A goal with what came out.
  private struct Verdict {
    let goal: RepositoryGoal
    let key: RepositoryResults.Key
    let cells: [String]
    let passed: Bool
  }

  private var verdicts: [Verdict] {
    RepositoryGoal.all.flatMap { goal in
      PageCache.allCases.compactMap { cache -> Verdict? in
        let key = RepositoryResults.Key(data: goal.data, cache: cache, job: goal.job, contestant: Self.ours)
        guard let value = results.median(key, goal.metric) else { return nil }
        let ratios = baselines.map { results.ratio(key, goal.metric, to: $0) }
        let (shown, passed) =
          switch goal.limit {
          case .ratio(let limit):
            ("≤ \(limit)", !ratios.isEmpty && ratios.allSatisfy { $0.map { $0 <= limit } ?? false })
          case .absolute(let limit): ("\(digits(value)) ≤ \(digits(limit)) \(goal.metric.unit)", value <= limit)
          }
        let what = [goal.data, goal.job.title, cache.rawValue, goal.metric.rawValue]
        let compared = ratios.map { $0.map { String(format: "%.2f", $0) } ?? "" }
        return Verdict(
          goal: goal, key: key, cells: what + compared + [shown, passed ? "yes" : "**no**"], passed: passed)
      }
    }
  }

  private func jobs(_ data: String) -> String {
    var rows = [["job", "cache"] + results.contestants]
    for cache in PageCache.allCases {
      for job in RepositoryBenchmark.Job.allCases {
        let cells = results.contestants.map { contestant in
          let key = RepositoryResults.Key(data: data, cache: cache, job: job, contestant: contestant)
          return RepositoryResults.Metric.allCases.compactMap { results.median(key, $0).map(digits) }
            .joined(separator: " / ")
        }
        if cells.contains(where: { !$0.isEmpty }) { rows.append([job.title, cache.rawValue] + cells) }
      }
    }
    return markdown(rows)
  }

  private func markdown(_ rows: [[String]]) -> String {
    guard let heading = rows.first else { return "" }
    let all = [heading, heading.map { _ in "---" }] + rows.dropFirst()
    return all.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }

  private func median(_ values: [Double]) -> Double { Measurement(name: "", unit: "", values: values).median }

  private var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

  private var processor: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "an unknown processor"
  }
}

/// Three digits that count.
func digits(_ value: Double) -> String {
  String(format: value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value)
}
