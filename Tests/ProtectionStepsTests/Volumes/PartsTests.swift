import JSON
import StepEngine
import Testing

@testable import ProtectionSteps

@Suite("Exports in parts")
struct PartsTests {
  @Test("are refused, before anything is brought to rest, where no journals are kept")
  func places() throws {
    let server = try ProfileLocation(spec: ["location": ["rest": ["url": "https://host:8000/main/"]]], name: "vault")
    #expect(!server.keepsJournals)
    let refusal = try #require(
      #expect(throws: StepFailure.self) { try DiscoverVolumesStep.checkParts(3, server, "vault") })
    #expect(refusal.kind == .permanent)
    #expect(
      refusal.message.hasPrefix(
        "profile vault: restic's REST server keeps no journals, which an export in 3 parts needs"))
    for location: JSONValue in [["directory": "/srv/vault"], ["s3": ["bucket": "b"]]] {
      try DiscoverVolumesStep.checkParts(3, ProfileLocation(spec: ["location": location], name: "vault"), "vault")
    }
  }
}
