import Foundation
import TestSupport
import Testing

/// Our commands and restic's, on the same snapshots.
extension RepositoryCommandTests {
  @Test(
    "restic prunes what we backed up down to what is needed; we go on from there and store nothing again",
    arguments: [TestTools.debianRestic, TestTools.newRestic])
  func theirPrune(tool: TestTools.Tool) async throws {
    guard let restic = tool.pathOrSkip else { return }
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    try await place.shell(
      "mkdir source; for i in $(seq 40); do head -c 400000 /dev/urandom >source/$i; done; seq 300000 >source/text")
    let first = try await place.backedUp("source", "--pack-size", "4MiB")
    // About half of each pack is needed only by the first snapshot then.
    try await place.shell("for i in $(seq 1 2 40); do head -c 400000 /dev/urandom >source/$i; done")
    _ = try await place.backedUp("source", "--pack-size", "4MiB")
    let packs = "find repository/data -type f -printf '%f\\n'"
    let before = Set(try await place.shell(packs).split(separator: "\n"))
    try await place.restic("forget", first, program: restic)
    try await place.restic("prune", "--max-unused", "0", program: restic)
    let after = Set(try await place.shell(packs).split(separator: "\n"))
    #expect(!before.subtracting(after).isEmpty && !after.subtracting(before).isEmpty, "no pack was copied")

    try await place.restic("check", "--read-data", program: restic)
    let check = try await place.holdfast("check", "--read-data", "-o", "json").lastObject()
    #expect(check["num_errors"] as? Int == 0 && check["packs_read"] as? Int == after.count, "\(check)")
    let left = try await place.holdfast("prune", "--dry-run", "--max-unused", "0", "-o", "json").lastObject()
    #expect(left["unused_blobs"] as? Int == 0 && left["packs_kept"] as? Int == after.count, "\(left)")
    let target = place.folder.path + "/restored"
    let restored = try await place.holdfast("restore", "latest:source", "--target", target)
    #expect(restored.exitCode == 0, "\(restored)")
    #expect(try await place.facts(target) == place.facts(place.source))
    let next = try await place.holdfast("backup", "source", "--force", "-o", "json").lastObject()
    #expect(next["data_added"] as? Int == 0 && next["bytes_read"] as? Int ?? 0 > 16_000_000, "\(next)")
  }

  @Test("diff, find and stats tell of our snapshots what restic tells, and mistakes are named")
  func comparisons() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    try await place.shell(
      """
      mkdir -p source/sub; cd source; printf hello >a.txt; : >nothing; ln a.txt hard; ln -s a.txt link
      head -c 3000000 /dev/urandom >random; seq 300000 >text
      """)
    let first = try await place.backedUp("source")
    try await place.shell(
      "cd source; printf bye >a.txt; rm nothing; chmod 600 text; mkdir sub/new; head -c 700000 /dev/urandom >sub/new/file"
    )
    let second = try await place.backedUp("source")

    let changes = try await place.shell(
      #"""
      for options in '' --metadata; do
        \#(holdfastBinary) repo diff $options \#(first) \#(second) | grep -E '^[-+MTU]+ +/' >ours
        restic diff $options \#(first) \#(second) | grep -E '^[-+MTU]+ +/' >theirs
        diff ours theirs; cat ours
      done
      """#)
    #expect(changes.contains("M    /source/a.txt\n") && changes.contains("U    /source/text\n"), "\(changes)")
    let ours = try await place.holdfast("diff", first, second, "-o", "json").lastObject()
    let theirs = try await place.restic("diff", "--json", first, second).lastObject()
    #expect(ours["changed_files"] as? Int == 2 && ours["message_type"] as? String == "statistics")
    for side in ["added", "removed"] {
      let (found, expected) = (
        try #require(ours[side] as? [String: Any]), try #require(theirs[side] as? [String: Any])
      )
      for name in ["files", "dirs", "others", "data_blobs", "tree_blobs", "bytes"] {
        #expect(found[name] as? Int == expected[name] as? Int, "\(side) \(name)")
      }
      #expect(found["bytes"] as? Int ?? 0 > 0)
    }

    for mode in ["restore-size", "files-by-contents", "raw-data", "blobs-per-file"] {
      let ours = try await place.holdfast("stats", second, "--mode", mode, "-o", "json").lastObject()
      let theirs = try await place.restic("stats", second, "--mode", mode, "--json").lastObject()
      #expect(ours["total_size"] as? Int ?? 0 > 3_000_000)
      for name in ["total_size", "total_file_count", "total_blob_count", "snapshots_count"] {
        #expect(ours[name] as? Int ?? 0 == theirs[name] as? Int ?? 0, "\(mode) \(name)")
      }
    }
    let all = try await place.holdfast("stats").output
    #expect(all.hasPrefix("2 snapshots, counted by restore-size\n  size "), "\(all)")

    var packsRead = 0
    for part in ["1/2", "2/2"] {
      let result = try await place.holdfast("check", "--read-data-subset", part, "-o", "json").lastObject()
      packsRead += try #require(result["packs_read"] as? Int)
      #expect(result["num_errors"] as? Int == 0)
      if part == "2/2" { #expect(result["packs"] as? Int == packsRead, "each pack is in one of the parts") }
    }

    let mistakes: [([String], Int32, String)] = [
      (["diff", first], 2, "B is missing"), (["diff", first, "none"], 1, "no snapshot 'none'"),
      (["find"], 2, "nothing to find"), (["find", "--blob", "xyz"], 2, "not the beginning of an id"),
      (["find", "a", "--blob", "ab"], 2, "exclude each other"), (["stats", "--mode", "all"], 2, "'all' is not"),
      (["check", "--read-data-subset", "3/2"], 2, "'3/2' is not a part"),
      (["check", "--read-data", "--read-data-subset", "1/2"], 2, "leave one out"),
    ]
    for (arguments, code, sentence) in mistakes {
      let result = try await place.holdfast(arguments)
      #expect(result.exitCode == code && result.errors.contains(sentence), "\(arguments): \(result)")
    }
    try await expectFound(place, first, second)
  }

  /// What find tells by names and by ids.
  private func expectFound(_ place: RepositoryPlace, _ first: String, _ second: String) async throws {
    let named = try await place.holdfast("find", "-i", "A.*", "--snapshot", first).output
    #expect(named.hasPrefix("snapshot \(first.prefix(8)) of "), "\(named)")
    #expect(named.hasSuffix(" UTC:\n/source/a.txt\n"), "\(named)")
    #expect(try await place.holdfast("find", "none").output == "nothing found\n")

    let tree = try await place.holdfast("cat", "tree", "latest:source").lastObject()
    let nodes = try #require(tree["nodes"] as? [[String: Any]])
    let random = try #require(nodes.first { $0["name"] as? String == "random" })
    let blob = try #require((random["content"] as? [String])?.first)
    let folder = try #require(nodes.first { $0["name"] as? String == "sub" }?["subtree"] as? String)
    let holders = try await place.holdfast("find", "--blob", String(blob.prefix(12)), "-o", "json").objects()
    #expect(holders.map { $0["path"] as? String } == ["/source/random", "/source/random"])
    #expect(holders.map { $0["snapshot"] as? String } == [second, first], "the newest first")
    #expect(holders.allSatisfy { $0["id"] as? String == blob && $0["object_type"] as? String == "blob" })
    let folders = try await place.holdfast("find", "--tree", folder, "-o", "json").objects()
    #expect(folders.map { $0["path"] as? String } == ["/source/sub"])
    #expect(folders.map { $0["snapshot"] as? String } == [second])

    let pack = try #require(holders.first?["pack"] as? String)
    let hits = try await place.shell(
      #"""
      \#(holdfastBinary) repo find --pack \#(pack) |
        sed -nE 's/^snapshot ([^ ]+): ([^ ]+): blob ([^ ]+) in pack .*/\1 \2 \3/p' | sort >ours
      restic find --pack \#(pack) |
        awk '/^Found blob/ { blob = $3 } / in file / { path = $4 } / in snapshot / { print $4, path, blob }' | sort >theirs
      diff ours theirs; cat ours
      """#)
    #expect(hits.contains("\(second.prefix(8)) /source/random \(blob)\n"), "\(hits)")
  }
}
