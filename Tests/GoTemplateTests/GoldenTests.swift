import GoTemplate
import Testing

/// What real Go printed, compared byte for byte; of errors only that there is one.
@Suite("Templates against real Go")
struct GoldenTests {
  @Test("every group prints what Go prints", arguments: GoldenCase.byGroup.keys.sorted())
  func group(_ group: String) {
    let cases = GoldenCase.byGroup[group] ?? []
    let failures = cases.compactMap { $0.failure() }
    #expect(
      failures.isEmpty,
      "\(failures.count) of \(cases.count) differ:\n\(failures.prefix(20).joined(separator: "\n"))")
  }

  @Test("no case got lost")
  func count() { #expect(GoldenCase.byGroup.values.map(\.count).reduce(0, +) == 998) }
}
