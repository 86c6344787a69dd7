import Cryptography
import Foundation
import FileSystem
import JSON
import Maintenance
import ObjectStores
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("What is counted, compared and found is what restic counts, compares and finds")
struct ComparisonTests {
  static let programs = ["restic-0.18"]

  @Test("stats in all modes", arguments: programs)
  func statistics(program: String) async throws {
    guard let restic = TestTools.find(program).pathOrSkip else { return }
    let sample = try await SampleRepository(restic)
    for mode in RepositoryStatistics.Mode.allCases {
      // What blobs-per-file counts depends on the order of the snapshots, which restic leaves open.
      let sets = mode == .blobsPerFile ? sample.snapshots.map { [$0] } : [sample.snapshots, [sample.snapshots[1]]]
      for snapshots in sets {
        let found = try await RepositoryStatistics.count(snapshots, mode, sample.reader)
        let output = try await sample.place.resticOutput(
          restic, ["stats", "--json", "--mode", mode.rawValue] + snapshots.map(\.id.hex))
        let expected = try JSONValue(parsing: output)
        func number(_ name: String) -> Int { expected[name]?.int.map(Int.init) ?? 0 }
        #expect(found.totalSize == number("total_size"), "\(mode)")
        #expect(found.totalFileCount == number("total_file_count"), "\(mode)")
        #expect(found.totalBlobCount == number("total_blob_count"), "\(mode)")
        #expect(found.snapshotsCount == number("snapshots_count"), "\(mode)")
        #expect(found.totalUncompressedSize == number("total_uncompressed_size"), "\(mode)")
        if mode == .rawData {
          let ratio = try #require(found.compressionRatio)
          #expect(abs(ratio - (expected["compression_ratio"]?.double ?? 0)) < 1e-9)
        }
      }
    }
  }

  @Test("diff of all pairs, with and without metadata", arguments: programs)
  func differences(program: String) async throws {
    guard let restic = TestTools.find(program).pathOrSkip else { return }
    let sample = try await SampleRepository(restic)
    for (one, other) in [(0, 1), (1, 0), (0, 2), (1, 1)] {
      for showsMetadata in [false, true] {
        let (first, second) = (sample.snapshots[one], sample.snapshots[other])
        var changes: [String] = []
        let found = try await SnapshotDifference.compare(
          first.snapshot.tree, second.snapshot.tree, showsMetadata: showsMetadata, sample.reader
        ) { changes.append("\($0.marks) \($0.path)") }
        let lines = try await sample.place.resticOutput(
          restic, ["diff", "--json"] + (showsMetadata ? ["--metadata"] : []) + [first.id.hex, second.id.hex]
        ).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        let expected = lines.filter { $0["message_type"]?.string == "change" }.map {
          "\($0["modifier"]?.string ?? "") \($0["path"]?.string ?? "")"
        }
        #expect(changes == expected)
        let statistics = try #require(lines.last)
        #expect(found.changedFiles == statistics["changed_files"]?.int.map(Int.init))
        #expect(Self.numbers(found.added) == Self.numbers(try #require(statistics["added"])))
        #expect(Self.numbers(found.removed) == Self.numbers(try #require(statistics["removed"])))
      }
    }
  }

  private static func numbers(_ side: SnapshotDifference.Side) -> [Int?] {
    [side.files, side.folders, side.others, side.dataBlobs, side.treeBlobs, side.bytes]
  }

  private static func numbers(_ json: JSONValue) -> [Int?] {
    ["files", "dirs", "others", "data_blobs", "tree_blobs", "bytes"].map { json[$0]?.int.map(Int.init) }
  }

  @Test("find by patterns and times", arguments: programs)
  func finding(program: String) async throws {
    guard let restic = TestTools.find(program).pathOrSkip else { return }
    let sample = try await SampleRepository(restic)
    let searches: [(patterns: [String], ignoringCase: Bool)] = [
      (["leaf"], false), (["*e"], false), (["same"], false), (["SAME*", "Link"], true), (["a/**/leaf"], false),
      (["nothing"], false), (["deep/a/*"], false), (["ünï*"], false), (["[st]*"], false),
    ]
    for search in searches {
      var patterns = PathPatterns()
      for pattern in search.patterns { try patterns.add(pattern, ignoringCase: search.ignoringCase) }
      var found: [String: [String]] = [:]
      try await EntrySearch(patterns).run(sample.snapshots, sample.reader) { snapshot, entry in
        found[snapshot.id.hex, default: []].append(entry.displayPath)
      }
      let output = try await sample.place.resticOutput(
        restic, ["find", "--json"] + (search.ignoringCase ? ["-i"] : []) + search.patterns)
      var expected: [String: [String]] = [:]
      for result in try JSONValue(parsing: output).array ?? [] {
        expected[try #require(result["snapshot"]?.string)] = (result["matches"]?.array ?? []).compactMap {
          $0["path"]?.string
        }
      }
      #expect(found == expected, "\(search.patterns)")
    }
    var all = PathPatterns()
    try all.add("*")
    var names: Set<String> = []
    let search = EntrySearch(all, newest: TreeNode.Time(seconds: 1_600_000_000, nanoseconds: 0))
    try await search.run(sample.snapshots, sample.reader) {
      names.insert("\($0.snapshot.hostname) \($1.displayPath.suffix(5))")
    }
    #expect(names == ["one /meta"])
  }

  @Test("objects are shown as restic shows them", arguments: programs)
  func showing(program: String) async throws {
    guard let restic = TestTools.find(program).pathOrSkip else { return }
    let sample = try await SampleRepository(restic)
    func shown(_ object: CatObject) async throws -> JSONValue {
      try JSONValue(
        parsing: String(decoding: try await sample.repository.cat(object, reader: { sample.reader }), as: UTF8.self))
    }
    func expected(_ arguments: String...) async throws -> JSONValue {
      try JSONValue(parsing: try await sample.place.resticOutput(restic, ["cat"] + arguments))
    }
    let snapshot = sample.snapshots[1]
    let digits = String(snapshot.id.hex.prefix(10))
    let path = sample.place.folder.appendingPathComponent("source/deep").path
    #expect(try await shown(.config) == expected("config"))
    #expect(try await shown(.masterKey) == expected("masterkey"))
    #expect(try await shown(.snapshot(digits: digits)) == expected("snapshot", digits))
    #expect(try await shown(.snapshot(digits: "latest")) == expected("snapshot", sample.snapshots[2].id.hex))
    #expect(try await shown(.key(digits: sample.repository.keyID.hex)) == expected("key", sample.repository.keyID.hex))
    #expect(try await shown(.blob(id: snapshot.snapshot.tree.hex)) == expected("blob", snapshot.snapshot.tree.hex))
    #expect(try await shown(.tree(folder: "\(digits):\(path)")) == expected("tree", "\(digits):\(path)"))
    for index in try await sample.repository.list(.index) {
      #expect(try await shown(.index(digits: index.hex)) == expected("index", index.hex))
    }
    await #expect(throws: RepositoryError.self) { try await shown(.index(digits: "")) }
    await #expect(throws: RepositoryError.self) { try await shown(.blob(id: "ab")) }
    await #expect(throws: RepositoryError.self) { try await shown(.tree(folder: "latest:/no/such")) }
  }

  @Test("snapshots are selected by host, path and tag")
  func selection() async throws {
    guard let restic = TestTools.find("restic-0.18").pathOrSkip else { return }
    let sample = try await SampleRepository(restic)
    let (first, second, third) = (sample.snapshots[0], sample.snapshots[1], sample.snapshots[2])
    let repository = sample.repository
    #expect(try await repository.snapshot(named: "latest") == third)
    #expect(try await repository.snapshot(named: "latest", SnapshotFilter(hosts: ["one"])) == second)
    #expect(try await repository.snapshots(SnapshotFilter(tags: [["x", "y"], ["z"]])) == [second])
    #expect(try await repository.snapshots(SnapshotFilter(tags: [["x", "z"]])) == [])
    #expect(try await repository.snapshots(SnapshotFilter(tags: [[""]])) == [first, third])
    #expect(try await repository.snapshots(SnapshotFilter(paths: first.snapshot.paths)) == [first, second])
    await #expect(throws: RepositoryError.self) {
      try await repository.snapshot(named: "latest", SnapshotFilter(hosts: ["none"]))
    }
    await #expect(throws: RepositoryError.self) { try await repository.snapshot(named: "xyz") }
  }
}
