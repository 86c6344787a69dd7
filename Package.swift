// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every Swift target: Swift 6 mode, and a warning is an error.
let rules: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
  name: "holdfast",
  products: [.executable(name: "holdfast", targets: ["holdfast"])],
  targets: [
    // Debian's C libraries, and what Swift cannot import from their headers.
    .systemLibrary(name: "CPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .target(name: "CCurlShims", dependencies: ["CCurl"]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CEpoll"),
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CFreeze"),
    .target(name: "CFileShims"),
    // Unoptimised it would take seconds, also in tests, which open repositories all the time.
    .target(name: "CScrypt", cSettings: [.unsafeFlags(["-O2"])]),
    .target(name: "CVolumeShims"),

    // .sql files become string literals, so that the binary carries them.
    .executableTarget(name: "embed-text", path: "Sources/EmbedText/Tool"),
    .plugin(
      name: "EmbedText", capability: .buildTool(), dependencies: ["embed-text"], path: "Sources/EmbedText/Plugin"),
    .target(name: "SQLFiles", path: "sql", plugins: ["EmbedText"]),
    .target(name: "WorkflowFiles", path: "workflows", exclude: ["examples"], plugins: ["EmbedText"]),

    // Ground floor: values, words, logs, time, threads. They know no Holdfast.
    .target(name: "JSON"),
    .target(name: "Wording"),
    .target(name: "Log"),
    .target(name: "TimeZones", dependencies: ["Wording"]),
    .target(name: "Concurrency", dependencies: ["CEpoll"]),
    .target(name: "Cryptography", dependencies: ["CCrypto", "CScrypt"]),
    .target(name: "Compression", dependencies: ["CZstd"]),
    .target(name: "FileSystem", dependencies: ["CFileShims"]),
    .target(name: "FailPoints"),

    // Clients of the outside world. They know no Holdfast either.
    .target(name: "PostgresClient", dependencies: ["CPQ", "Concurrency"]),
    .target(name: "HTTPClient", dependencies: ["CCurl", "CCurlShims", "Concurrency"]),

    // The repository: where objects lie, restic's format, and what is done with both. They know no engine.
    .target(
      name: "ObjectStores",
      dependencies: ["HTTPClient", "Cryptography", "Concurrency", "JSON", "TimeZones", "Wording", "CFileShims"]),
    .target(name: "ResticFormat", dependencies: ["Cryptography", "TimeZones"]),
    .target(name: "BlobIndex", dependencies: ["ResticFormat", "Cryptography", "Concurrency"]),
    .target(name: "Chunking", dependencies: ["Cryptography"]),
    .target(
      name: "ResticRepository",
      dependencies: [
        "ObjectStores", "ResticFormat", "BlobIndex", "FileSystem", "Compression", "Cryptography", "Concurrency",
      ]),
    .target(
      name: "Backup",
      dependencies: [
        "ResticRepository", "ObjectStores", "ResticFormat", "BlobIndex", "Chunking", "FileSystem", "Compression",
        "Cryptography", "Concurrency",
      ]),
    .target(
      name: "Restore",
      dependencies: [
        "ResticRepository", "ObjectStores", "ResticFormat", "BlobIndex", "FileSystem", "Cryptography", "Concurrency",
      ]),
    .target(
      name: "Maintenance",
      dependencies: [
        "ResticRepository", "ObjectStores", "ResticFormat", "BlobIndex", "FileSystem", "Cryptography", "Concurrency",
        "TimeZones",
      ]),

    // What people write: files, expressions, documents. Pure: they read text and give values.
    .target(name: "YAML", dependencies: ["CYAML", "JSON", "Wording"]),
    .target(name: "GoTemplate", dependencies: ["CCrypto", "YAML", "JSON", "TimeZones", "Wording"]),
    .target(name: "Schedules", dependencies: ["TimeZones", "JSON", "Wording"]),
    .target(name: "WorkflowDSL", dependencies: ["YAML", "GoTemplate", "Schedules", "TimeZones", "JSON", "Wording"]),

    // Snapshots of volumes. It knows no engine and no repository.
    .target(
      name: "VolumeDrivers", dependencies: ["FileSystem", "Concurrency", "JSON", "CVolumeShims"]),

    // Freezing of filesystems, with a guard. It knows no engine.
    .target(name: "Freezing", dependencies: ["Concurrency", "JSON", "CFreeze", "CEpoll"]),

    .target(name: "BuiltInWorkflows", dependencies: ["WorkflowFiles", "WorkflowDSL"]),

    // The engine, and what its steps can do.
    .target(
      name: "StepEngine",
      dependencies: ["PostgresClient", "Concurrency", "Schedules", "TimeZones", "JSON", "Log", "SQLFiles"]),
    .target(
      name: "StepKinds",
      dependencies: ["StepEngine", "WorkflowDSL", "GoTemplate", "HTTPClient", "Concurrency", "JSON", "Log", "Wording"]),

    // Restore points: their catalogue, and which of them are kept.
    .target(
      name: "RestorePoints",
      dependencies: ["StepEngine", "PostgresClient", "WorkflowDSL", "ResticFormat", "TimeZones", "JSON"]),

    // What protects volumes: the steps that join engine, drivers and repository.
    .target(
      name: "ProtectionSteps",
      dependencies: [
        "StepKinds", "StepEngine", "RestorePoints", "VolumeDrivers", "WorkflowDSL", "ResticRepository", "ResticFormat",
        "ObjectStores", "Backup", "Restore", "Maintenance", "BlobIndex", "FileSystem", "Cryptography", "Concurrency",
        "PostgresClient", "FailPoints", "Freezing", "JSON", "Log", "Wording", "TimeZones",
      ]),

    // Documents in PostgreSQL.
    .target(name: "DocumentStore", dependencies: ["WorkflowDSL", "StepEngine", "PostgresClient", "JSON"]),

    // The command: how command lines are described, what a terminal shows, a PostgreSQL of its own, and all of it together.
    .target(name: "CommandSyntax", dependencies: ["Terminal", "Wording"]),
    .target(name: "Terminal", dependencies: ["JSON", "YAML", "TimeZones"]),
    .target(name: "EmbeddedPostgres", dependencies: ["PostgresClient", "Concurrency", "Log"]),
    .executableTarget(
      name: "holdfast",
      dependencies: [
        "DocumentStore", "BuiltInWorkflows", "ProtectionSteps", "RestorePoints", "VolumeDrivers", "StepKinds",
        "StepEngine", "WorkflowDSL",
        "GoTemplate", "Schedules", "TimeZones", "Backup", "Restore", "Maintenance", "ResticRepository", "ResticFormat",
        "ObjectStores", "BlobIndex", "FileSystem", "Freezing", "Cryptography", "CommandSyntax", "Terminal", "CMalloc",
        "EmbeddedPostgres", "PostgresClient", "Concurrency", "YAML", "JSON", "Log", "Wording",
      ]),

    // One test target per source target.
    .testTarget(name: "CryptographyTests", dependencies: ["Cryptography"]),
    .testTarget(name: "CompressionTests", dependencies: ["Compression", "TestSupport"]),
    .testTarget(
      name: "BlobIndexTests", dependencies: ["BlobIndex", "ResticFormat", "Cryptography", "Concurrency", "TestSupport"]),
    .testTarget(name: "ChunkingTests", dependencies: ["Chunking", "Cryptography", "TestSupport"]),
    .testTarget(
      name: "BackupTests",
      dependencies: [
        "Backup", "ResticRepository", "ObjectStores", "ResticFormat", "BlobIndex", "FileSystem", "Cryptography",
        "StoreTestSupport", "TestSupport",
      ]),
    .testTarget(name: "ConcurrencyTests", dependencies: ["Concurrency"]),
    .testTarget(name: "FileSystemTests", dependencies: ["FileSystem", "TestSupport"]),
    .testTarget(
      name: "ResticFormatTests", dependencies: ["ResticFormat", "Compression", "Cryptography", "TestSupport"]),
    .testTarget(
      name: "MaintenanceTests",
      dependencies: [
        "Maintenance", "Backup", "Restore", "ResticRepository", "ObjectStores", "ResticFormat", "BlobIndex",
        "FileSystem", "Cryptography", "Concurrency", "JSON", "StoreTestSupport", "TestSupport",
      ]),
    .testTarget(name: "TimeZonesTests", dependencies: ["TimeZones", "TestSupport"]),
    .testTarget(
      name: "VolumeDriversTests",
      dependencies: ["VolumeDrivers", "FileSystem", "Concurrency", "JSON", "TestSupport"]),
    // A program for tests of freezes: a guard, and workers that can be killed.
    .executableTarget(name: "freezing-helper", dependencies: ["Freezing"], path: "Tests/FreezingHelper"),
    .testTarget(name: "FreezingTests", dependencies: ["Freezing", "TestSupport", "freezing-helper"]),
    .testTarget(
      name: "RestorePointsTests",
      dependencies: [
        "RestorePoints", "StepEngine", "StepKinds", "PostgresClient", "ResticFormat", "TimeZones", "JSON", "Log",
        "HTTPClient", "TestSupport", "HTTPTestServer",
      ]),
    .testTarget(
      name: "ProtectionStepsTests",
      dependencies: [
        "ProtectionSteps", "StepKinds", "RestorePoints", "VolumeDrivers", "Freezing", "StepEngine", "PostgresClient",
        "ResticRepository", "ResticFormat", "ObjectStores", "Restore", "Cryptography", "JSON", "Log", "TestSupport",
        "WorkflowDSL", "freezing-helper",
      ]),
    .testTarget(name: "YAMLTests", dependencies: ["YAML", "JSON", "TestSupport"]),
    .testTarget(
      name: "GoTemplateTests", dependencies: ["GoTemplate", "TimeZones", "JSON", "TestSupport"], exclude: ["Golden"]),
    .testTarget(name: "SchedulesTests", dependencies: ["Schedules", "TimeZones", "JSON", "TestSupport"]),
    .testTarget(
      name: "WorkflowDSLTests", dependencies: ["WorkflowDSL", "YAML", "GoTemplate", "JSON", "TestSupport"]),
    .testTarget(
      name: "BuiltInWorkflowsTests",
      dependencies: [
        "BuiltInWorkflows", "DocumentStore", "StepKinds", "StepEngine", "WorkflowDSL", "PostgresClient", "JSON", "Log",
        "TestSupport",
      ]),
    .testTarget(name: "CommandSyntaxTests", dependencies: ["CommandSyntax", "Terminal", "TestSupport"]),
    .testTarget(name: "TerminalTests", dependencies: ["Terminal", "JSON"]),
    .testTarget(
      name: "EmbeddedPostgresTests",
      dependencies: ["EmbeddedPostgres", "PostgresClient", "Concurrency", "Log", "TestSupport"]),
    .testTarget(
      name: "ObjectStoresTests",
      dependencies: [
        "ObjectStores", "HTTPClient", "Cryptography", "Concurrency", "JSON", "TestSupport", "HTTPTestServer",
      ]),
    .testTarget(
      name: "ResticRepositoryTests",
      dependencies: [
        "ResticRepository", "ObjectStores", "ResticFormat", "BlobIndex", "Cryptography", "Concurrency",
        "StoreTestSupport", "TestSupport",
      ]),
    .testTarget(
      name: "RestoreTests",
      dependencies: [
        "Restore", "ResticRepository", "ObjectStores", "ResticFormat", "BlobIndex", "FileSystem", "Concurrency",
        "Cryptography", "StoreTestSupport", "TestSupport",
      ]),
    .target(name: "HTTPTestServer", path: "Tests/HTTPTestServer", exclude: ["server.py"]),
    .testTarget(name: "HTTPClientTests", dependencies: ["HTTPClient", "HTTPTestServer"]),
    // What tests and benchmarks need: a PostgreSQL of their own, scratch folders, seeds.
    .target(name: "TestSupport", path: "Tests/Support", exclude: ["s3_server.py", "fault_proxy.py"]),
    // Stores that do one thing in their own way.
    .target(name: "StoreTestSupport", dependencies: ["ObjectStores"], path: "Tests/StoreSupport"),
    .testTarget(name: "TestSupportTests", dependencies: ["TestSupport"], path: "Tests/SupportTests"),
    .testTarget(
      name: "StepEngineTests",
      dependencies: [
        "StepEngine", "StepKinds", "Schedules", "TimeZones", "PostgresClient", "TestSupport", "JSON", "Log",
      ]),
    // A program that feeds parsers with millions of broken inputs.
    .executableTarget(
      name: "holdfast-fuzz",
      dependencies: ["YAML", "GoTemplate", "ResticFormat", "Cryptography", "JSON", "TestSupport"], path: "Tests/Fuzz"),
    .testTarget(name: "FuzzTests", dependencies: ["holdfast-fuzz"], path: "Tests/FuzzTests"),
    .testTarget(name: "PostgresClientTests", dependencies: ["PostgresClient", "TestSupport"]),
    .executableTarget(
      name: "holdfast-benchmarks",
      dependencies: [
        "TestSupport", "StepEngine", "StepKinds", "WorkflowDSL", "GoTemplate", "YAML", "PostgresClient", "JSON", "Log",
        "Chunking", "Compression", "Cryptography", "Backup", "ResticRepository", "ObjectStores",
      ],
      path: "Tests/Benchmarks",
      exclude: ["BareLoop", "pgqueuer_noop.py"]),
    .testTarget(
      name: "HoldfastTests",
      dependencies: [
        "holdfast", "Backup", "Restore", "FileSystem", "Maintenance", "ResticFormat", "ResticRepository",
        "CommandSyntax", "Terminal", "Schedules", "TimeZones", "JSON", "Log",
      ],
      exclude: ["Help", "RunView"]),
    // The built command against real clusters, with real faults.
    .testTarget(
      name: "EndToEndTests", dependencies: ["TestSupport", "HTTPTestServer", "holdfast"], path: "Tests/EndToEnd",
      exclude: ["psql"]),
    .testTarget(name: "StepKindsTests", dependencies: ["StepKinds", "StepEngine", "HTTPTestServer", "JSON"]),
  ]
)

for target in package.targets where ![.system, .plugin].contains(target.type) {
  target.swiftSettings = rules
}
