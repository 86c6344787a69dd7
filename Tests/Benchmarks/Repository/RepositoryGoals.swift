/// What the repository's issue asks for.
struct RepositoryGoal {
  let data: String
  let job: RepositoryBenchmark.Job
  let metric: RepositoryResults.Metric
  let limit: Limit

  enum Limit {
    /// Ours divided by restic's, at most.
    case ratio(Double)
    /// Ours alone, at most.
    case absolute(Double)
  }

  static let all: [RepositoryGoal] =
    ["A", "B", "C"].flatMap { data in
      [
        RepositoryGoal(data: data, job: .first, metric: .wall, limit: .ratio(0.5)),
        RepositoryGoal(data: data, job: .first, metric: .cpu, limit: .ratio(0.5)),
        RepositoryGoal(data: data, job: .first, metric: .megabytes, limit: .ratio(1.03)),
        RepositoryGoal(data: data, job: .first, metric: .peak, limit: data == "C" ? .absolute(150) : .ratio(1)),
        RepositoryGoal(data: data, job: .unchanged, metric: .wall, limit: .ratio(0.33)),
        RepositoryGoal(data: data, job: .check, metric: .wall, limit: .ratio(0.6)),
        RepositoryGoal(data: data, job: .prune, metric: .wall, limit: .ratio(0.6)),
      ]
    } + [
      RepositoryGoal(data: "A", job: .changed, metric: .wall, limit: .ratio(0.4)),
      RepositoryGoal(data: "A", job: .restore, metric: .wall, limit: .ratio(0.7)),
      RepositoryGoal(data: "B", job: .changed, metric: .wall, limit: .ratio(0.5)),
      RepositoryGoal(data: "B", job: .changed, metric: .megabytes, limit: .absolute(60)),
      RepositoryGoal(data: "B", job: .changedBlocks, metric: .wall, limit: .ratio(0.1)),
      RepositoryGoal(data: "B", job: .changedBlocks, metric: .megabytes, limit: .absolute(60)),
      RepositoryGoal(data: "B", job: .restore, metric: .wall, limit: .ratio(0.5)),
    ]
}
