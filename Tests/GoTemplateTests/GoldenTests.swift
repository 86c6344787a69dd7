import Foundation
import GoTemplate
import JSON
import Testing

/// What real Go printed, compared byte for byte; of errors only that there is one.
@Suite("Templates against real Go")
struct GoldenTests {
  @Test("every group prints what Go prints", arguments: groups())
  func group(_ group: String) throws {
    let cases = try allCases().filter { $0.group == group }
    #expect(!cases.isEmpty)
    let failures = cases.compactMap(\.failure)
    #expect(
      failures.isEmpty,
      "\(failures.count) of \(cases.count) differ:\n\(failures.prefix(20).joined(separator: "\n"))")
  }

  @Test("no case got lost")
  func count() throws { #expect(try allCases().count == 998) }

  static func groups() -> [String] { Set((try? allCases().map(\.group)) ?? []).sorted() }
}

private func allCases() throws -> [GoldenCase] {
  let untyped = try golden("go-template-cases").array ?? []
  let typed = try golden("go-template-typed-cases")
  return untyped.map { GoldenCase($0, data: Value($0["data"] ?? .null, numbers: .float64)) }
    + (typed["cases"]?.array ?? []).map { GoldenCase($0, data: typedData(typed)) }
}
