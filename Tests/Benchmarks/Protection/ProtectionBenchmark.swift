import Foundation
import TestSupport

/// What the main job costs beside the data path: a run's own time, many small volumes, frozen filesystems, long lists.
struct ProtectionBenchmark {
  var rounds = 5
  var holdfast = ".build/release/holdfast"
  /// How many volumes of 1 MiB are backed up at once.
  var volumes = 1000
  var workers = 4
  /// How many restore points are listed.
  var points = 100_000

  func run() async throws -> String {
    guard FileManager.default.isExecutableFile(atPath: holdfast) else {
      throw TestSupportError("there is no \(holdfast): build it, or name it with --holdfast")
    }
    guard let xfs = try await LoopFileSystem.xfs.mount(megabytes: 8 * 1024) else {
      throw TestSupportError("this benchmark needs root and XFS on a loop device")
    }
    let place = try await ProtectionPlace(holdfast: URL(fileURLWithPath: holdfast).path, volumes: xfs)
    var table = Table()
    for row in try await ownTime(place) { table.add(row) }
    for row in try await manyVolumes(place) { table.add(row) }
    table.add(try await frozen(place))
    table.add(try await listing(place))
    try await place.end()
    return table.text
  }

  /// From the claim of the first step to the restore point, without the export itself: one volume, one worker.
  private func ownTime(_ place: ProtectionPlace) async throws -> [Measurement] {
    try await place.application("one", volumes: 1)
    let worker = try place.worker(1, slots: 8)
    // The first run makes the repository.
    _ = try await place.backup("one")
    var own: [Double] = []
    var exports: [Double] = []
    for _ in 0..<rounds {
      try place.change("one", volume: 0)
      let run = try await place.backup("one")
      let times = try await place.sql(
        """
        select extract(epoch from max(finished_at) filter (where name = 'record') - min(started_at)) * 1000,
          max((outputs ->> 'seconds')::float8) filter (where name like '%.export') * 1000
        from holdfast.step_status where run_id = \(run)
        """
      ).split(separator: "|").compactMap { Double($0) }
      guard times.count == 2 else { throw TestSupportError("run \(run) has no times") }
      own.append(times[0] - times[1])
      exports.append(times[1])
    }
    await worker.kill()
    return [
      Measurement(name: "a run's own time, one volume (goal 300)", unit: "ms", values: own),
      Measurement(name: "the export in it", unit: "ms", values: exports),
    ]
  }

  /// Many small volumes, from the submit to the restore point.
  private func manyVolumes(_ place: ProtectionPlace) async throws -> [Measurement] {
    try await place.application("many", volumes: volumes)
    var crew: [BackgroundProgram] = []
    for number in 0..<workers { crew.append(try place.worker(number, slots: 8)) }
    let start = ContinuousClock.now
    _ = try await place.backup("many", limit: .seconds(900))
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    for worker in crew { await worker.kill() }
    return [
      Measurement(
        name: "\(volumes) volumes of 1 MiB, reflink, \(workers) workers (goal 20)", unit: "volumes/s",
        values: [Double(volumes) / seconds])
    ]
  }

  /// How long writers stand still while ten images with mounted filesystems are snapshotted.
  private func frozen(_ place: ProtectionPlace) async throws -> Measurement {
    try await place.frozenApplication("frozen", volumes: 10)
    let worker = try place.worker(1, slots: 16)
    var values: [Double] = []
    for _ in 0..<rounds {
      let run = try await place.backup("frozen")
      let longest = try await place.sql(
        "select max((outputs ->> 'frozenMilliseconds')::float8) from holdfast.step_status where run_id = \(run) and uses = 'thaw'"
      )
      values.append(Double(longest) ?? .nan)
    }
    await worker.kill()
    return Measurement(name: "the longest freeze of 10 volumes (goal 250)", unit: "ms", values: values)
  }

  /// The command, from its start to its end, with many points in the catalogue.
  private func listing(_ place: ProtectionPlace) async throws -> Measurement {
    _ = try await place.sql(
      """
      insert into holdfast.restore_point (name, application, policy, created_at, consistency, artifacts, document, volumes, exports)
      select format('app%s-%s', i % 500, i), 'app' || i % 500, 'nightly', now() - i * interval '1 minute', 'crash', '{}', '{}', 1, 1
      from generate_series(1, \(points)) i;
      analyze holdfast.restore_point
      """)
    var values: [Double] = []
    for _ in 0..<rounds {
      let start = ContinuousClock.now
      try await place.command("points")
      values.append((ContinuousClock.now - start) / .milliseconds(1))
    }
    return Measurement(name: "holdfast points, of \(points) (goal 200)", unit: "ms", values: values)
  }
}
