import Foundation
import Glibc

let usage = """
  usage: holdfast-benchmarks engine [--quick] [--rounds N]
         holdfast-benchmarks language [--rounds N]
         holdfast-benchmarks repository [--data A,B,C] [--runs N] [--cache warm|cold|both] [--scale X] [--json]
                                        [--scratch DIR] [--holdfast PROGRAM] [--no-stages] [--only NAME…]
         holdfast-benchmarks protection [--rounds N] [--volumes N] [--holdfast PROGRAM]

  engine      steps per second beside bare SQL (pgbench) and pgqueuer (from PyPI), each on the same private PostgreSQL
  language    checking and planning a workflow of 5,000 steps, expressions, and the start of the command
  repository  backups beside restic (Debian's, and a newer one in RESTIC_NEW or .build/tools/restic-0.18) and borg:
              each job of each program, in turns, on the same data (A: real files, B: an image, C: small files)
  protection  the main job's own time: one volume, 1,000 volumes by 4 workers, frozen filesystems, 100,000 restore points
  --quick     a fifth of the work
  --rounds N  measure each N times and take the median (3; language: 5)
  --only      of repository: just these programs (restic restic-new borg holdfast) and jobs (first unchanged changed
              changed-blocks restore check prune), or slow-store
  """

func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data((message + "\n").utf8))
  exit(2)
}

var arguments = CommandLine.arguments.dropFirst()

/// The number behind `--rounds`.
@MainActor func rounds() -> Int {
  guard let rounds = arguments.popFirst().flatMap({ Int($0) }), rounds > 0 else { fail(usage) }
  return rounds
}

@MainActor func engine() async throws -> String {
  var benchmark = EngineBenchmark()
  while let argument = arguments.popFirst() {
    switch argument {
    case "--quick":
      benchmark.steps /= 5
      benchmark.jobs /= 5
      benchmark.samples /= 5
      benchmark.heldSeconds = 20
    case "--rounds": benchmark.rounds = rounds()
    default: fail(usage)
    }
  }
  return try await benchmark.run()
}

@MainActor func language() async throws -> String {
  var benchmark = LanguageBenchmark()
  while let argument = arguments.popFirst() {
    guard argument == "--rounds" else { fail(usage) }
    benchmark.rounds = rounds()
  }
  return try await benchmark.run()
}

@MainActor func repository() async throws -> String {
  var benchmark = RepositoryBenchmark()
  func value() -> String {
    guard let value = arguments.popFirst() else { fail(usage) }
    return value
  }
  while let argument = arguments.popFirst() {
    switch argument {
    case "--data": benchmark.data = value().split(separator: ",").map(String.init)
    case "--runs": benchmark.runs = rounds()
    case "--cache":
      let name = value()
      guard name == "both" || PageCache(rawValue: name) != nil else { fail(usage) }
      benchmark.caches = PageCache.allCases.filter { name == "both" || name == $0.rawValue }
    case "--scale":
      guard let scale = Double(value()), scale > 0, scale <= 1 else { fail(usage) }
      benchmark.scale = scale
    case "--json": benchmark.printsJSON = true
    case "--scratch": benchmark.scratch = URL(fileURLWithPath: value())
    case "--holdfast": benchmark.holdfast = value()
    case "--no-stages": benchmark.measuresStages = false
    case "--only":
      benchmark.only = Array(arguments.prefix { !$0.hasPrefix("--") })
      arguments = arguments.dropFirst(benchmark.only.count)
    default: fail(usage)
    }
  }
  return try await benchmark.run()
}

@MainActor func protection() async throws -> String {
  var benchmark = ProtectionBenchmark()
  while let argument = arguments.popFirst() {
    switch argument {
    case "--rounds": benchmark.rounds = rounds()
    case "--volumes": benchmark.volumes = rounds()
    case "--holdfast":
      guard let program = arguments.popFirst() else { fail(usage) }
      benchmark.holdfast = program
    default: fail(usage)
    }
  }
  return try await benchmark.run()
}

do {
  switch arguments.popFirst() {
  case "engine": print(try await engine())
  case "language": print(try await language())
  case "repository": print(try await repository())
  case "protection": print(try await protection())
  case "slow-store": try await SlowStore.child(Array(arguments))
  case "launch" where !arguments.isEmpty: exit(try Command.launch(Array(arguments)))
  default: fail(usage)
  }
} catch {
  fail("holdfast-benchmarks: \(error)")
}
