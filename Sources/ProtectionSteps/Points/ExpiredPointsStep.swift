import JSON
import ResticFormat
import RestorePoints
import StepEngine
import StepKinds
import WorkflowDSL

/// `expired-points`: says which applications have points that were made on demand and have expired: no policy of theirs may come for
/// these.
struct ExpiredPointsStep: ProtectionStepKind {
  static let signature = StepSignature(
    "expired-points", "Says which applications have points of no policy that have expired",
    inputs: [.required("profile", .text, "the profile whose repository has their exports")],
    outputs: [OutputField("applications", .list, "the applications' names")])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let profile = try arguments.requiredString("profile")
    let points = try await services.expiredOnDemand().filter { $0.point.profile == profile }
    let applications = Set(points.map(\.point.application)).sorted()
    return .succeeded(outputs: ["applications": .array(applications.map { .string($0) })])
  }
}

extension ProtectionServices {
  /// The points that were made on demand and have expired, of one application or all; but for those that were imported and not adopted.
  func expiredOnDemand(of application: String? = nil) async throws -> [CataloguedPoint] {
    let (all, now) = try await asking { () async throws(StoreError) in
      (try await points.points(application: application, policy: ""), try await points.now())
    }
    return all.filter { point in point.isAdopted && point.expiresAt.map { $0 < now } ?? false }
  }
}
