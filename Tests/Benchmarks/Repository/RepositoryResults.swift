/// What was measured.
struct RepositoryResults {
  /// Names, in the table's order.
  let contestants: [String]
  private(set) var values: [Key: [Metric: [Double]]] = [:]

  init(contestants: [String]) { self.contestants = contestants }

  struct Key: Hashable {
    let data: String
    let cache: PageCache
    let job: RepositoryBenchmark.Job
    let contestant: String
  }

  enum Metric: String, CaseIterable {
    case wall, cpu, peak, megabytes

    var unit: String {
      switch self {
      case .wall, .cpu: "s"
      case .peak: "MiB"
      case .megabytes: "MB"
      }
    }
  }

  /// What one run gave.
  enum Value {
    case cost(Cost)
    /// The repository's size, or by how much it grew.
    case megabytes(Double)
  }

  mutating func add(_ run: [Value], _ key: Key) {
    for value in run {
      switch value {
      case .cost(let cost):
        values[key, default: [:]][.wall, default: []].append(cost.wall)
        values[key, default: [:]][.cpu, default: []].append(cost.cpu)
        values[key, default: [:]][.peak, default: []].append(cost.peak)
      case .megabytes(let size): values[key, default: [:]][.megabytes, default: []].append(size)
      }
    }
    let shown = Metric.allCases.compactMap { metric in
      values[key]?[metric]?.last.map { "\(metric.rawValue) \(digits($0)) \(metric.unit)" }
    }
    note("\(key.data) \(key.cache.rawValue) \(key.job.rawValue), \(key.contestant): \(shown.joined(separator: ", "))")
  }

  /// The median of a metric; nil if it wasn't measured.
  func median(_ key: Key, _ metric: Metric) -> Double? {
    guard let values = values[key]?[metric], !values.isEmpty else { return nil }
    return Measurement(name: "", unit: "", values: values).median
  }

  /// One contestant's numbers beside another's.
  func ratio(_ key: Key, _ metric: Metric, to baseline: String) -> Double? {
    // Only ours has a list of blocks: it is compared with reading everything.
    let job = key.job == .changedBlocks ? .changed : key.job
    let other = Key(data: key.data, cache: key.cache, job: job, contestant: baseline)
    guard let ours = median(key, metric), let theirs = median(other, metric), theirs > 0 else { return nil }
    return ours / theirs
  }
}
