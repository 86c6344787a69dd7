import Testing

@testable import holdfast_fuzz

/// A short run of what `holdfast-fuzz` does for hours.
@Suite struct FuzzTests {
  @Test("broken inputs do no harm", arguments: ["yaml", "template", "restic"]) func shortRun(target: String) throws {
    var report: [String] = []
    let options = try FuzzOptions([target, "--count", "2000", "--seed", "1"])
    let isSound = FuzzRun(options, isWatched: false) { report.append($0) }.run()
    #expect(isSound, "\(report.joined(separator: "\n"))")
  }

  @Test("an input depends on its seed and its number only") func reproducible() {
    let mutator = Mutator(YAMLTarget.self, seed: 7)
    let inputs = (0..<100).map { mutator.input($0) }
    #expect(Mutator(YAMLTarget.self, seed: 7).input(99) == inputs[99])
    #expect(Set(inputs).count > 50)
    #expect(Mutator(YAMLTarget.self, seed: 8).input(99) != inputs[99])
  }

  @Test("refuses what it does not know", arguments: [["nothing"], ["yaml", "--count"], ["yaml", "--count", "x"], []])
  func usage(arguments: [String]) {
    #expect(throws: FuzzUsageError.self) { try FuzzOptions(arguments[...]) }
  }
}
