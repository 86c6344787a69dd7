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
    .systemLibrary(name: "CEpoll"),

    // .sql files become string literals, so that the binary carries them.
    .executableTarget(name: "embed-text", path: "Sources/EmbedText/Tool"),
    .plugin(
      name: "EmbedText", capability: .buildTool(), dependencies: ["embed-text"], path: "Sources/EmbedText/Plugin"),
    .target(name: "SQLFiles", path: "sql", plugins: ["EmbedText"]),

    // Ground floor: values, words, logs, time, threads. They know no Holdfast.
    .target(name: "JSON"),
    .target(name: "Wording"),
    .target(name: "Log"),
    .target(name: "TimeZones", dependencies: ["Wording"]),
    .target(name: "Concurrency", dependencies: ["CEpoll"]),

    // Clients of the outside world. They know no Holdfast either.
    .target(name: "PostgresClient", dependencies: ["CPQ", "Concurrency"]),
    .target(name: "HTTPClient", dependencies: ["CCurl", "CCurlShims", "Concurrency"]),

    // What people write: files, expressions, documents. Pure: they read text and give values.
    .target(name: "YAML", dependencies: ["CYAML", "JSON", "Wording"]),
    .target(name: "GoTemplate", dependencies: ["CCrypto", "YAML", "JSON", "TimeZones", "Wording"]),
    .target(name: "Schedules", dependencies: ["TimeZones", "JSON", "Wording"]),
    .target(name: "WorkflowDSL", dependencies: ["YAML", "GoTemplate", "Schedules", "TimeZones", "JSON", "Wording"]),

    // The engine, and what its steps can do.
    .target(
      name: "StepEngine",
      dependencies: ["PostgresClient", "Concurrency", "Schedules", "TimeZones", "JSON", "Log", "SQLFiles"]),
    .target(
      name: "StepKinds",
      dependencies: ["StepEngine", "WorkflowDSL", "GoTemplate", "HTTPClient", "Concurrency", "JSON", "Log", "Wording"]),

    // Documents in PostgreSQL.
    .target(name: "DocumentStore", dependencies: ["WorkflowDSL", "StepEngine", "PostgresClient", "JSON"]),

    // The command: how command lines are described, what a terminal shows, a PostgreSQL of its own, and all of it together.
    .target(name: "CommandSyntax", dependencies: ["Terminal", "Wording"]),
    .target(name: "Terminal", dependencies: ["JSON", "YAML", "TimeZones"]),
    .target(name: "EmbeddedPostgres", dependencies: ["PostgresClient", "Concurrency", "Log"]),
    .executableTarget(
      name: "holdfast",
      dependencies: [
        "DocumentStore", "StepKinds", "StepEngine", "WorkflowDSL", "GoTemplate", "Schedules", "TimeZones",
        "CommandSyntax", "Terminal",
        "EmbeddedPostgres", "PostgresClient", "Concurrency", "YAML", "JSON", "Log", "Wording",
      ]),

    // One test target per source target.
    .testTarget(name: "ConcurrencyTests", dependencies: ["Concurrency"]),
    .testTarget(name: "TimeZonesTests", dependencies: ["TimeZones", "TestSupport"]),
    .testTarget(name: "YAMLTests", dependencies: ["YAML", "JSON", "TestSupport"]),
    .testTarget(
      name: "GoTemplateTests", dependencies: ["GoTemplate", "TimeZones", "JSON", "TestSupport"], exclude: ["Golden"]),
    .testTarget(name: "SchedulesTests", dependencies: ["Schedules", "TimeZones", "JSON", "TestSupport"]),
    .testTarget(
      name: "WorkflowDSLTests", dependencies: ["WorkflowDSL", "YAML", "GoTemplate", "JSON", "TestSupport"]),
    .testTarget(name: "CommandSyntaxTests", dependencies: ["CommandSyntax", "Terminal", "TestSupport"]),
    .testTarget(name: "TerminalTests", dependencies: ["Terminal", "JSON"]),
    .testTarget(
      name: "EmbeddedPostgresTests",
      dependencies: ["EmbeddedPostgres", "PostgresClient", "Concurrency", "Log", "TestSupport"]),
    .target(name: "HTTPTestServer", path: "Tests/HTTPTestServer", exclude: ["server.py"]),
    .testTarget(name: "HTTPClientTests", dependencies: ["HTTPClient", "HTTPTestServer"]),
    // What tests and benchmarks need: a PostgreSQL of their own, scratch folders, seeds.
    .target(name: "TestSupport", path: "Tests/Support"),
    .testTarget(name: "TestSupportTests", dependencies: ["TestSupport"], path: "Tests/SupportTests"),
    .testTarget(
      name: "StepEngineTests",
      dependencies: [
        "StepEngine", "StepKinds", "Schedules", "TimeZones", "PostgresClient", "TestSupport", "JSON", "Log",
      ]),
    // A program that feeds parsers with millions of broken inputs.
    .executableTarget(
      name: "holdfast-fuzz", dependencies: ["YAML", "GoTemplate", "JSON", "TestSupport"], path: "Tests/Fuzz"),
    .testTarget(name: "FuzzTests", dependencies: ["holdfast-fuzz"], path: "Tests/FuzzTests"),
    .testTarget(name: "PostgresClientTests", dependencies: ["PostgresClient", "TestSupport"]),
    .executableTarget(
      name: "holdfast-benchmarks",
      dependencies: [
        "TestSupport", "StepEngine", "StepKinds", "WorkflowDSL", "GoTemplate", "YAML", "PostgresClient", "JSON", "Log",
      ],
      path: "Tests/Benchmarks",
      exclude: ["BareLoop", "pgqueuer_noop.py"]),
    .testTarget(
      name: "HoldfastTests",
      dependencies: ["holdfast", "CommandSyntax", "Terminal", "Schedules", "TimeZones", "JSON", "Log"],
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
