import Foundation
import Glibc
import TestSupport
import Testing

/// Options that change what is read, sent and written, and locks.
extension RepositoryCommandTests {
  @Test("Of an image only what is listed as changed is read; --direct and --force read all of it")
  func changedBlocks() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    try await place.shell("head -c 8388608 /dev/urandom >image")
    let image = ["backup", "--device", "image", "--path-label", "/disk", "-o", "json"]
    let first = try await place.holdfast(image).lastObject()
    #expect(first["bytes_read"] as? Int == 8_388_608, "\(first)")
    // The second change is not in the list: were the rest of the image read, it would be stored.
    try await place.shell(
      """
      change() { printf "$1" | dd of=image bs=1 seek=$2 conv=notrunc status=none; }
      change one 1048581; cp image expected; change two 5242885
      printf '# as the driver tells it\\n1048576 4096\\n' >changed
      """)
    let listed = try await place.holdfast(image + ["--changed-blocks", "changed"]).lastObject()
    #expect(listed["parent"] as? String == first["snapshot_id"] as? String, "\(listed)")
    #expect((1...1 << 20).contains(listed["bytes_read"] as? Int ?? 0), "\(listed)")
    try await place.shell("\(holdfastBinary) repo dump latest /disk | cmp - expected")
    let all = try await place.holdfast(image + ["--direct", "--force"]).lastObject()
    #expect(all["bytes_read"] as? Int == 8_388_608 && all["parent"] is NSNull, "\(all)")
    #expect((1...1 << 20).contains(all["data_added"] as? Int ?? 0), "\(all)")
    try await place.shell("\(holdfastBinary) repo dump latest /disk | cmp - image; printf '0 1\\n9,x\\n' >bad")

    for (arguments, code, sentence) in [
      (["--device", "image", "--changed-blocks", "bad"], 1, "line 2 of the list of changed blocks"),
      (["image", "--changed-blocks", "changed"], 2, "give it with --device"),
      (["image", "--force", "--parent", "latest"], 2, "exclude each other"),
      (["--device", "image", "--block-size", "700K"], 2, "a power of two"),
    ] as [([String], Int32, String)] {
      let result = try await place.holdfast(["backup"] + arguments)
      #expect(result.exitCode == code && result.errors.contains(sentence), "\(arguments): \(result)")
    }
    #expect(place.objects("snapshots").count == 3 && place.objects("locks").isEmpty)
  }

  @Test("A named parent counts, --force has none, --limit-upload holds back, and --sparse leaves holes")
  func parentsAndLimits() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    // Files of the last two seconds before a backup are read again by the next one.
    try await place.shell(
      """
      mkdir source; for i in 1 2 3; do head -c 500000 /dev/urandom >source/$i; done
      head -c 20000000 /dev/zero >source/zeros; echo end >>source/zeros; sleep 2.5
      """)
    let first = try await place.backedUp("source", "--host", "one")
    let other = ["backup", "source", "--host", "two", "-o", "json"]
    let compared = try await place.holdfast(other + ["--parent", String(first.prefix(10))]).lastObject()
    #expect(compared["parent"] as? String == first && compared["files_unmodified"] as? Int == 4, "\(compared)")
    #expect(compared["bytes_read"] as? Int == 0 && compared["files_new"] as? Int == 0, "\(compared)")
    let forced = try await place.holdfast(other + ["--force"]).lastObject()
    #expect(forced["parent"] is NSNull && forced["files_new"] as? Int == 4, "\(forced)")
    #expect(forced["bytes_read"] as? Int == 21_500_004 && forced["data_added"] as? Int == 0, "\(forced)")
    let unknown = try await place.holdfast(other + ["--parent", "none"])
    #expect(unknown.exitCode == 1 && unknown.errors.contains("no snapshot 'none'"), "\(unknown)")

    try await place.shell("head -c 3000000 /dev/urandom >source/4")
    let limited = try await place.holdfast(other + ["--limit-upload", "2M"]).lastObject()
    #expect(limited["data_added"] as? Int ?? 0 > 3_000_000, "\(limited)")
    #expect(limited["total_duration"] as? Double ?? 0 > 1.4, "3 MB at 2 MiB a second: \(limited)")
    let unlimited = try await place.holdfast(other + ["--limit-upload", "0"])
    #expect(unlimited.exitCode == 2 && unlimited.errors.contains("'0' is not a rate"), "\(unlimited)")

    let restored = try await place.holdfast("restore", "latest:source", "--target", "restored", "--sparse")
    #expect(restored.exitCode == 0, "\(restored)")
    let blocks = try await place.shell("diff -r source restored; stat -c %b restored/zeros").dropLast()
    #expect(Int(blocks) ?? .max < 2000, "\(blocks) blocks of 512 bytes for a file of 20 MB of zeros")
  }

  @Test(
    "--one-file-system keeps what is mounted below as an empty folder, as restic does",
    .enabled(if: getuid() == 0, "mounting needs root"))
  func oneFileSystem() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    try await place.shell(
      "mkdir -p source/mounted; echo 1 >source/a; mount -t tmpfs none source/mounted; echo 2 >source/mounted/inside")
    defer { umount2(place.source + "/mounted", Int32(MNT_DETACH)) }
    _ = try await place.backedUp("source", "--one-file-system")
    #expect(try await place.holdfast("ls", "latest").output == "/source\n/source/a\n/source/mounted\n")
    try await place.restic("backup", "source", "--one-file-system")
    let list = try await place.holdfast("snapshots", "-o", "json").output
    let snapshots = try #require(try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [[String: Any]])
    #expect(snapshots.count == 2 && Set(snapshots.compactMap { $0["tree"] as? String }).count == 1, "\(list)")
  }

  @Test("Locks are listed and waited for; unlock removes those of dead processes, and others only when told to")
  func locks() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    // A fifo that nobody writes to: the backup waits for it, with a lock.
    try await place.shell("mkdir source; echo 1 >source/a; mkfifo fifo")
    _ = try await place.backedUp("source")
    #expect(try await place.holdfast("locks").output.hasPrefix("no locks"))
    let holder = try BackgroundProgram(
      "/bin/bash", ["-c", "exec \"$0\" repo backup --stdin <>\"$1\"", holdfastBinary, place.folder.path + "/fifo"],
      environment: place.environment)
    try await eventually("a lock") { place.objects("locks").contains { $0.count == 64 } }
    let id = try #require(place.objects("locks").first)
    func first(_ list: ProgramResult) throws -> [String: Any] {
      let locks = try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]]
      return try #require(locks?.first, "\(list)")
    }
    let alive = try first(try await place.holdfast("locks", "-o", "json"))
    #expect(alive["id"] as? String == id && alive["pid"] as? Int == Int(holder.pid), "\(alive)")
    #expect(alive["stale"] as? Bool == false && alive["exclusive"] as? Bool == false, "\(alive)")
    #expect(try await place.holdfast("unlock").output == "no stale locks; 1 lock of living processes left\n")

    let waiting = try place.start("prune", "--retry-lock", "10m")
    // Begun after it, and refused: so was the other, most likely.
    let refused = try await place.holdfast("prune")
    #expect(refused.exitCode == 11 && refused.errors.contains("is locked by"), "\(refused)")
    #expect(!waiting.hasEnded, "\(waiting.errors)")
    let misspelt = try await place.holdfast("prune", "--retry-lock", "soon")
    #expect(misspelt.exitCode == 2 && misspelt.errors.contains("'soon' is not a length of time"), "\(misspelt)")

    try await place.shell("cp repository/locks/\(id) kept")
    let removed = try await place.holdfast("unlock", "--remove-all", "-o", "json").lastObject()
    #expect(removed["removed"] as? [String] == [id], "\(removed)")
    #expect(try await waiting.end() == 0, "\(waiting.errors)")
    await holder.kill()
    try await place.shell("mv kept repository/locks/\(id)")
    let dead = try first(try await place.holdfast("locks", "-o", "json"))
    #expect(dead["id"] as? String == id && dead["stale"] as? Bool == true, "\(dead)")
    #expect(try await place.holdfast("unlock").output == "1 lock removed\n")
    #expect(place.objects("locks").isEmpty && place.objects("snapshots").count == 1)
  }

  @Test("The memory that a backup takes is less than what it backs up")
  func memory() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    try await place.shell("head -c 160M /dev/urandom >noise")
    let peak = try await runProgram(
      "python3",
      [
        "-c",
        """
        import resource, subprocess, sys
        subprocess.run(sys.argv[1:], check=True)
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        """, holdfastBinary, "repo", "backup", "noise", "-q", "--read-concurrency", "4",
      ], environment: place.environment, directory: place.folder)
    let kibibytes = try #require(Int(peak.output.trimmingCharacters(in: .newlines)), "\(peak)")
    #expect(kibibytes < 160 << 10, "\(kibibytes) KiB")
  }
}
