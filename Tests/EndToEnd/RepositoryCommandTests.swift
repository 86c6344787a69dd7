import Foundation
import Glibc
import TestSupport
import Testing

/// `holdfast repo` as people and scripts use it, with the real restic as the judge.
@Suite("Repository commands")
struct RepositoryCommandTests {
  @Test(
    "What we back up, restic checks and restores as it was, and its own backup adds nothing",
    arguments: [TestTools.debianRestic, TestTools.newRestic])
  func ourBackup(tool: TestTools.Tool) async throws {
    guard let restic = tool.pathOrSkip else { return }
    let place = try RepositoryPlace()
    try await place.makeSource()
    #expect(try await place.holdfast("init").exitCode == 0)
    let result = try await place.holdfast("backup", "source", "--tag", "nightly,first", "--host", "vault")
    #expect(result.exitCode == 0 && result.errors.isEmpty, "\(result)")
    #expect(result.output.contains("saved; it has no parent"))

    try await place.restic("check", "--read-data", program: restic)
    try await place.restic("restore", "latest", "--target", place.folder.path + "/restored", program: restic)
    #expect(try await place.facts(place.folder.path + "/restored/source") == place.facts(place.source))
    let theirs = try await place.restic(
      "backup", "--json", "--host", "vault", "source", program: restic
    ).lastObject()
    #expect(theirs["data_added"] as? Int == 0 && theirs["files_new"] as? Int == 0, "\(theirs)")
  }

  @Test("What restic backs up, we list, restore and go on from")
  func theirBackup() async throws {
    let place = try RepositoryPlace()
    try await place.makeSource()
    // Files of the last two seconds before a backup are read again by the next one.
    try await place.shell("sleep 2.5")
    try await place.restic("init")
    try await place.restic("backup", "source", "--tag", "theirs")

    let list = try await place.holdfast("snapshots", "-o", "json")
    let snapshots = try #require(try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]])
    #expect(snapshots.count == 1 && snapshots[0]["tags"] as? [String] == ["theirs"])
    #expect(snapshots[0]["paths"] as? [String] == [place.source] && snapshots[0]["short_id"] is String)
    let names = try await place.holdfast("ls", "latest:source")
    #expect(names.output.contains("/source/a.txt\n") && names.output.contains("/source/link\n"))

    let target = place.folder.path + "/restored"
    let restored = try await place.holdfast("restore", "latest:source", "--target", target, "--verify")
    #expect(restored.exitCode == 0 && restored.errors.isEmpty, "\(restored)")
    #expect(try await place.facts(target) == place.facts(place.source))

    let ours = try await place.holdfast("backup", "source", "-o", "json").lastObject()
    #expect(ours["message_type"] as? String == "summary" && ours["data_added"] as? Int == 0)
    #expect(ours["files_unmodified"] as? Int ?? 0 > 5 && ours["files_new"] as? Int == 0)
    try await place.restic("check", "--read-data")
  }

  @Test("Mistakes have restic's exit codes and one sentence, and no secret is in it")
  func mistakes() async throws {
    let place = try RepositoryPlace()
    let none = try await place.holdfast("snapshots")
    #expect(none.exitCode == 10 && none.errors.contains("there is no repository at \(place.repository)"), "\(none)")
    _ = try await place.holdfast("init")
    let again = try await place.holdfast("init")
    #expect(again.exitCode == 1 && again.errors.contains("holds a repository already"), "\(again)")
    let wrong = try await place.holdfast("snapshots", with: ["RESTIC_PASSWORD": "battery staple"])
    #expect(wrong.exitCode == 12 && wrong.errors.contains("password does not open"), "\(wrong)")
    #expect(!wrong.errors.contains("staple") && wrong.errors.split(separator: "\n").count == 1)
    let unnamed = try await place.holdfast("snapshots", with: ["RESTIC_REPOSITORY": ""])
    #expect(unnamed.exitCode == 2 && unnamed.errors.contains("no repository is named"), "\(unnamed)")
    let unknown = try await place.holdfast("restore", "abcd", "--target", place.folder.path + "/t")
    #expect(unknown.exitCode == 1 && unknown.errors.contains("no snapshot 'abcd'"), "\(unknown)")
    let nothing = try await place.holdfast("backup")
    #expect(nothing.exitCode == 2 && nothing.errors.contains("nothing to back up"), "\(nothing)")
    let missing = try await place.holdfast("backup", place.folder.path + "/nowhere")
    #expect(missing.exitCode == 1 && missing.errors.contains("nowhere"), "\(missing)")
    let silent = try await place.holdfast(
      "snapshots", with: ["RESTIC_PASSWORD": "", "RESTIC_PASSWORD_COMMAND": "echo hush >&2; exit 3"])
    #expect(silent.exitCode == 1 && silent.errors.contains("failed with exit code 3"), "\(silent)")
    #expect(place.objects("locks").isEmpty)
  }

  @Test("A path that text can't hold is refused, and no other one is read or made for it")
  func pathsThatAreNoText() async throws {
    let place = try RepositoryPlace()
    try await place.makeSource()
    _ = try await place.holdfast("init")
    _ = try await place.holdfast("backup", "source")
    let errors = try await place.shell(
      #"""
      mkdir $'d\xff' d�
      for line in $'backup d\xff' $'restore latest --target t\xff'; do
        \#(holdfastBinary) repo $line 2>&1 || echo "exit code $?"
      done
      """#)
    #expect(errors.contains("'d�' is not UTF-8") && errors.contains("'t�' is not UTF-8"), "\(errors)")
    #expect(errors.components(separatedBy: "exit code 2").count == 3, "\(errors)")
    #expect(try await place.shell("ls -d t* | wc -l") == "0\n")
    #expect(place.objects("snapshots").count == 1)
    // One that is really called so can be named.
    #expect(try await place.holdfast("backup", place.folder.path + "/d�").exitCode == 0)
  }

  @Test(
    "The password comes from a file, a command or a variable; the command line counts first, then ours, then restic's")
  func passwords() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    try await place.shell(#"printf ' correct horse \n\n' >good; echo wrong >bad"#)
    let (good, bad) = (place.folder.path + "/good", place.folder.path + "/bad")
    let cases: [([String], [String: String], Int32)] = [
      (["--password-file", good], ["RESTIC_PASSWORD": "wrong"], 0),
      (["--password-file", bad], [:], 12),
      (["--password-command", "printf 'correct horse'"], ["RESTIC_PASSWORD": "wrong"], 0),
      ([], ["HOLDFAST_PASSWORD": "wrong"], 12),
      ([], ["HOLDFAST_PASSWORD": RepositoryPlace.password, "RESTIC_PASSWORD_FILE": bad], 0),
      ([], ["HOLDFAST_PASSWORD_FILE": good, "RESTIC_PASSWORD_COMMAND": "echo wrong"], 0),
      (["--password-file", good, "--password-command", "echo x"], [:], 2),
      ([], ["RESTIC_PASSWORD": "", "RESTIC_PASSWORD_FILE": good], 0),
    ]
    for (arguments, variables, code) in cases {
      let result = try await runProgram(
        holdfastBinary, ["repo", "snapshots"] + arguments,
        environment: place.environment.merging(variables) { $1 })
      #expect(result.exitCode == code, "\(arguments) \(variables): \(result)")
    }
  }

  @Test("Keys are added, changed and removed, as restic sees it, too")
  func keys() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    try await place.shell("echo second >second; echo third >third")
    #expect(try await place.holdfast("key", "add", "--new-password-file", "second").exitCode == 0)
    try await place.shell("echo x >repository/keys/$(printf %064d 0)")
    let left = try await place.holdfast("key", "list", "-p", "second", "-o", "name")
    #expect(left.exitCode == 0 && left.errors.contains("note: the key 00000000 is left out"), "\(left)")
    #expect(left.output.split(separator: "\n").count == 2, "\(left)")
    #expect(try await place.holdfast("key", "list", "-p", "third").exitCode == 12)
    try await place.shell("rm repository/keys/$(printf %064d 0)")
    #expect(
      try await runProgram(
        "restic", ["cat", "config", "-p", "second"], environment: place.environment, directory: place.folder
      ).exitCode == 0)
    #expect(try await place.holdfast("key", "passwd", "-p", "second", "--new-password-file", "third").exitCode == 0)
    #expect(try await place.holdfast("snapshots", "-p", "second").exitCode == 12)
    let list = try await place.holdfast("key", "list", "-p", "third", "-o", "json").output
    let keys = try #require(try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [[String: Any]])
    let own = try #require(keys.first { $0["current"] as? Bool == true }?["id"] as? String)
    let refused = try await place.holdfast("key", "remove", String(own.prefix(8)), "-p", "third")
    #expect(refused.exitCode == 1 && refused.errors.contains("the one in use"), "\(refused)")
    let other = try #require(keys.first { $0["current"] as? Bool == false }?["id"] as? String)
    #expect(try await place.holdfast("key", "remove", String(other.prefix(8)), "-p", "third").exitCode == 0)
    #expect(try await place.holdfast("snapshots").exitCode == 12)
  }

  @Test("A file that can't be read is named, the rest is saved, and the exit code is 3")
  func unreadable() async throws {
    let place = try RepositoryPlace()
    try await place.makeSource()
    _ = try await place.holdfast("init")
    try await place.shell(
      "printf secret >source/closed; chmod 0 source/closed; cp '\(holdfastBinary)' holdfast; chmod -R o+rX . ; chmod 0 source/closed; chmod -R o+rwX repository; mkdir -m 777 cache"
    )
    guard getuid() == 0 else { return }
    let result = try await runProgram(
      "/usr/bin/setpriv",
      [
        "--reuid", "65534", "--regid", "65534", "--clear-groups", place.folder.path + "/holdfast", "repo", "backup",
        "source",
      ],
      environment: place.environment, directory: place.folder)
    #expect(result.exitCode == 3, "\(result)")
    #expect(result.errors.contains("source/closed") && result.errors.contains("is incomplete"), "\(result)")
    #expect(result.output.contains("snapshot "))
    try await place.restic("check", "--read-data")
  }

  @Test("Files of patterns exclude what restic excludes by them, and a variable that is not set is told of")
  func patternFiles() async throws {
    let place = try RepositoryPlace()
    try await place.shell(
      #"""
      mkdir -p source/{kept,gone}; touch source/{kept,gone}/{a.tmp,b}
      printf '\xef\xbb\xbf*.tmp\n$PLACE/gone\n$NONE\n' >list
      """#)
    _ = try await place.holdfast("init")
    let variables = ["PLACE": place.source]
    let ours = try await place.holdfast("backup", "source", "--exclude-file", "list", with: variables)
    #expect(ours.exitCode == 0 && ours.errors.contains("'NONE', which is not set"), "\(ours)")
    #expect(ours.errors.split(separator: "\n").count == 1, "\(ours)")
    let theirs = try await runProgram(
      "restic", ["backup", "source", "--exclude-file", "list"],
      environment: place.environment.merging(variables) { $1 }, directory: place.folder)
    #expect(theirs.exitCode == 0, "\(theirs)")
    let trees = try await place.holdfast("snapshots", "-o", "json").output
    let snapshots = try #require(try JSONSerialization.jsonObject(with: Data(trees.utf8)) as? [[String: Any]])
    #expect(Set(snapshots.compactMap { $0["tree"] as? String }).count == 1)
    let names = try await place.holdfast("ls", "latest").output
    #expect(names.contains("/source/kept/b\n") && !names.contains("a.tmp") && !names.contains("gone"), "\(names)")

    // Without a pattern everything would be restored, and all else deleted.
    try await place.shell("mkdir target; touch target/mine; printf '# nothing\n$NONE\n' >includes")
    let nothing = try await place.holdfast(
      "restore", "latest", "--target", "target", "--include-file", "includes", "--delete")
    #expect(nothing.exitCode == 2 && nothing.errors.contains("names nothing to restore"), "\(nothing)")
    #expect(try await place.shell("ls target") == "mine\n")

    // A misspelt one does not look like one of something empty.
    let partly = try await place.holdfast(
      "restore", "latest", "--target", "target", "-i", "b", "-i", "/sauce", "--iinclude", "*.TMP")
    #expect(partly.exitCode == 0, "\(partly)")
    let notes = ["/sauce", "*.TMP"].map { "note: nothing in the snapshot fits the pattern '\($0)'\n" }
    #expect(partly.errors == notes.joined())
  }

  @Test("An exclude that fits a named source gets a note; what is in '.' is left out as restic does it")
  func excludedSources() async throws {
    let place = try RepositoryPlace()
    try await place.shell("mkdir -p source/{a,b}; touch source/{a,b}/in source/x.tmp source/y")
    _ = try await place.holdfast("init")
    let told = try await place.shell(
      #"""
      cd source
      for program in '\#(holdfastBinary) repo' restic; do $program backup . -e a -e '*.tmp' 2>&1 >/dev/null; done
      \#(holdfastBinary) repo backup y x.tmp -e '*.tmp' 2>&1 >/dev/null
      """#)
    #expect(told.hasPrefix("note: an exclude fits 'x.tmp': it is stored") && told.split(separator: "\n").count == 1)
    let list = try await place.holdfast("snapshots", "-o", "json").output
    let trees = try #require(try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [[String: Any]])
      .compactMap { $0["tree"] as? String }
    #expect(trees.count == 3 && trees[0] == trees[1])
    #expect(try await place.holdfast("ls", "latest").output == "/x.tmp\n/y\n")
  }

  @Test(
    "A signal ends a backup with its lock removed, a sentence and a code of its own",
    arguments: [(SIGINT, 130, "interrupted"), (SIGTERM, 143, "ended by a signal")] as [(Int32, Int32, String)])
  func signals(number: Int32, code: Int32, sentence: String) async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    // A fifo that nobody writes to: the backup waits for it.
    try await place.shell("mkfifo fifo")
    let program = try BackgroundProgram(
      "/bin/bash", ["-c", "exec \"$0\" repo backup --stdin <>\"$1\"", holdfastBinary, place.folder.path + "/fifo"],
      environment: place.environment)
    try await eventually("a lock") { !place.objects("locks").isEmpty }
    try await Task.sleep(for: .milliseconds(500))
    let blocked = try await place.holdfast("forget", "--keep-last", "1")
    #expect(blocked.exitCode == 11 && blocked.errors.contains("is locked by"), "\(blocked)")
    program.signal(number)
    #expect(try await program.end() == code)
    #expect(program.errors.contains(sentence) && program.errors.contains("no snapshot was made"), "\(program.errors)")
    #expect(place.objects("locks").isEmpty && place.objects("snapshots").isEmpty)
  }

  @Test("-q silences what people read, not what programs asked for")
  func quiet() async throws {
    let place = try RepositoryPlace()
    try await place.shell("mkdir source; echo 1 >source/a")
    let made = try await place.holdfast("init", "-q", "-o", "name").output
    #expect(made.count == 65)
    let saved = try await place.holdfast("backup", "source", "-q", "-o", "name").output
    #expect([saved.trimmingCharacters(in: .newlines)] == place.objects("snapshots"))
    let target = place.folder.path + "/t"
    #expect(try await place.holdfast("restore", "latest", "-t", target, "-q", "-o", "name").output == target + "\n")
    #expect(try await place.holdfast("check", "-q", "-o", "yaml").output.contains("num_errors: 0\n"))
    for line in ["backup source -q", "check -q", "prune -q", "forget -l 1 -q"] {
      let result = try await place.holdfast(line.split(separator: " ").map(String.init))
      #expect(result.exitCode == 0 && result.output.isEmpty, "\(line): \(result)")
    }
  }

  @Test("Rules remove snapshots, and say why the others stay")
  func forget() async throws {
    let place = try RepositoryPlace()
    try await place.shell("mkdir source; echo 1 >source/a")
    _ = try await place.holdfast("init")
    for day in 1...4 {
      _ = try await place.holdfast("backup", place.source, "--time", "2026-01-0\(day) 12:00:00")
    }
    let plan = try await place.holdfast("forget", "--keep-last", "1", "--keep-daily", "2", "--dry-run")
    #expect(plan.output.contains("2 snapshots would be removed, 2 kept"), "\(plan)")
    #expect(plan.output.contains("last snapshot, daily snapshot") && place.objects("snapshots").count == 4)
    let done = try await place.holdfast("forget", "--keep-last", "1", "--keep-daily", "2", "-o", "json")
    let groups = try #require(try JSONSerialization.jsonObject(with: Data(done.output.utf8)) as? [[String: Any]])
    #expect((groups[0]["keep"] as? [Any])?.count == 2 && (groups[0]["remove"] as? [Any])?.count == 2)
    #expect(place.objects("snapshots").count == 2)
    let careless = try await place.holdfast("forget")
    #expect(careless.exitCode == 2 && place.objects("snapshots").count == 2)
    let all = try await place.holdfast("forget", "--unsafe-allow-remove-all")
    #expect(all.exitCode == 2 && all.errors.contains("--host, --tag or --path"), "\(all)")
    let keepingNone = try await place.holdfast("forget", "--keep-tag", "none", "--unsafe-allow-remove-all")
    #expect(keepingNone.exitCode == 1 && keepingNone.errors.contains("would leave no snapshot"), "\(keepingNone)")
    #expect(place.objects("snapshots").count == 2)
    try await place.restic("check")
    let chosen = try await place.holdfast("forget", "--unsafe-allow-remove-all", "--path", place.source)
    #expect(chosen.exitCode == 0 && place.objects("snapshots").isEmpty, "\(chosen)")
  }

  @Test("A forget that breaks off says what it has removed")
  func brokenForget() async throws {
    guard getuid() == 0 else { return print("skipped: only root may mount") }
    let place = try RepositoryPlace()
    try await place.shell("mkdir source; echo 1 >source/a")
    _ = try await place.holdfast("init")
    for day in 1...4 {
      _ = try await place.holdfast("backup", place.source, "--time", "2026-01-0\(day) 12:00:00")
    }
    let plan = try await place.holdfast("forget", "--keep-last", "1", "--dry-run", "-o", "name")
    let ids = plan.output.split(separator: "\n").map(String.init)
    try #require(ids.count == 3)
    // What is mounted can't be removed, not even by root.
    let second = "repository/snapshots/\(ids[1])"
    try await place.shell("mount --bind \(second) \(second)")
    let broken = try await place.holdfast("forget", "--keep-last", "1")
    try await place.shell("umount \(second)")
    #expect(broken.exitCode == 1 && broken.output.isEmpty, "\(broken)")
    #expect(broken.errors.contains("1 of 3 snapshots were removed (\(ids[0].prefix(8))); then:"), "\(broken)")
    #expect(Set(place.objects("snapshots")).isSuperset(of: ids[1...]) && place.objects("snapshots").count == 3)
    #expect(place.objects("locks").isEmpty)
  }

  @Test("Prune frees what forgotten snapshots needed, and restic finds nothing wrong")
  func prune() async throws {
    let place = try RepositoryPlace()
    try await place.shell("mkdir source; head -c 3000000 /dev/urandom >source/old")
    _ = try await place.holdfast("init")
    _ = try await place.holdfast("backup", place.source)
    try await place.shell("rm source/old; echo new >source/new")
    _ = try await place.holdfast("backup", place.source)
    let dry = try await place.holdfast("prune", "--dry-run")
    #expect(dry.exitCode == 0 && dry.output.contains("would free 0 B"), "\(dry)")
    let result = try await place.holdfast("forget", "--keep-last", "1", "--prune")
    #expect(result.exitCode == 0 && result.output.contains("freed 2."), "\(result)")
    #expect(!result.output.contains("holdfast repo prune"))
    try await place.restic("check", "--read-data")
    let check = try await place.holdfast("check", "--read-data", "-o", "json").lastObject()
    #expect(check["num_errors"] as? Int == 0 && check["snapshots"] as? Int == 1)
    #expect(check["packs_read"] as? Int ?? 0 > 0)
  }

  @Test("What was forgotten is told of although the prune that follows fails; one that succeeds is told of to programs")
  func forgetAndPrune() async throws {
    let place = try RepositoryPlace()
    try await place.shell("mkdir source; head -c 3000000 /dev/urandom >source/old")
    _ = try await place.holdfast("init")
    for _ in 1...3 {
      _ = try await place.holdfast("backup", place.source)
      try await place.shell("head -c 100000 /dev/urandom >>source/old")
    }
    let result = try await place.holdfast("forget", "--keep-last", "2", "--prune", "-o", "json")
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(result.exitCode == 0 && lines.first?.hasPrefix("[{") == true, "\(result)")
    let summary = try result.lastObject()
    #expect(summary["message_type"] as? String == "summary" && summary["packs_kept"] is Int, "\(result)")

    try await place.shell("rm -f repository/data/*/*")
    let failed = try await place.holdfast("forget", "--keep-last", "1", "--prune")
    #expect(failed.exitCode == 1 && failed.errors.contains("1 snapshot was removed; prune failed: "), "\(failed)")
    #expect(failed.output.contains("1 snapshot removed, 1 kept"), "\(failed)")
    #expect(!failed.errors.contains("nothing was removed") && place.objects("snapshots").count == 1)
  }

  @Test("Prune removes everything only when that is what was asked for")
  func pruneAll() async throws {
    let place = try RepositoryPlace()
    try await place.makeSource()
    _ = try await place.holdfast("init")
    _ = try await place.holdfast("backup", place.source)
    _ = try await place.holdfast("forget", "latest")
    #expect(place.objects("snapshots").isEmpty)
    let refused = try await place.holdfast("prune")
    #expect(refused.exitCode != 0 && refused.errors.contains("--allow-empty"), "\(refused)")
    #expect(!place.objects("index").isEmpty)
    let asked = try await place.holdfast("prune", "--allow-empty")
    #expect(asked.exitCode == 0 && place.objects("index").isEmpty, "\(asked)")
    _ = try await place.holdfast("backup", place.source)
    let last = try await place.holdfast("forget", "latest", "--prune")
    #expect(last.exitCode == 0 && place.objects("index").isEmpty, "\(last)")
    try await place.restic("check")
  }

  @Test("Check names damage, with exit code 1; a lost index is made anew")
  func damage() async throws {
    let place = try RepositoryPlace()
    try await place.makeSource()
    _ = try await place.holdfast("init")
    _ = try await place.holdfast("backup", place.source)
    try await place.shell("rm repository/index/*")
    let lost = try await place.holdfast("check")
    #expect(lost.exitCode == 1 && lost.errors.contains("the repository is damaged"), "\(lost)")
    let repaired = try await place.holdfast("repair", "index")
    #expect(repaired.exitCode == 0, "\(repaired)")
    #expect(try await place.holdfast("check", "--read-data").exitCode == 0)
    try await place.restic("check", "--read-data")

    try await place.shell(
      #"""
      pack=$(find repository/data -type f -size +1M | head -n 1); chmod u+w "$pack"
      printf 'by no chance the same' | dd of="$pack" bs=1 seek=5000 conv=notrunc status=none
      """#)
    let flipped = try await place.holdfast("check", "--read-data")
    #expect(flipped.exitCode == 1 && flipped.errors.contains("error:"), "\(flipped)")
    let summary = try await place.holdfast("check", "--read-data", "-o", "json").lastObject()
    #expect(summary["num_errors"] as? Int ?? 0 > 0)
  }

  @Test("What a program writes is backed up only if it succeeds")
  func stdinFromCommand() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    func backUp(_ script: String, _ options: String...) async throws -> ProgramResult {
      try await place.holdfast(
        ["backup", "--stdin-from-command", "--stdin-filename", "numbers"] + options + ["--", "sh", "-c", script])
    }
    let good = try await backUp("seq 400000; echo careful >&2")
    #expect(good.exitCode == 0 && good.errors == "sh: careful\n", "\(good)")
    try await place.shell("\(holdfastBinary) repo dump latest /numbers | cmp - <(seq 400000)")
    for (script, reason) in [
      ("seq 400000; exit 3", "sh failed with exit code 3, so no snapshot was made"),
      ("exit 4", "sh failed with exit code 4"), ("seq 9; kill -9 $$", "sh was ended by signal 9"),
    ] {
      let bad = try await backUp(script)
      #expect(bad.exitCode == 1 && bad.errors.contains(reason) && bad.output.isEmpty, "\(bad)")
    }
    let missing = try await place.holdfast("backup", "--stdin-from-command", "/nowhere/dump")
    #expect(missing.exitCode == 1 && missing.errors.contains("no program '/nowhere/dump'"), "\(missing)")
    for line in ["backup --stdin-from-command", "backup --stdin-from-command --stdin true"] {
      #expect(try await place.holdfast(line.split(separator: " ").map(String.init)).exitCode == 2)
    }
    #expect(place.objects("snapshots").count == 1 && place.objects("locks").isEmpty)
    // A backup that fails ends the program.
    try await place.shell("mv repository/data kept; echo >repository/data")
    let broken = try await backUp("trap 'echo ended >end; exit' TERM; while :; do head -c 1000000 /dev/urandom; done")
    #expect(broken.exitCode == 1 && !broken.errors.contains("signal"), "\(broken)")
    #expect(try await place.shell("cat end") == "ended\n")
  }

  @Test("A cancelled backup of what a program writes ends the program, and makes no snapshot")
  func cancelledStdinFromCommand() async throws {
    let place = try RepositoryPlace()
    _ = try await place.holdfast("init")
    // A snapshot that was made and removed again would show.
    let before = try await place.shell("stat -c %y repository/snapshots")
    let script = "seq 400000; echo $$ >'\(place.folder.path)/pid'; exec sleep 1000"
    let backup = try place.start("backup", "--stdin-from-command", "--", "sh", "-c", script)
    try await eventually("the program") { try await place.shell("cat pid 2>/dev/null || true").hasSuffix("\n") }
    backup.signal(SIGINT)
    let code = try await backup.end()
    #expect(code == 130 && backup.errors.contains("interrupted; no snapshot was made"), "\(code) \(backup.errors)")
    #expect(try await place.shell("kill -0 $(cat pid) 2>/dev/null || echo gone") == "gone\n")
    #expect(try await place.shell("stat -c %y repository/snapshots") == before)
    #expect(place.objects("snapshots").isEmpty && place.objects("locks").isEmpty)
  }

  @Test("A terminal is asked for the password, which it does not show, and sees how far it is")
  func terminal() async throws {
    guard let tmux = TerminalWindow.tmux else { return print("skipped: no tmux") }
    let place = try RepositoryPlace()
    try await place.shell(
      "mkdir source; for i in $(seq 60); do head -c 3000000 /dev/urandom >source/$i; done; ln -s '\(holdfastBinary)' holdfast"
    )
    var environment = place.environment
    environment["RESTIC_PASSWORD"] = nil
    environment["PATH"] = place.folder.path + ":/usr/bin:/bin"
    let window = try await TerminalWindow(
      tmux, columns: 70, rows: 15, directory: place.folder.path, environment: environment)
    var count = window.count
    try await window.enter("holdfast repo init")
    try await window.wait(for: "password for the new repository")
    try await window.answer("open sesame")
    try await window.wait(for: "the same again:")
    try await window.answer("open sesame")
    let made = try await window.end(after: count, of: "init")
    #expect(made.exitCode == 0 && made.screen.contains("made at") && !made.screen.contains("sesame"), "\(made.screen)")

    count = window.count
    try await window.enter("holdfast repo backup source --limit-read 20M")
    try await window.wait(for: "password of the repository")
    try await window.answer("open sesame")
    let picture = try await window.wait(for: "MiB of") { $0.contains("  ./source") }
    #expect(!picture.contains("sesame"), "\(picture)")
    try await window.interrupt()
    let end = try await window.end(after: count, of: "backup")
    #expect(end.exitCode == 130 && end.screen.contains("holdfast: interrupted; no snapshot was made"), "\(end.screen)")
    #expect(!end.screen.contains("MiB/s"), "the picture is gone: \(end.screen)")
    #expect(place.objects("locks").isEmpty)

    // A password command asks there, too.
    count = window.count
    try await place.shell(#"printf 'printf "phrase? " >&2; read -r word </dev/tty; echo "open $word"\n' >ask"#)
    try await window.enter("holdfast repo snapshots --password-command 'sh ask'")
    try await window.wait(for: "phrase?")
    try await window.answer("sesame")
    let list = try await window.end(after: count, of: "snapshots")
    #expect(list.exitCode == 0 && list.screen.contains("no snapshots"), "\(list.screen)")
    await window.close()
  }
}
