import Backup
import CommandSyntax
import Maintenance
import ResticFormat
import ResticRepository
import Testing

@testable import holdfast

@Suite("Options of repository commands")
struct RepositoryOptionTests {
  func arguments(_ line: String, _ environment: [String: String] = [:]) throws -> ParsedArguments {
    let words = line.split(separator: " ").map(String.init)
    let parser = ArgumentParser(program: .holdfast, environment: { environment[$0] })
    guard case .run(_, let arguments) = try parser.parse(words) else { throw UsageError(message: "no command") }
    return arguments
  }

  @Test("Holdfast's variables count more than restic's, and options more than both")
  func places() async throws {
    let both = ["HOLDFAST_REPOSITORY": "/ours", "RESTIC_REPOSITORY": "/theirs"]
    #expect(try await arguments("repo snapshots", both).repositoryPlace() == "/ours")
    #expect(try await arguments("repo snapshots", ["RESTIC_REPOSITORY": "/theirs"]).repositoryPlace() == "/theirs")
    #expect(try await arguments("repo snapshots -r /line", both).repositoryPlace() == "/line")
    #expect(
      try await arguments("repo snapshots -r /line", ["RESTIC_REPOSITORY_FILE": "/no/file"]).repositoryPlace()
        == "/line")
    let ranked = ["HOLDFAST_REPOSITORY": "/ours", "RESTIC_REPOSITORY_FILE": "/no/file"]
    #expect(try await arguments("repo snapshots", ranked).repositoryPlace() == "/ours")
    await #expect(throws: CommandFailure.self) { try await arguments("repo snapshots").repositoryPlace() }
    await #expect(throws: CommandFailure.self) {
      try await arguments("repo snapshots -r /a --repository-file /b").repositoryPlace()
    }
  }

  @Test(
    "the password comes from what is named first",
    arguments: [
      ("", [:], .terminal), ("", ["RESTIC_PASSWORD": "x"], .variable("RESTIC_PASSWORD")),
      ("", ["RESTIC_PASSWORD": "x", "HOLDFAST_PASSWORD": "y"], .variable("HOLDFAST_PASSWORD")),
      ("", ["RESTIC_PASSWORD": "x", "RESTIC_PASSWORD_FILE": "f"], .file("f")),
      ("", ["HOLDFAST_PASSWORD": "x", "RESTIC_PASSWORD_FILE": "f"], .variable("HOLDFAST_PASSWORD")),
      ("-p g", ["HOLDFAST_PASSWORD": "x", "RESTIC_PASSWORD_COMMAND": "c"], .file("g")),
      ("--password-command c", ["HOLDFAST_PASSWORD_FILE": "f"], .command("c")),
      ("", ["HOLDFAST_PASSWORD_FILE": "f", "RESTIC_PASSWORD_COMMAND": "c"], .file("f")),
    ] as [(String, [String: String], PasswordSource)])
  func passwords(options: String, environment: [String: String], source: PasswordSource) throws {
    let parsed = try arguments("repo snapshots \(options)", environment)
    #expect(try PasswordSource(parsed) { environment[$0] } == source)
  }

  @Test("a file and a command of the same rank are one too many")
  func twoPasswords() throws {
    let environment = ["RESTIC_PASSWORD_FILE": "f", "RESTIC_PASSWORD_COMMAND": "c"]
    let parsed = try arguments("repo snapshots", environment)
    #expect(throws: CommandFailure.self) { try PasswordSource(parsed) { environment[$0] } }
  }

  @Test(
    "sizes have units of 1024",
    arguments: [
      ("0", 0), ("512", 512), ("64K", 65_536), ("64k", 65_536), ("16MiB", 16 << 20), ("2G", 2 << 30), ("1T", 1 << 40),
      ("", nil), ("M", nil), ("-1", nil), ("1.5M", nil), ("9999999999999T", nil), ("1X", nil),
    ] as [(String, Int?)])
  func sizes(text: String, bytes: Int?) { #expect(ValueType<Int>.size().parse(text) == bytes) }

  @Test("rates without a unit are in KiB, pack sizes in MiB, as restic has them")
  func bareNumbers() {
    #expect(ValueType<Int>.rate.parse("800") == 800 << 10 && ValueType<Int>.rate.parse("20M") == 20 << 20)
    #expect(ValueType<Int>.rate.parse("0") == nil && ValueType<Int>.rate.parse("20B") == 20)
    #expect(ValueType<Int>.size(unit: 1 << 20).parse("16") == 16 << 20)
  }

  @Test("a backup's memory for packs has a limit, whatever else is asked for")
  func memory() async throws {
    let usual = try await BackupOptions.request(arguments("repo backup /tmp"))
    #expect(usual.writing.memoryLimit == WriteSettings().memoryLimit && usual.writing.uploads == nil)
    let asked = try await BackupOptions.request(arguments("repo backup /tmp --memory 128 --connections 32"))
    #expect(asked.writing.memoryLimit == 128 << 20 && asked.writing.uploads == 32)
    let large = try await BackupOptions.request(arguments("repo backup /tmp --memory 1G"))
    #expect(large.writing.memoryLimit == 1 << 30)
    let error = await #expect(throws: CommandFailure.self) {
      try await BackupOptions.request(arguments("repo backup /tmp --memory 63M"))
    }
    #expect(error?.message.contains("64M") == true)
  }

  @Test(
    "lengths of time have parts",
    arguments: [
      ("90s", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172_800), ("1y", 31_536_000), ("", nil), ("5", nil), ("m", nil),
      ("5x", nil),
      ("99999999999999999999s", nil), ("1000000000000y", nil), ("1000000000000s4000y", nil),
      ("34865y", 1_099_502_640_000), ("34866y", nil), ("30000y30000y", nil),
    ] as [(String, Int?)])
  func lengths(text: String, seconds: Int?) {
    #expect(ValueType<Duration>.length.parse(text) == seconds.map { .seconds($0) })
  }

  @Test("a length of time beyond all sense is a usage error, also in a retention")
  func endlessLengths() throws {
    for option in ["--retry-lock 1000000000000y", "--s3-retention governance:1000000000000y"] {
      #expect(throws: UsageError.self, "\(option)") { try arguments("repo prune \(option)") }
    }
  }

  @Test("times are in this machine's zone unless they name one, and days that don't exist are refused")
  func times() throws {
    let zoned = try #require(ValueType<Snapshot.Moment>.moment.parse("2026-11-28T20:15:00+01:00"))
    #expect(zoned.seconds == 1_795_893_300 && zoned.offsetSeconds == 3600)
    let local = try #require(ValueType<Snapshot.Moment>.moment.parse("2026-11-28 20:15:00"))
    #expect(local.seconds + Int64(local.offsetSeconds) == 1_795_896_900)
    for text in ["2026-02-30", "2026-13-01", "2026-11-28 24:00", "yesterday", "2026-11-28 20:15:0x", ""] {
      #expect(ValueType<Snapshot.Moment>.moment.parse(text) == nil, "\(text)")
    }
  }

  @Test("a list of changed blocks has an offset and a length a line")
  func changedBlocks() throws {
    let list = Array("# offset length\n0 4096\n\n1048576, 512 # more\n9 0\n".utf8)
    #expect(try ChangedBlocks.parse(list, "list") == [0..<4096, 1_048_576..<1_049_088])
    for bad in ["1", "1 2 3", "x 1", "-1 5", "1 -5", "\(Int.max) 1"] {
      #expect(throws: CommandFailure.self, "\(bad)") { try ChangedBlocks.parse(Array("0 1\n\(bad)\n".utf8), "list") }
    }
  }

  @Test(
    "the host of the environment is the one whose snapshots are meant, unless the line names others or lifts that",
    arguments: [
      ("", [:], []), ("", ["RESTIC_HOST": "a"], ["a"]), ("", ["RESTIC_HOST": "a", "HOLDFAST_HOST": "b"], ["b"]),
      ("", ["RESTIC_HOST": ""], []), ("--host c --host=d", ["RESTIC_HOST": "a"], ["c", "d"]),
      ("--host=", ["RESTIC_HOST": "a"], []), ("--host= --host e", ["HOLDFAST_HOST": "b"], ["e"]),
    ] as [(String, [String: String], [String])],
    ["snapshots", "restore latest", "dump latest /x", "ls latest", "find x", "stats", "cat config", "forget"])
  func hosts(_ given: (line: String, environment: [String: String], hosts: [String]), command: String) throws {
    let arguments = try arguments("repo \(command) \(given.line)", given.environment)
    #expect(SnapshotChoice.filter(arguments).hosts == given.hosts)
  }

  @Test(
    "files of patterns are read as restic does: without a mark of UTF-8, and with variables",
    arguments: [
      ("\u{FEFF}*.tmp\r\n\n # remark\n  /a b \n#x", ["*.tmp", "/a b"], []),
      ("$HOME/x\n${HOME}y\n$$5\n$HOMEx", ["/root/x", "/rooty", "$5"], ["HOMEx"]),
      ("$NONE\n${NONE}/a\n$EMPTY.b", ["/a", ".b"], ["NONE"]),
      ("a$\n$/b\n${}c\n${d\n$1e\n${HOME}${HOME}\n${$}f", ["a$", "$/b", "c", "d", "e", "/root/root", "$f"], ["1"]),
      ("# $NONE\nü$HOME", ["ü/root"], []), ("", [], []),
    ] as [(String, [String], [String])])
  func patternFiles(text: String, patterns: [String], unset: [String]) throws {
    let found = try PatternFile.parse(Array(text.utf8), "file") { ["HOME": "/root", "EMPTY": ""][$0] }
    #expect(found.patterns == patterns && found.unset == unset)
  }

  @Test("a line of a list that text can't hold is refused, and named; remarks may hold anything")
  func damagedLists() throws {
    let latin: [UInt8] = [0xE4]
    let list = [Array("/a".utf8), Array("/d".utf8) + latin].map { $0[...] }
    let error = #expect(throws: CommandFailure.self) { try textLines(list, "list l", advice: "name its folder") }
    #expect(error?.message == "'/d\\xe4' in the list l is not UTF-8; name its folder")
    let nul = #expect(throws: CommandFailure.self) { try textLines([[47, 0, 47]], "list l", advice: "") }
    #expect(nul?.message.contains("has a NUL byte in '/\\x00/'") == true)
    let remark = try PatternFile.parse(Array("a\n # ".utf8) + latin + Array("\nb".utf8), "f") { _ in nil }
    #expect(remark.patterns == ["a", "b"])
    #expect(throws: CommandFailure.self) {
      try PatternFile.parse(Array("a\n*.".utf8) + latin, "f") { _ in nil }
    }
  }

  @Test("--read-data is a flag, and names a part behind an '='")
  func readData() throws {
    let cases: [(String, CheckRequest.DataSelection?)] = [
      ("", nil), ("--read-data", .all), ("--read-data=1/3", .part(1, of: 3)), ("--read-data=2.5%", .percent(2.5)),
      ("--read-data=50M", .bytes(50 << 20)), ("--read-data -q", .all),
    ]
    for (line, data) in cases { #expect(try arguments("repo check \(line)")[CheckCommand.readData] == data, "\(line)") }
    for line in ["--read-data=", "--read-data=some", "--read-data 1/3", "--read-data --read-data=1/3"] {
      #expect(throws: UsageError.self, "\(line)") { try arguments("repo check \(line)") }
    }
    for line in ["--read-data", "--read-data=1/3"] {
      let read = try arguments("repo check \(line)")
      #expect(read.isGiven(CheckCommand.readData) && !read.isGiven(CheckCommand.subset))
    }
  }

  @Test("-H is a rule of forget, and a host anywhere else, as in restic")
  func shortHours() throws {
    let line = try arguments("repo forget -H 24 --host a")
    #expect(KeepOptions.policy(line).hourly == 24 && SnapshotChoice.filter(line).hosts == ["a"])
    #expect(try SnapshotChoice.filter(arguments("repo snapshots -H a")).hosts == ["a"])
  }

  @Test("what names a place in a snapshot is taken apart")
  func snapshotPlaces() {
    #expect(SnapshotPlace("latest").path.isEmpty && SnapshotPlace("latest:/").path.isEmpty)
    let place = SnapshotPlace("6c8b:/srv//./data/../logs:x")
    #expect(place.snapshot == "6c8b" && place.path == ["srv", "logs:x"].map { Array($0.utf8) })
  }

  @Test("files of one value lose white space at both ends, as restic reads them")
  func trimming() {
    #expect(Array("\u{FEFF} \tpass word \r\n\n".utf8).trimmed == Array("pass word".utf8))
    #expect(Array(" \n".utf8).trimmed.isEmpty && [UInt8]().trimmed.isEmpty)
  }
}
