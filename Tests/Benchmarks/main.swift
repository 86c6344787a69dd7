import Foundation
import Glibc

let usage = """
  usage: holdfast-benchmarks engine [--quick] [--rounds N]
         holdfast-benchmarks language [--rounds N]

  engine      steps per second beside bare SQL (pgbench) and pgqueuer (from PyPI), each on the same private PostgreSQL
  language    checking and planning a workflow of 5,000 steps, expressions, and the start of the command
  --quick     a fifth of the work
  --rounds N  measure each N times and take the median (3; language: 5)
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

do {
  switch arguments.popFirst() {
  case "engine": print(try await engine())
  case "language": print(try await language())
  default: fail(usage)
  }
} catch {
  fail("holdfast-benchmarks: \(error)")
}
