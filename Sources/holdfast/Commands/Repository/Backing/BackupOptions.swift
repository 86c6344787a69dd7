internal import Backup
internal import CommandSyntax
internal import Concurrency
internal import FileSystem
internal import Glibc
internal import ResticFormat
internal import ResticRepository
internal import Wording

/// The options of `holdfast repo backup`, and the request that they come to.
enum BackupOptions {
  /// What names the host of snapshots: of new ones, and of those that commands are about.
  static let hostVariables = ["HOLDFAST_HOST", "RESTIC_HOST"]
  static let host = Option<String?>.optional(
    "--host", short: "-H", .text("NAME"), environment: hostVariables,
    "What the snapshot calls the host; this machine's name unless given")
  static let pathLabel = Option<String?>.optional(
    "--path-label", .text("PATH"), "What the snapshot calls the path, wherever the data are mounted now: /shop/database"
  )
  static let tags = Option<[[String]]>.repeated("--tag", .list("TAG,…"), "Tags of the snapshot")
  static let excludes = Option<[String]>.repeated(
    "--exclude", short: "-e", .text("PATTERN"), "Leave out what fits: *.tmp anywhere, /var/cache from the root on")
  static let iexcludes = Option<[String]>.repeated(
    "--iexclude", .text("PATTERN"), "The same, whether letters are large or small")
  static let excludeFiles = Option<[String]>.repeated(
    "--exclude-file", .file, "A file with a pattern a line; # begins a remark, $NAME is a variable and $$ a dollar")
  static let iexcludeFiles = Option<[String]>.repeated(
    "--iexclude-file", .file, "The same, whether letters are large or small")
  static let excludeCaches = Option<Bool>.flag(
    "--exclude-caches", "Leave out what is in folders that a CACHEDIR.TAG marks as caches")
  static let excludeIfPresent = Option<[String]>.repeated(
    "--exclude-if-present", .text("NAME[:HEADER]"),
    "Leave out what is in folders that have a file of this name, which begins with HEADER")
  static let oneFileSystem = Option<Bool>.flag("--one-file-system", short: "-x", "Leave out what is mounted below")
  static let filesFrom = Option<[String]>.repeated(
    "--files-from-verbatim", .file, "A file with a path a line, as it is; its paths are backed up, too")
  static let device = Option<String?>.optional(
    "--device", .file, "Back up this block device or image as one file, in blocks")
  static let blockSize = Option<Int?>.optional(
    "--block-size", .size(),
    "Bytes of a block of the image, a power of two from 4K to 8M; 256 KiB up to 64 GiB, more for larger ones")
  static let changedBlocks = Option<String?>.optional(
    "--changed-blocks", .file,
    "What changed in the image since its parent: an offset and a length in bytes a line; the rest is not read")
  static let frozenAs = Option<String?>.optional(
    "--frozen-as", .text("NAME"),
    "The source is a snapshot of this name, which can't change: what was stored of it counts wherever it is mounted")
  static let part = Option<BackupPart?>.optional(
    "--part", .backupPart,
    "Store only this share of the data and no snapshot; several processes can work so, and the same command without it joins them"
  )
  static let direct = Option<Bool>.flag("--direct", "Read the image around the page cache")
  static let stdin = Option<Bool>.flag("--stdin", "Back up standard input as one file")
  static let stdinFromCommand = Option<Bool>.flag(
    "--stdin-from-command",
    "Back up as one file what a program writes: PATH… are the program and its arguments, after '--'; if it fails, there is no "
      + "snapshot")
  static let stdinName = Option<String>.value(
    "--stdin-filename", .text("NAME"), default: "stdin", "What the snapshot calls that file")
  static let time = Option<Snapshot.Moment?>.optional(
    "--time", .moment, "What the snapshot says of the time; now unless given")
  static let parent = Option<String?>.optional("--parent", .text("SNAPSHOT"), "Compare with this snapshot")
  static let force = Option<Bool>.flag("--force", short: "-f", "Compare with none: read everything")
  static let ignoreInode = Option<Bool>.flag("--ignore-inode", "A file whose number alone differs counts as unchanged")
  static let ignoreCtime = Option<Bool>.flag(
    "--ignore-ctime", "A file with the same size and modification time counts as unchanged")
  static let withAtime = Option<Bool>.flag("--with-atime", "Keep the times of last access")
  static let dryRun = Option<Bool>.flag(
    "--dry-run", short: "-n", "Only say what would be read and added; nothing is written to the repository")
  static let noJournal = Option<Bool>.flag("--no-journal", "Leave nothing to go on from if it is interrupted")
  static let noScan = Option<Bool>.flag("--no-scan", "Don't count beforehand what there is: no time is told then")
  static let compression = Option<CompressionMode>.value(
    "--compression", .compression, default: .auto, environment: ["HOLDFAST_COMPRESSION", "RESTIC_COMPRESSION"],
    "How much work goes into making data smaller: off, auto, max or a level of zstd")
  static let packSize = Option<Int>.value(
    "--pack-size", .size(unit: 1 << 20), default: 16 << 20, environment: ["HOLDFAST_PACK_SIZE", "RESTIC_PACK_SIZE"],
    "How large the repository's files become; MiB unless a unit is given")
  static let memory = Option<Int>.value(
    "--memory", .size(unit: 1 << 20), default: WriteSettings().memoryLimit,
    "The most memory for packs that a store behind a network doesn't have yet: with less, fewer connections upload, and packs "
      + "are smaller. Each thread takes up to 40 MiB besides. MiB unless a unit is given")
  static let workers = Option<Int?>.optional(
    "--read-concurrency", .integer(1...256), environment: ["HOLDFAST_READ_CONCURRENCY", "RESTIC_READ_CONCURRENCY"],
    "How many threads read, compress and encrypt; two more than there are cores unless given")
  static let nice = Option<Int?>.optional(
    "--nice", .integer(0...19),
    "How much all threads of the backup give way to others, and the program whose output it reads")
  static let diskPriority = Option<ThreadPriority.InputOutput?>.optional(
    "--io-class", .diskPriority,
    "Their priority for the disk: idle, or best-effort:LEVEL with 0 as the first and 7 as the last")
  static let readLimit = Option<Int?>.optional(
    "--limit-read", .rate, "Read no more than this per second; KiB unless a unit is given")

  static let all = [
    host.description, pathLabel.description, tags.description, excludes.description, iexcludes.description,
    excludeFiles.description, iexcludeFiles.description, excludeCaches.description, excludeIfPresent.description,
    oneFileSystem.description, filesFrom.description,
    device.description, blockSize.description, changedBlocks.description, frozenAs.description, part.description,
    direct.description, stdin.description, stdinFromCommand.description,
    stdinName.description, time.description, parent.description, force.description, ignoreInode.description,
    ignoreCtime.description, withAtime.description, dryRun.description, noJournal.description, noScan.description,
    compression.description,
    packSize.description, memory.description, workers.description, nice.description, diskPriority.description,
    readLimit.description,
  ]

  /// What the command line asks for. Reads the files that it names.
  /// - Throws: `CommandFailure` for what doesn't go together.
  static func request(_ arguments: ParsedArguments) async throws -> BackupRequest {
    var request = BackupRequest(source: try await source(arguments))
    request.host = arguments[host]
    request.pathLabel = arguments[pathLabel]
    request.tags = arguments[tags].flatMap(\.self)
    try await addExcludes(arguments, to: &request)
    request.staysOnFileSystem = arguments[oneFileSystem]
    request.time = arguments[time]
    if arguments[force] {
      guard arguments[parent] == nil else { throw refusal("--force and --parent exclude each other") }
      request.parent = .none
    }
    request.ignoresInode = arguments[ignoreInode]
    request.ignoresChangeTime = arguments[ignoreCtime]
    request.keepsAccessTime = arguments[withAtime]
    request.blockSize = arguments[blockSize]
    guard request.blockSize.map(BackupRequest.allows) ?? true else {
      throw refusal("--block-size has to be a power of two from 4K to 8M")
    }
    if let file = arguments[changedBlocks] {
      guard arguments[device] != nil else { throw refusal("--changed-blocks is about an image: give it with --device") }
      request.changedRanges = try ChangedBlocks.parse(
        try await readSmallFile(file, "list of changed blocks", limit: 1 << 30), file)
    }
    request.frozenAs = arguments[frozenAs]
    request.markers = try markers(arguments)
    request.isDryRun = arguments[dryRun]
    if request.isDryRun, arguments[part] != nil {
      throw refusal("--dry-run and --part exclude each other: a part leaves nothing that could be told of")
    }
    if arguments[part] != nil, arguments[noJournal] || arguments[stdin] || arguments[stdinFromCommand] {
      throw refusal(
        "--part needs a journal, and a source that can be read more than once: not --no-journal, --stdin or "
          + "--stdin-from-command")
    }
    request.readsDirectly = arguments[direct]
    request.keepsJournal = !arguments[noJournal]
    request.writing.compression = arguments[compression]
    request.writing.packSize = try checkedPackSize(arguments[packSize])
    request.writing.memoryLimit = try checkedMemory(arguments[memory])
    request.writing.uploads = arguments[RepositoryOptions.connections]
    request.workers = arguments[workers]
    request.nice = arguments[nice]
    request.diskPriority = arguments[diskPriority]
    request.readLimit = arguments[readLimit]
    return request
  }

  private static func source(_ arguments: ParsedArguments) async throws -> BackupRequest.Source {
    if arguments[stdinFromCommand] {
      guard !arguments[BackupCommand.paths].isEmpty else {
        throw refusal("--stdin-from-command needs a program: write it and its arguments after '--'")
      }
      guard arguments[device] == nil, !arguments[stdin], arguments[filesFrom].isEmpty else {
        throw refusal("--stdin-from-command excludes --stdin, --device and --files-from-verbatim")
      }
      // The descriptor is there once the program runs.
      return .stream(descriptor: -1, name: arguments[stdinName])
    }
    var paths = arguments[BackupCommand.paths]
    for file in arguments[filesFrom] {
      let lines = try await readSmallFile(file, "list of paths", limit: 64 << 20).split(separator: UInt8(ascii: "\n"))
      paths += try textLines(
        lines, "list of paths \(file)",
        advice: "name the folder that holds it, for names in a folder may hold any bytes")
    }
    let kinds = [!paths.isEmpty, arguments[device] != nil, arguments[stdin]].count(where: \.self)
    guard kinds == 1 else {
      throw refusal(
        kinds == 0
          ? "there is nothing to back up: give at least one PATH, --device FILE or --stdin"
          : "paths, --device and --stdin exclude each other: each makes a snapshot of its own")
    }
    if let path = arguments[device] { return .image(path: path) }
    if arguments[stdin] { return .stream(descriptor: STDIN_FILENO, name: arguments[stdinName]) }
    // One that is missing is reported beside what is saved; if all are, it is a mistake.
    guard try await existsAny(of: paths) else {
      throw CommandFailure(
        .failed,
        "there is no \(alternatives(Array(paths.prefix(5)))), and nothing else to back up; no snapshot was made")
    }
    return .files(paths)
  }

  private static func existsAny(of paths: [String]) async throws -> Bool {
    try await BlockingPool.shared.run {
      var information = stat()
      return paths.contains { lstat($0, &information) == 0 || errno != ENOENT }
    }
  }

  private static func addExcludes(_ arguments: ParsedArguments, to request: inout BackupRequest) async throws {
    var texts = arguments[excludes]
    for file in arguments[excludeFiles] { texts += try await PatternFile.read(file, arguments) }
    var caseless = arguments[iexcludes]
    for file in arguments[iexcludeFiles] { caseless += try await PatternFile.read(file, arguments) }
    request.excludes = try PatternFile.patterns(texts, ignoringCase: caseless)
    request.excludeTexts = texts
  }

  private static func markers(_ arguments: ParsedArguments) throws -> [ExcludeMarker] {
    let named = try arguments[excludeIfPresent].map { text in
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = parts.first, !name.isEmpty, !name.contains("/") else {
        throw refusal("--exclude-if-present '\(text)' names no file: write it as NAME or NAME:HEADER, without a folder")
      }
      return ExcludeMarker(name: Array(name.utf8), header: parts.count > 1 ? Array(parts[1].utf8) : [])
    }
    return named + (arguments[excludeCaches] ? [.cacheFolder] : [])
  }

  private static func checkedPackSize(_ size: Int) throws -> Int {
    // restic's own bounds: smaller ones cost requests, larger ones memory.
    guard (4 << 20...128 << 20).contains(size) else { throw refusal("a pack's size has to be from 4M to 128M") }
    return size
  }

  private static func checkedMemory(_ size: Int) throws -> Int {
    // Less would make packs so small that a large repository has too many of them.
    guard size >= 64 << 20 else { throw refusal("--memory has to be 64M or more, or packs become too small") }
    return size
  }

  private static func refusal(_ why: String) -> CommandFailure { CommandFailure(.usage, why) }
}
