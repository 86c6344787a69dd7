import Foundation
import Maintenance
import ResticRepository
import TestSupport
import Testing

@Suite("Check of a small repository")
struct EveryByteTests {
  @Test("each byte of each object: that it flipped is detected, and the object named")
  func flips() async throws {
    let fixture = try await ResticFixture()
    try fixture.write("a", seed: 1, count: 50)
    try await fixture.restic(["backup", fixture.source.path])
    var generator = SplitMix64(seed: 6)
    for object in try fixture.objects() where !object.hasPrefix("locks") {
      let good = try fixture.read(object)
      let name = object.split(separator: "/").last ?? ""
      // Only these matter for opening, which costs a long computation for each key.
      let isForOpening = object == "config" || object.hasPrefix("keys")
      for place in good.indices {
        var bad = good
        bad[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        try fixture.replace(object, bad)
        do {
          let repository = isForOpening ? try await fixture.reopened() : fixture.repository
          let problems = try await repository.check(CheckRequest(data: .all)).problems
          #expect(problems.contains { $0.contains(name) }, "byte \(place) of \(object): \(problems)")
        } catch let error as RepositoryError {
          #expect(isForOpening, "byte \(place) of \(object): \(error)")
        }
      }
      try fixture.replace(object, good)
    }
    #expect(try await fixture.repository.check(CheckRequest(data: .all)).isClean)
  }
}
