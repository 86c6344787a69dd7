import JSON
import ResticRepository
import RestorePoints
package import StepEngine

/// Removes from a repository what a run said there of a restore point that it did not come to record; the janitor calls it.
package struct DescriptionReleaser: ResourceReleaser {
  /// `description`
  package let kind = ResourceKind.description
  private let services: ProtectionServices

  /// With the repositories of these services.
  package init(_ services: ProtectionServices) { self.services = services }

  /// Makes sure that the repository describes the point only if the catalogue has it and nobody retires it.
  package func release(_ entry: ResourceLedger.Entry) async throws {
    guard let profileName = entry.detail?["profile"]?.string else {
      throw StepFailure(
        .permanent, "the ledger does not say in which repository the restore point \(entry.name) is described")
    }
    // Its name may be an application's, too. One that is retired meanwhile, or is about to be, is described no more.
    if let known = try await services.points.point(entry.name), known.point.name == entry.name,
      known.state == .complete
    {
      return
    }
    let profile = try await services.profile(profileName)
    try await services.sessions.open(profile).removePoint(entry.name)
  }
}
