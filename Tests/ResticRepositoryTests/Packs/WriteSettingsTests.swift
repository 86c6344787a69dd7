import ResticRepository
import Testing

@Suite("How much memory packs take")
struct WriteSettingsTests {
  /// Sizes in MiB.
  struct Case: Sendable, CustomTestStringConvertible {
    let limit: Int
    let packSize: Int
    let asked: Int?
    let uploads: Int
    let fittedPackSize: Int
    var testDescription: String { "\(limit), packs of \(packSize), \(asked ?? 0) connections" }
  }

  static let cases = [
    Case(limit: 320, packSize: 16, asked: nil, uploads: 10, fittedPackSize: 16),
    Case(limit: 320, packSize: 16, asked: 32, uploads: 11, fittedPackSize: 16),
    Case(limit: 320, packSize: 64, asked: nil, uploads: 2, fittedPackSize: 64),
    Case(limit: 320, packSize: 128, asked: 5, uploads: 2, fittedPackSize: 72),
    Case(limit: 64, packSize: 16, asked: nil, uploads: 2, fittedPackSize: 8),
    Case(limit: 1024, packSize: 16, asked: 32, uploads: 32, fittedPackSize: 16),
    Case(limit: 320, packSize: 16, asked: 1, uploads: 1, fittedPackSize: 16),
  ]

  @Test("the limit holds whatever is asked for: by fewer connections, then by smaller packs", arguments: cases)
  func limit(_ test: Case) {
    var settings = WriteSettings()
    settings.memoryLimit = test.limit << 20
    settings.packSize = test.packSize << 20
    settings.uploads = test.asked
    let fitted = settings.fitted(connections: 10)
    #expect(fitted.uploads == test.uploads && fitted.packSize == test.fittedPackSize << 20)
    // Two that data go to; one for trees, and one that waits, are there even with one upload. A blob is of 8 MiB at most.
    let packs = 2 + max(2, test.uploads)
    #expect(packs * (fitted.packSize + 8 << 20) <= settings.memoryLimit)
    let again = fitted.fitted(connections: 10)
    #expect(again.uploads == fitted.uploads && again.packSize == fitted.packSize)

    let isFewer = test.asked.map { $0 > test.uploads } ?? false
    let difference = fitted.difference(from: settings)
    #expect((difference != nil) == (isFewer || test.fittedPackSize < test.packSize))
    if isFewer { #expect(difference?.contains("\(test.uploads) connections instead of") == true) }
  }
}
