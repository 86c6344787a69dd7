import Foundation
import Glibc

let usage = """
  usage: holdfast-benchmarks engine [--quick] [--rounds N]

  engine      steps per second beside bare SQL (pgbench) and pgqueuer (from PyPI), each on the same private PostgreSQL
  --quick     a fifth of the work
  --rounds N  measure each N times and take the median (3)
  """

func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data((message + "\n").utf8))
  exit(2)
}

var arguments = CommandLine.arguments.dropFirst()
guard arguments.popFirst() == "engine" else { fail(usage) }
var benchmark = EngineBenchmark()
while let argument = arguments.popFirst() {
  switch argument {
  case "--quick":
    benchmark.steps /= 5
    benchmark.jobs /= 5
    benchmark.samples /= 5
    benchmark.heldSeconds = 20
  case "--rounds":
    guard let rounds = arguments.popFirst().flatMap({ Int($0) }), rounds > 0 else { fail(usage) }
    benchmark.rounds = rounds
  default: fail(usage)
  }
}

do {
  print(try await benchmark.run())
} catch {
  fail("holdfast-benchmarks: \(error)")
}
