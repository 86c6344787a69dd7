import Foundation
import JSON
import PostgresClient
import ResticRepository
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

  @Test("an image in place is the one file that its path names, whatever else its export holds")
  func imageAmongOthers() async throws {
    let folder = try scratchDirectory("images")
    let made = try await runProgram(
      "/bin/bash",
      [
        "-euc",
        """
        echo 'correct horse' >password; mkdir -p data images
        for file in 'a*' ab; do echo new >"data/$file"; echo old >"images/$file"; done
        restic -q init; restic -q backup data; ls vault/snapshots
        """,
      ],
      environment: [
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder.path, "RESTIC_REPOSITORY": folder.path + "/vault",
        "RESTIC_PASSWORD": "correct horse",
      ], directory: folder)
    let export = try #require(made.output.split(separator: "\n").last.map(String.init), "\(made.errors)")
    let services = try await services(vault: folder.path)
    func volume(_ file: String, paths: JSONValue = []) -> StepContext {
      let volume: JSONValue = [
        "application": "shop", "name": "data", "driver": "reflink", "path": .string("\(folder.path)/images/\(file)"),
        "kind": "image", "fromExport": .string(export),
      ]
      return context(["volume": volume, "profile": "vault", "paths": paths])
    }
    let step = RestoreVolumeStep(services: services)
    #expect(try await failure(step, volume("a*", paths: ["ab"])).message.contains("comes back in place as a whole"))
    #expect(try await failure(step, volume("gone")).message.contains("has nothing that fits '/gone'"))
    let done = try await outputs(step, volume("a*"))
    #expect(done["files"] == 1 && done["target"]?.string == folder.path + "/images")
    for (file, content) in [("a*", "new\n"), ("ab", "old\n")] {
      #expect(try String(contentsOfFile: "\(folder.path)/images/\(file)", encoding: .utf8) == content)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/images").count == 2)
    await services.end()
  }

  /// The steps' services, with a database that has a profile `vault` of the repository in a folder.
  private func services(vault folder: String) async throws -> ProtectionServices {
    let postgres = try await PostgresInstance.shared
    let database = try await postgres.makeDatabase()
    let configuration = try PostgresConfiguration(postgres.url(database: database))
    let connection = try await PostgresConnection.open(configuration)
    _ = try await Migrator().migrate(connection)
    let document: JSONValue = [
      "kind": "Profile", "metadata": ["name": "vault"],
      "spec": [
        "location": ["directory": .string(folder + "/vault")], "password": ["file": .string(folder + "/password")],
      ],
    ]
    _ = try await connection.query(
      "select version from holdfast.put_document('profile', 'vault', '{}', 'kind: Profile', $1)",
      [.jsonb(document.text)])
    let pool = PostgresPool(configuration, size: 1)
    return ProtectionServices(pool: pool, node: nil, cache: .folder(folder + "/cache"))
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
