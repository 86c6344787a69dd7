import Foundation
import TestSupport
import Testing

/// What commands write to standard output, and to files that are to be replaced.
extension RepositoryCommandTests {
  @Test(
    "A full disk behind standard output fails the command, a reader that has gone away does not",
    arguments: [
      "repo cat config", "repo snapshots", "repo ls latest", "repo dump latest source/a", "schema", "--version",
    ])
  func fullOutput(line: String) async throws {
    let place = try RepositoryPlace()
    try await place.shell("mkdir source; echo 1 >source/a")
    _ = try await place.holdfast("init")
    _ = try await place.holdfast("backup", "source")
    let full = try await place.shell("\(holdfastBinary) \(line) 2>&1 >/dev/full || echo \"code $?\"")
    #expect(full.contains("No space left on device") && full.hasSuffix("\ncode 1\n"), "\(full)")
    #expect(full.split(separator: "\n").count == 2, "\(full)")
    guard line.hasPrefix("repo"), !line.contains("dump") else { return }
    #expect(try await place.shell("exec 3> >(true); sleep 0.2; \(holdfastBinary) \(line) >&3 2>&1; echo ok") == "ok\n")
  }

  @Test("Programs are told how far a backup is, how fast it goes and how long the rest will take")
  func statusLines() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    try await place.shell("mkdir source; for i in {1..40}; do head -c 262144 /dev/urandom >source/$i; done")
    let result = try await place.holdfast("backup", "source", "--limit-read", "2M", "-o", "json")
    let lines = try result.objects().filter { $0["message_type"] as? String == "status" }
    let told = lines.filter { $0["bytes_per_second"] as? Int ?? 0 > 0 && $0["seconds_remaining"] as? Int ?? 0 > 0 }
    let line = try #require(told.first, "\(result)")
    #expect(line["total_bytes"] as? Int == 40 << 18 && line["total_files"] as? Int == 40, "\(line)")
    #expect(line["current_files"] is [String] && line["seconds_elapsed"] as? Int ?? 0 > 0, "\(line)")
  }

  @Test("A dumped folder unpacks to what it was, a dumped file is the file")
  func dump() async throws {
    let place = try RepositoryPlace()
    try await place.makeSource()
    _ = try await place.holdfast("init")
    _ = try await place.holdfast("backup", "source")
    let file = try await place.holdfast("dump", "latest", "source/a.txt")
    #expect(file.output == "hello" && file.exitCode == 0)
    let result = try await place.holdfast("dump", "latest:source", "/", "--target", "archive.tar")
    #expect(result.exitCode == 0 && result.output.isEmpty && result.errors.isEmpty, "\(result)")
    try await place.shell("mkdir out; tar -xf archive.tar -C out --xattrs --xattrs-include='*' --numeric-owner -p")
    #expect(try await place.facts(place.folder.path + "/out/source") == place.facts(place.source))
  }

  @Test("A dump takes the place of a file only when it is whole; what is no file is written as it is")
  func dumpTarget() async throws {
    let place = try RepositoryPlace()
    try await place.shell("mkdir source; head -c 3000000 /dev/urandom >source/a")
    try await place.shell("echo mine >file; chmod 640 file; ln -s file link")
    _ = try await place.holdfast("init")
    _ = try await place.holdfast("backup", "source")
    for (path, code) in [("/source/none", 1), ("/source/a", 12)] as [(String, Int32)] {
      let result = try await place.holdfast(
        "dump", "latest", path, "--target", "file", with: code == 12 ? ["RESTIC_PASSWORD": "wrong"] : [:])
      #expect(result.exitCode == code, "\(result)")
      #expect(try await place.shell("cat file; ls -d file*") == "mine\nfile\n")
    }
    let whole = try await place.holdfast("dump", "latest", "/source/a", "--target", "link")
    #expect(whole.exitCode == 0, "\(whole)")
    let judged = try await place.shell("cmp file source/a; stat -c '%a %F' file link; ls -d file*")
    #expect(judged == "640 regular file\n777 symbolic link\nfile\n")
    let piped = try await place.shell(
      #"""
      mkfifo pipe; cat pipe >piped & \#(holdfastBinary) repo dump latest /source/a -t pipe; wait; cmp piped source/a
      echo first >log; \#(holdfastBinary) repo dump latest /source/a -t /dev/stdout >>log; tail -c +7 log | cmp - source/a
      { \#(holdfastBinary) repo dump latest /source/a -t /dev/fd/1; echo last; } >log; cat source/a <(echo last) | cmp - log
      shared=$(mktemp -u /dev/shm/holdfast-test-XXXXXX)
      for turn in 1 2; do \#(holdfastBinary) repo dump latest /source/a -t $shared; cmp $shared source/a; done; rm $shared
      ln -s nowhere dangling; \#(holdfastBinary) repo dump latest /source/a -t dangling 2>&1 || echo "code $?"
      for target in /dev/full none/file; do \#(holdfastBinary) repo dump latest /source/a -t $target 2>&1 || echo "code $?"; done
      """#)
    #expect(piped.contains("No space left on device\ncode 1\n"), "\(piped)")
    #expect(piped.contains("dangling is a link that leads nowhere: name the file itself\ncode 1\n"), "\(piped)")
    #expect(piped.contains("none/file can't be written: no file can be made beside it"), "\(piped)")

    try await place.shell(
      "chmod u+w repository/data/*/*; for pack in repository/data/*/*; do truncate -s -200000 $pack || rm $pack; done")
    // An archive with holes is an error only in the end.
    for path in ["/source/a", "/source"] {
      let damaged = try await place.holdfast("dump", "latest", path, "--target", "file")
      #expect(damaged.exitCode == 1, "\(damaged)")
    }
    #expect(try await place.shell("cmp file source/a; ls -d file*") == "file\n")
  }
}
