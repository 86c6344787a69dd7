/// One row of a benchmark's table: the same thing measured a few times.
struct Measurement {
  let name: String
  let unit: String
  let values: [Double]
  /// The row that this one is compared with, if any; that row gets ratio 1.
  var baseline: String?

  /// The middle value; of an even number of values, the mean of the two in the middle.
  var median: Double {
    let sorted = values.sorted()
    guard let middle = sorted.dropFirst(sorted.count / 2).first else { return .nan }
    return sorted.count.isMultiple(of: 2) ? (sorted[sorted.count / 2 - 1] + middle) / 2 : middle
  }
}
