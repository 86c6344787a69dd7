import Foundation
import JSON
import PostgresClient
import StepEngine
import StepKinds
import TestSupport
import Testing

@testable import ProtectionSteps

@Suite("Where a volume comes back to")
struct RestorePlaceTests {
  /// Why a volume is not restored. There is no database, so it comes no further than to its profile.
  private func refusal(
    _ path: String, kind: JSONValue, driver: String = "reflink", target: String? = nil
  ) async throws -> String {
    let nowhere = try PostgresConfiguration("postgresql:///none?host=/no/such/folder")
    let pool = PostgresPool(nowhere, size: 1, patience: .zero)
    let step = RestoreVolumeStep(services: ProtectionServices(pool: pool, node: nil))
    var volume: [String: JSONValue] = [
      "application": "shop", "name": "data", "driver": .string(driver), "path": .string(path), "kind": kind,
      "program": "/no/such/driver", "fromExport": .string(String(repeating: "a", count: 64)),
    ]
    volume["target"] = target.map { .string($0) }
    let error = try await failure(step, context(["volume": .object(volume), "profile": "vault"]))
    #expect(error.message.contains("give a target") == (error.kind == .permanent))
    return error.kind == .permanent ? error.message : ""
  }

  @Test(
    "an image goes where its file is or was, never to what is or may be a device", arguments: ["image", "device"])
  func image(_ kind: String) async throws {
    let folder = try scratchDirectory("place").path
    try Data("old".utf8).write(to: URL(fileURLWithPath: folder + "/file"))
    try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder + "/file")
    let kind = JSONValue.string(kind)
    for driver in ["reflink", "exec"] { #expect(try await refusal(folder + "/file", kind: kind, driver: driver) == "") }
    #expect(try await refusal(folder + "/gone", kind: kind) == "")
    let message = try await refusal("/dev/null", kind: kind, driver: "exec")
    #expect(
      message.hasPrefix("volume shop/data: ") && message.contains("/dev/null is neither a file nor a block device"))
    #expect(try await refusal("/dev/null", kind: kind, driver: "exec", target: folder) == "")
    // A device's name may be gone for now.
    for path in [folder + "/link", folder, "/dev/no-such-group/shop"] {
      #expect(try await refusal(path, kind: kind) != "", "\(path)")
    }
    #expect(try await refusal(folder + "/gone", kind: kind, driver: "exec") != "")
    #expect(try await refusal(folder + "/link", kind: "folder") == "")
  }

  @Test("an export says whether it was read from a device")
  func kinds() throws {
    for kind in ["folder", "image", "device"] {
      let with: JSONValue = [
        "volume": ["name": "data", "driver": "exec", "path": "/dev/group/data"], "profile": "vault",
        "place": .object([kind: "/place"]),
      ]
      #expect(try exportSource(StepArguments(with, of: ExportStep.signature), context(with)).kind.rawValue == kind)
    }
  }
}
