/// `holdfast bench`
enum BenchCommand {
  static let runs = Option<Int>.value("--runs", .integer(1...1_000_000), default: 1000, "How many runs are submitted")
  static let steps = Option<Int>.value("--steps", .integer(1...10_000), default: 10, "How many steps each run has")
  static let workers = Option<Int>.value("--workers", .integer(1...100), default: 1, "How many workers do them")
  static let slots = Option<Int>.value("--slots", .integer(1...1000), default: 16, "How many slots each worker has")

  static let command = Command(
    name: "bench",
    summary: "Measure how many steps a second the database can carry",
    discussion: ["Submits runs whose steps do nothing, does them in this process, and prints rates and latencies."],
    options: [runs.description, steps.description, workers.description, slots.description],
    examples: [
      Example(
        purpose: "A hundred thousand steps in two workers", line: "holdfast bench --runs 10000 --steps 10 --workers 2")
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    throw CommandFailure(.failed, "'bench' is not built yet")
  }
}
