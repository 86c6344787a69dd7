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
    .systemLibrary(name: "CEpoll"),

    // .sql files become string literals, so that the binary carries them.
    .executableTarget(name: "embed-text", path: "Sources/EmbedText/Tool"),
    .plugin(
      name: "EmbedText", capability: .buildTool(), dependencies: ["embed-text"], path: "Sources/EmbedText/Plugin"),
    .target(name: "SQLFiles", path: "sql", plugins: ["EmbedText"]),

    // Ground floor: values, logs, threads. They know no Holdfast.
    .target(name: "JSON"),
    .target(name: "Log"),
    .target(name: "Concurrency", dependencies: ["CEpoll"]),

    // Clients of the outside world. They know no Holdfast either.
    .target(name: "PostgresClient", dependencies: ["CPQ", "Concurrency"]),
    .target(name: "HTTPClient", dependencies: ["CCurl", "CCurlShims", "Concurrency"]),

    // The engine, what its steps can do, and the command.
    .target(name: "StepEngine", dependencies: ["PostgresClient", "Concurrency", "JSON", "Log", "SQLFiles"]),
    .target(name: "StepKinds", dependencies: ["StepEngine", "HTTPClient", "Concurrency", "JSON", "Log"]),
    .executableTarget(
      name: "holdfast", dependencies: ["StepKinds", "StepEngine", "PostgresClient", "Concurrency", "JSON", "Log"]),

    // One test target per source target.
    .testTarget(name: "ConcurrencyTests", dependencies: ["Concurrency"]),
    .target(name: "HTTPTestServer", path: "Tests/HTTPTestServer", exclude: ["server.py"]),
    .testTarget(name: "HTTPClientTests", dependencies: ["HTTPClient", "HTTPTestServer"]),
    // What tests and benchmarks need: a PostgreSQL of their own, scratch folders, seeds.
    .target(name: "TestSupport", path: "Tests/Support"),
    .testTarget(name: "TestSupportTests", dependencies: ["TestSupport"], path: "Tests/SupportTests"),
    .testTarget(
      name: "StepEngineTests",
      dependencies: ["StepEngine", "StepKinds", "PostgresClient", "TestSupport", "JSON", "Log"]),
    .testTarget(name: "PostgresClientTests", dependencies: ["PostgresClient", "TestSupport"]),
    .executableTarget(
      name: "holdfast-benchmarks", dependencies: ["TestSupport", "StepEngine", "PostgresClient", "JSON", "Log"],
      path: "Tests/Benchmarks",
      exclude: ["BareLoop", "pgqueuer_noop.py"]),
    .testTarget(name: "HoldfastTests", dependencies: ["holdfast", "Log"], exclude: ["Help"]),
    // The built command against real clusters, with real faults.
    .testTarget(
      name: "EndToEndTests", dependencies: ["TestSupport", "holdfast"], path: "Tests/EndToEnd", exclude: ["psql"]),
    .testTarget(name: "StepKindsTests", dependencies: ["StepKinds", "StepEngine", "HTTPTestServer", "JSON"]),
  ]
)

for target in package.targets where ![.system, .plugin].contains(target.type) {
  target.swiftSettings = rules
}
