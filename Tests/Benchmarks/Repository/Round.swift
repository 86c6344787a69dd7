import Foundation
import TestSupport

/// All jobs once: each job by one contestant after the other, so that whatever slows the machine down meets all.
struct Round {
  let benchmark: RepositoryBenchmark
  let contestants: [any Contestant]
  let data: any DataSet.Type
  let place: DataPlace
  let cache: PageCache

  func run(_ results: inout RepositoryResults) throws {
    for contestant in contestants {
      try repository(of: contestant).clear()
      try contestant.create(repository(of: contestant)).run()
    }
    try backups(&results)
    try each(.restore, &results, reads: { [repository(of: $0).repository] }) { contestant in
      let target = try benchmark.restored.newFolder()
      let cost = try contestant.restore(to: target, from: repository(of: contestant)).run()
      let (wanted, restored) = try (size(of: place.source), size(of: target))
      guard wanted == restored else {
        throw TestSupportError("\(contestant.name) restored \(restored) of \(wanted) bytes and files")
      }
      benchmark.restored.forget(target)
      return [.cost(cost)]
    }
    try each(.check, &results, reads: { [repository(of: $0).repository] }) { contestant in
      [.cost(try contestant.check(repository(of: contestant)).run())]
    }
    if benchmark.wants(.prune) {
      for contestant in contestants {
        try contestant.backup(place.half, label: .half, to: repository(of: contestant)).run()
        try contestant.forget(repository(of: contestant)).run()
      }
    }
    try each(.prune, &results, reads: { [repository(of: $0).repository] }) { contestant in
      let cost = try contestant.prune(repository(of: contestant)).run()
      return [.cost(cost), .megabytes(try repository(of: contestant).megabytes())]
    }
    for contestant in contestants { try repository(of: contestant).clear() }
  }

  private func backups(_ results: inout RepositoryResults) throws {
    // Needed by all that follows, wanted or not.
    try each(.first, &results, always: true, reads: { _ in [place.source] }) { contestant in
      let cost = try contestant.backup(place.source, label: .first, to: repository(of: contestant)).run()
      return [.cost(cost), .megabytes(try repository(of: contestant).megabytes())]
    }
    try each(.unchanged, &results, reads: { _ in [place.source] }) { contestant in
      [.cost(try contestant.backup(place.source, label: .unchanged, to: repository(of: contestant)).run())]
    }
    let changed = try place.change(data)
    if !changed.isEmpty, benchmark.wants(.changedBlocks) { try changedBlocks(changed, &results) }
    try each(.changed, &results, always: true, reads: { _ in [place.source] }) { contestant in
      let before = try repository(of: contestant).megabytes()
      let cost = try contestant.backup(place.source, label: .changed, to: repository(of: contestant)).run()
      return [.cost(cost), .megabytes(try repository(of: contestant).megabytes() - before)]
    }
  }

  /// Only ours can be told what changed. It runs on a copy, for the changes must be new to the repository.
  private func changedBlocks(_ changed: [Range<Int>], _ results: inout RepositoryResults) throws {
    guard let ours = contestants.compactMap({ $0 as? Holdfast }).first else { return }
    let original = repository(of: ours)
    let copy = RepositoryPlace(folder: original.folder.appendingPathExtension("copy"))
    try shell(#"rm -rf "$2"; cp -a "$1" "$2""#, [original.folder.path, copy.folder.path])
    try cache.prepare([place.source])
    let before = try copy.megabytes()
    let cost = try ours.backup(place.source, changed: changed, to: copy).run()
    results.add([.cost(cost), .megabytes(try copy.megabytes() - before)], key(.changedBlocks, ours))
    try copy.clear()
  }

  /// Runs one job by each contestant, with `reads` in memory or not.
  private func each(
    _ job: RepositoryBenchmark.Job, _ results: inout RepositoryResults, always: Bool = false,
    reads: (any Contestant) -> [URL], _ body: (any Contestant) throws -> [RepositoryResults.Value]
  ) throws {
    guard always || benchmark.wants(job) else { return }
    for contestant in contestants {
      try cache.prepare(reads(contestant))
      results.add(try body(contestant), key(job, contestant))
    }
  }

  private func key(_ job: RepositoryBenchmark.Job, _ contestant: any Contestant) -> RepositoryResults.Key {
    .init(data: data.name, cache: cache, job: job, contestant: contestant.name)
  }

  private func repository(of contestant: any Contestant) -> RepositoryPlace {
    RepositoryPlace(folder: benchmark.scratch.appendingPathComponent("repository-\(contestant.name)"))
  }
}
