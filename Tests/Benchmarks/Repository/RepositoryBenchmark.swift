import Foundation
import JSON
import TestSupport

/// Backs the same data up with restic, borg and us, in turns, and measures each job.
struct RepositoryBenchmark {
  var runs = 5
  /// Letters of the data sets.
  var data = ["A", "B", "C"]
  /// Names of contestants and jobs to which the run is limited; empty means all.
  var only: [String] = []
  var scale = 1.0
  var caches = [PageCache.warm]
  var scratch = URL(fileURLWithPath: "/tmp/holdfast-benchmark")
  var holdfast = ".build/release/holdfast"
  var printsJSON = false
  var measuresStages = true

  /// What can be measured, in the order in which each round does it.
  enum Job: String, CaseIterable {
    case first, unchanged, changed, changedBlocks = "changed-blocks", restore, check, prune

    var title: String {
      switch self {
      case .first: "first backup"
      case .unchanged: "backup, nothing changed"
      case .changed: "backup, 1 % changed"
      case .changedBlocks: "backup, 1 % changed, list of blocks given"
      case .restore: "restore"
      case .check: "check, all data read"
      case .prune: "prune, half forgotten"
      }
    }
  }

  func run() async throws -> String {
    let contestants = found()
    guard !contestants.isEmpty || data.isEmpty else {
      throw TestSupportError("there is nothing to measure: no such program")
    }
    note("contestants: \(contestants.map(\.name).joined(separator: ", "))")
    var results = RepositoryResults(contestants: contestants.map(\.name))
    let sets = dataSets.filter { data.contains($0.name) }
    for set in sets { try place(of: set).prepare(set) }
    for cache in caches {
      for set in sets {
        for round in 1...runs {
          note("data \(set.name), \(cache.rawValue), round \(round) of \(runs)")
          try Round(benchmark: self, contestants: contestants, data: set, place: place(of: set), cache: cache)
            .run(&results)
        }
        try restored.clear()
      }
    }
    let stages = measuresStages ? try StageBenchmark(sample: sample()).run() : []
    let slow = wantsSlowStore ? try await SlowStore(scratch: sample(), runs: runs).run() : nil
    let report = RepositoryReport(
      results: results, stages: stages, slowStore: slow, sets: sets.map { ($0.name, $0.summary) }, runs: runs)
    return printsJSON ? report.json.text : report.text
  }

  /// Whether the command line asks for this job.
  func wants(_ job: Job) -> Bool {
    let jobs = only.filter { Job(rawValue: $0) != nil }
    return jobs.isEmpty || jobs.contains(job.rawValue)
  }

  var restored: RestoredFolders { RestoredFolders(folder: scratch.appendingPathComponent("restored")) }

  private var wantsSlowStore: Bool { only.isEmpty || only.contains("slow-store") }

  private func place(of set: any DataSet.Type) -> DataPlace {
    DataPlace(folder: scratch.appendingPathComponent("data-\(set.name)"), scale: scale)
  }

  private func sample() -> URL { scratch.appendingPathComponent("stages") }

  /// The programs that are there: what Debian has, the newest restic, and ours.
  private func found() -> [any Contestant] {
    let variables = ProcessInfo.processInfo.environment
    let newest = [variables["RESTIC_NEW"], ".build/tools/restic-0.18"]
    let all: [(any Contestant)?] = [
      inPath("restic").map { Restic(name: "restic", program: $0) },
      newest.compactMap(\.self).first(where: isProgram).map { Restic(name: "restic-new", program: $0) },
      inPath("borg").map { Borg(name: "borg", program: $0) },
      isProgram(holdfast) ? Holdfast(name: "holdfast", program: URL(fileURLWithPath: holdfast).path) : nil,
    ]
    let names = Set(only).intersection(["restic", "restic-new", "borg", "holdfast"])
    return all.compactMap(\.self).filter { names.isEmpty || names.contains($0.name) }
  }

  private func isProgram(_ path: String) -> Bool { access(path, X_OK) == 0 }

  private func inPath(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").map { "\($0)/\(name)" }.first(where: isProgram)
  }
}
