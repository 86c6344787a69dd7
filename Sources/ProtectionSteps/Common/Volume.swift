import JSON
import StepEngine
import StepKinds
import VolumeDrivers
import WorkflowDSL

/// A volume as steps hand it on: what its driver needs, the node that reaches it, and what exports leave out.
struct Volume: Sendable {
  let source: VolumeSource
  let node: String?
  let excludes: [String]
  /// Whether something brings the application to rest before the snapshot.
  let isQuiesced: Bool
  /// Whether its filesystem is frozen while the snapshots are taken.
  let isFrozen: Bool
  /// Whether a snapshot has to be one that can be trusted.
  let isStrict: Bool
  /// What sets this installation's objects apart from those of others on the same volume.
  private let tag: String?
  /// What sets the objects of this run apart from those of another run of the same number.
  private let mark: String?
  /// As it came.
  let json: JSONValue

  /// What every step of volumes takes.
  static let input = FieldShape.required(
    "volume", .map(keys: .any, values: .anything), "the volume, as discover-volumes puts it out")

  init(_ arguments: StepArguments, _ key: String = "volume") throws(StepFailure) {
    guard let json = arguments.value(key), json.object != nil else {
      throw arguments.failure(key, mustBe: "a volume, as discover-volumes puts it out")
    }
    try self.init(json: json)
  }

  init(json: JSONValue) throws(StepFailure) {
    do throws(DriverError) {
      source = try VolumeSource(json: json)
    } catch {
      throw StepFailure(.permanent, error.message)
    }
    // An empty one is any.
    node = VolumeNodes.named(in: json).flatMap { $0.isEmpty ? nil : $0 }
    excludes = (json["exclude"]?.array ?? []).compactMap(\.string)
    tag = json["tag"]?.string
    mark = json["mark"]?.string
    isQuiesced = json["isQuiesced"]?.bool ?? false
    isFrozen = json["isFrozen"]?.bool ?? false
    isStrict = json["isStrict"]?.bool ?? false
    self.json = json
  }

  /// What messages call it.
  var title: String { "volume \(source.application)/\(source.name)" }

  /// What the ledger keeps for its release, on this node.
  var detail: JSONValue {
    var detail: [String: JSONValue] = ["volume": json]
    if let node { detail["node"] = .string(node) }
    return .object(detail)
  }

  /// The snapshot of a run: its name follows from run and volume, so that another attempt finds it.
  func snapshotName(_ run: RunID) -> String { objectName("hf", run) }

  /// The tags by which a run's export is found again in a repository, also by people with restic at hand.
  func exportTags(_ run: RunID) -> [String] {
    ["holdfast", "application=\(source.application)", "volume=\(source.name)", "run=\(run)"]
      + (tag.map { ["installation=\($0)"] } ?? []) + (mark.map { ["mark=\($0)"] } ?? [])
  }

  /// The clone of a run. LVM has one space of names for all: with a mark behind, it could be the snapshot of another volume.
  func cloneName(_ run: RunID) -> String { objectName("hfc", run) }

  private func objectName(_ prefix: String, _ run: RunID) -> String {
    ([prefix, tag, run.description, mark, source.name] as [String?]).compactMap { $0 }.joined(separator: "-")
  }

  var driver: any VolumeDriver {
    get throws(StepFailure) {
      do throws(DriverError) {
        return try Drivers.driver(named: source.driver, program: source.program)
      } catch {
        throw StepFailure(.permanent, "\(title): \(error.message)")
      }
    }
  }
}

extension StepFailure {
  /// What a driver's error means for a step.
  init(_ error: DriverError, _ volume: Volume) {
    let kind: Class =
      switch error.kind {
      case .permanent, .missing: .permanent
      // Somebody may make room.
      case .retryable, .full: .retryable
      }
    self.init(kind, "\(volume.title): \(error.message)")
  }
}

/// Runs a call of a volume's driver; its errors become the step's.
func driving<Result: Sendable>(
  _ volume: Volume, _ body: (any VolumeDriver) async throws(DriverError) -> Result
) async throws -> Result {
  let driver = try volume.driver
  do throws(DriverError) {
    return try await body(driver)
  } catch {
    try Task.checkCancellation()
    throw StepFailure(error, volume)
  }
}

extension StepContext {
  /// Under what token the ledger is written.
  var held: HeldStep { HeldStep(id: id, fence: fence) }
}
