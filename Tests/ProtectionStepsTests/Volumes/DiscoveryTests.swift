import JSON
import PostgresClient
import StepEngine
import TestSupport
import Testing
import WorkflowDSL

@testable import ProtectionSteps

@Suite("What an application's document means for its backups")
struct DiscoveryTests {
  /// Volumes that name these nodes.
  private func volumes(_ nodes: [JSONValue]) -> JSONValue {
    .array(nodes.map { ["name": "data", "driver": "btrfs", "path": "/srv", "node": $0] })
  }

  @Test("hooks that name no node run on that of the volumes, those that name an empty one anywhere")
  func hooks() throws {
    let hooks: JSONValue = [["name": "a"], ["name": "b", "node": "db-9"], ["name": "c"], ["name": "d", "node": ""]]
    func groups(_ nodes: [JSONValue], of phase: HookPhase = .backupPrehook) throws -> [String] {
      let spec: JSONValue = ["volumes": volumes(nodes), "hooks": .object([phase.rawValue: hooks])]
      return try Inventory(application: "shop", spec: spec).hooks(of: phase).map { group in
        let names = (group["hooks"]?.array ?? []).compactMap { $0["name"]?.string }
        return ([group["node"]?.string ?? "?"] + names).joined(separator: " ")
      }
    }
    #expect(try groups([]) == [" a c d", "db-9 b"])
    #expect(try groups([.null]) == [" a c d", "db-9 b"])
    #expect(try groups(["db-1", .null, "db-1"]) == ["db-1 a c", "db-9 b", " d"])
    #expect(try groups(["db-9"]) == ["db-9 a b c", " d"])
    // As YAML reads it.
    #expect(try groups([7]) == ["7 a c", "db-9 b", " d"])
    #expect(try groups(["db-1", "db-2"], of: .verifyHook) == [" a c d", "db-9 b"])
    // A document of an older release.
    let error = #expect(throws: StepFailure.self) { try groups(["db-1", "db-2"], of: .deleteHook) }
    #expect(error?.kind == .permanent)
    #expect(
      error?.message
        == "application 'shop': hook 'a' of deleteHook could run on 'db-1' or 'db-2', where the application's volumes are; say 'node:' for it"
    )
  }

  /// The steps' services, with a database in which the application `shop` has this document.
  private func services(_ spec: JSONValue) async throws -> ProtectionServices {
    let postgres = try await PostgresInstance.shared
    let database = try await postgres.makeDatabase()
    let configuration = try PostgresConfiguration(postgres.url(database: database))
    let connection = try await PostgresConnection.open(configuration)
    _ = try await Migrator().migrate(connection)
    let document: JSONValue = ["kind": "Application", "metadata": ["name": "shop"], "spec": spec]
    _ = try await connection.query(
      "select version from holdfast.put_document('application', 'shop', '{}', 'kind: Application', $1)",
      [.jsonb(document.text)])
    return ProtectionServices(pool: PostgresPool(configuration, size: 1), node: nil)
  }

  @Test("dumps that name no node run on that of the volumes, also one whose command is given")
  func dumps() async throws {
    let services = try await services([
      "volumes": volumes(["db-1"]), "dumps": [["name": "orders"], ["name": "users", "node": "db-2"]],
      "hooks": ["onCancel": [["name": "tell"]]],
    ])
    func place(_ with: JSONValue) async throws -> JSONValue {
      try await outputs(DumpPlaceStep(services: services), context(with))
    }
    func nodes(_ outputs: JSONValue) -> [String] {
      (outputs["volumes"]?.array ?? []).compactMap { $0["node"]?.string }
    }
    let listed = try await place(["application": "shop"])
    #expect(nodes(listed) == ["db-1", "db-2"])
    let hooks: JSONValue = [["node": "db-1", "phase": "onCancel", "hooks": [["name": "tell"]]]]
    #expect(listed["onCancel"] == hooks && listed["onSuccess"] == [])
    let given = try await place(["application": "shop", "command": ["true"], "node": "", "file": ""])
    #expect(nodes(given) == ["db-1"] && given["onCancel"] == hooks)
    #expect(try await nodes(place(["application": "shop", "command": ["true"], "node": "db-7"])) == ["db-7"])
    for name in ["db/main", "..", ""] {
      let with: JSONValue = ["application": "shop", "command": ["true"], "volume": .string(name)]
      let refused = try await failure(DumpPlaceStep(services: services), context(with))
      #expect(refused.kind == .permanent && refused.message.contains("a dump can't be called \"\(name)\""))
    }
    // Nobody has to write a document for a command.
    let unknown = try await place(["application": "wiki", "command": ["true"]])
    #expect(nodes(unknown) == [""] && unknown["onCancel"] == [])
  }

  @Test("exports count against their limit from the moment that somebody has set it, and name none before that")
  func limit() async throws {
    let services = try await services(["volumes": volumes(["db-1"])])
    let step = DiscoverVolumesStep(services: services)
    func limit() async throws -> JSONValue? {
      let volume = try await outputs(step, context(["application": "shop"]))["volumes"]?.array?.first
      return try #require(volume)["limit"]
    }
    #expect(try await limit() == nil)
    try await services.client.setLimit(NamedLimit.exports, 2)
    #expect(try await limit() == "exports")
    try await services.client.setLimit(NamedLimit.exports, nil)
    #expect(try await limit() == nil)
  }

  @Test("strict, and read in place: refused without a hook that brings the application to rest, frozen or not")
  func strictInPlace() async throws {
    func step(_ hooks: JSONValue) async throws -> DiscoverVolumesStep {
      DiscoverVolumesStep(
        services: try await services([
          "volumes": [["name": "a", "driver": "directory", "path": "/srv/a", "freeze": ["path": "/srv/a"]]],
          "hooks": hooks,
        ]))
    }
    func with(strict: Bool, inPlace: Bool) -> StepContext {
      context(["application": "shop", "strict": .bool(strict), "inPlace": .bool(inPlace)])
    }
    let restless = try await step(["backupPosthook": [["name": "go"]]])
    let refusal = try await failure(restless, with(strict: true, inPlace: true))
    #expect(refusal.kind == .permanent)
    #expect(refusal.message.hasPrefix("application 'shop': its policy is strict, and its volumes are read in place"))
    for context in [with(strict: false, inPlace: true), with(strict: true, inPlace: false)] {
      #expect(try await outputs(restless, context)["volumes"]?.array?.count == 1)
    }
    let resting = try await step(["backupPrehook": [["name": "rest"]]])
    #expect(try await outputs(resting, with(strict: true, inPlace: true))["volumes"]?.array?.count == 1)
  }
}
