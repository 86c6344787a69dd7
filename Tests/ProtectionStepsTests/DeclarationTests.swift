import JSON
import PostgresClient
import StepEngine
import Testing
import WorkflowDSL

@testable import ProtectionSteps

@Suite("What step kinds declare")
struct DeclarationTests {
  /// Without a database: what comes as far as to the ledger may be tried again.
  private func services() throws -> ProtectionServices {
    let nowhere = try PostgresConfiguration("postgresql:///none?host=/no/such/folder")
    return ProtectionServices(pool: PostgresPool(nowhere, size: 1, patience: .zero), node: nil)
  }

  private func refusal(_ services: ProtectionServices, _ kind: String) async throws -> StepFailure {
    try #require(
      await #expect(throws: StepFailure.self) {
        _ = try await services.intend(kind, "hf-7-data", driver: "btrfs", detail: [:], context([:]))
      })
  }

  @Test("a step writes no other objects into the ledger than its kind declares")
  func enforced() async throws {
    let release = try services().declaring(ReleaseStep.signature)
    for kind in [ResourceKind.clone, ResourceKind.snapshot] {
      #expect(try await refusal(release, kind).kind != .permanent)
    }
    #expect(
      try await refusal(release, ResourceKind.export)
        == StepFailure(
          .permanent,
          "step quiesce[0].hooks: the export hf-7-data was not made or removed, since 'release' does not declare such objects; this is a mistake in Holdfast, please report it"
        ))
    #expect(try await refusal(services(), ResourceKind.clone).kind == .permanent)
  }

  @Test("what is declared, a janitor can remove; and every kind is declared")
  func complete() throws {
    let services = try services()
    let resources = Set(protectionSignatures.flatMap(\.resources))
    #expect(resources == Set(services.releasers.map(\.kind)))
    #expect(services.stepKinds.map(\.name).sorted() == protectionSignatures.map(\.kind).sorted())
    let limited = protectionSignatures.filter { !$0.limits.isEmpty }
    #expect(limited.map(\.kind).sorted() == ["export", "export-part"])
  }
}
