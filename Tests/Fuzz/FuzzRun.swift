import Foundation

/// Feeds one target with its inputs, and says what comes out.
struct FuzzRun {
  /// Each batch is announced, so that after a crash the input can be found.
  private static let batch: UInt64 = 50_000

  private let options: FuzzOptions
  private let mutator: Mutator
  private let isWatched: Bool
  private let report: (String) -> Void

  /// - Parameter isWatched: whether to end the whole program if an input takes too long, and to name it if one crashes.
  init(_ options: FuzzOptions, isWatched: Bool, report: @escaping (String) -> Void) {
    self.options = options
    self.isWatched = isWatched
    self.report = report
    mutator = Mutator(options.target, seed: options.seed)
  }

  /// Runs until all inputs are through or one finding is made.
  /// - Returns: whether there was no finding.
  func run() -> Bool {
    let watchdog = isWatched ? Watchdog(mutator) : nil
    defer { watchdog?.stop() }
    if isWatched { CrashNote.install() }
    var verdicts: [FuzzVerdict: Int] = [:]
    let start = ContinuousClock.now
    let end = options.seconds.map { start + .seconds($0) }

    for number in options.first..<(options.first + options.count) {
      if (number - options.first).isMultiple(of: Self.batch) {
        if let end, ContinuousClock.now > end { break }
        report("seed \(options.seed), inputs from \(number) on")
      }
      let input = mutator.input(number)
      if options.show { report(shown(input)) }
      CrashNote.number.pointee = number
      watchdog?.begin(number)
      do {
        verdicts[try options.target.feed(input), default: 0] += 1
      } catch {
        watchdog?.stop()
        report(
          "input \(number) of seed \(options.seed): \(error)\n\(shown(input))\nkept as \(keep(input, number, options.seed))"
        )
        return false
      }
      watchdog?.end()
    }
    report(summary(verdicts, after: ContinuousClock.now - start))
    return true
  }

  private func summary(_ verdicts: [FuzzVerdict: Int], after taken: Duration) -> String {
    let inputs = verdicts.values.reduce(0, +)
    let seconds = Double(taken.components.seconds) + Double(taken.components.attoseconds) / 1e18
    func share(_ count: Int?) -> String { String(format: "%.1f %%", 100 * Double(count ?? 0) / Double(max(inputs, 1))) }
    var text =
      "seed \(options.seed): \(inputs) inputs, \(Int(Double(inputs) / seconds)) a second; "
      + "\(share(verdicts[.accepted])) accepted, \(share(verdicts[.rejected])) rejected, "
      + (verdicts[.failed].map { "\(share($0)) parsed but failed, " } ?? "")
      + "memory grew by \(Memory.growth >> 20) MiB"
    for case (.unexplained(let message), let count) in verdicts {
      text += "\nrejected without an explanation, \(count) times: \(message)"
    }
    return text
  }
}

/// An input as people can read it.
func shown(_ input: [UInt8]) -> String {
  let text = String(decoding: input, as: UTF8.self).debugDescription
  return text.count > 4_000 ? text.prefix(4_000) + "… (\(input.count) bytes)" : text
}

/// Writes an input into the temporary folder.
func keep(_ input: [UInt8], _ number: UInt64, _ seed: UInt64) -> String {
  let path = NSTemporaryDirectory() + "/holdfast-fuzz-\(seed)-\(number)"
  return FileManager.default.createFile(atPath: path, contents: Data(input))
    ? path : "nothing: \(path) cannot be written"
}
