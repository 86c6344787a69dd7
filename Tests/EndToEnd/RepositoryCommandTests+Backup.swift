import Foundation
import TestSupport
import Testing

/// What `holdfast repo backup` reads, and how it behaves beside others.
extension RepositoryCommandTests {
  @Test("A list of paths or patterns with a line that text can't hold is refused, and nothing else is read for it")
  func listsThatAreNoText() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    try await place.shell(
      #"""
      mkdir $'d\xff' d� plain; printf 'plain\nd\xff\n' >paths; printf '# \xe4\n*.\xff\n' >patterns
      printf '# \xe4\n*.o\n' >remarks
      """#)
    let paths = try await place.holdfast("backup", "--files-from-verbatim", place.folder.path + "/paths")
    #expect(paths.exitCode == 2 && paths.errors.contains(#"'d\xff' in the list of paths"#), "\(paths)")
    for option in ["--exclude-file", "--iexclude-file"] {
      let patterns = try await place.holdfast("backup", "plain", option, place.folder.path + "/patterns")
      #expect(patterns.exitCode == 2 && patterns.errors.contains(#"'*.\xff' in the file of patterns"#), "\(patterns)")
    }
    #expect(place.objects("snapshots").isEmpty)
    let good = try await place.holdfast("backup", "plain", "--exclude-file", place.folder.path + "/remarks")
    #expect(good.exitCode == 0 && place.objects("snapshots").count == 1, "\(good)")
  }

  @Test("--nice and --io-class are for every thread that works, and for the program whose output is read")
  func priorities() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    // The program waits for a pipe, and the backup for the program, with all its threads.
    let found = try await place.shell(
      #"""
      mkfifo hold; exec 3<>hold
      \#(holdfastBinary) repo backup --nice 11 --io-class idle --stdin-from-command -- /bin/sh -c 'nice; read line <hold' \
        >report 2>&1 3>&- &
      backup=$!
      for attempt in $(seq 1200); do
        [ -z "$(ls repository/locks)" ] || break
        sleep 0.05
      done
      cat /proc/$backup/task/*/stat 2>/dev/null | grep '(blocking-' | cut -d' ' -f19 | sort -u | sed 's/^/nice /'
      ionice -p $backup
      echo go >&3
      wait $backup || cat report
      \#(holdfastBinary) repo dump latest /stdin
      """#)
    let lines = found.split(separator: "\n").map(String.init)
    #expect(lines.first == "nice 11" && lines.contains("idle") && lines.last == "11", "\(found)")
    #expect(lines.filter { $0.hasPrefix("nice ") }.count == 1, "\(found)")
  }

  @Test(
    "Many workers get by with few open files, however many large ones there are, and take more where they may",
    arguments: ["-n 256", "-S -n 48"])
  func fewOpenFiles(limit: String) async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    // Longer than a segment, and without data.
    try await place.shell(
      #"""
      mkdir source; for number in $(seq 600); do echo source/$number; done | xargs truncate -s 33M
      ulimit \#(limit); \#(holdfastBinary) repo backup --read-concurrency 16 source
      """#)
    #expect(place.objects("snapshots").count == 1)
  }

  @Test("A repository of version 1 gets a backup that restic reads, and the note that nothing is compressed")
  func versionOne() async throws {
    let place = try RepositoryPlace()
    try await place.makeSource()
    try await place.restic("init", "--repository-version", "1")
    let result = try await place.holdfast("backup", "source")
    #expect(result.exitCode == 0 && result.errors.contains("is of version 1"), "\(result)")
    let silent = try await place.holdfast("backup", "source", "--compression", "off")
    #expect(silent.exitCode == 0 && silent.errors.isEmpty, "\(silent)")
    try await place.restic("check", "--read-data")
    try await place.restic("restore", "latest", "--target", place.folder.path + "/restored")
    #expect(try await place.facts(place.folder.path + "/restored/source") == place.facts(place.source))
  }
}
