internal import BlobIndex
internal import CommandSyntax
internal import Cryptography
internal import JSON
internal import ObjectStores
internal import ProtectionSteps
internal import ResticFormat
internal import ResticRepository
internal import Restore
internal import RestorePoints
internal import StepEngine
internal import Terminal

/// `holdfast browse`
enum BrowseCommand {
  static let point = Operand<String>.required(
    .text("APP|POINT"), "A restore point, or an application for its last good one")
  static let path = Operand<String?>.optional(.text("VOLUME/PATH"), "A volume, and a folder or file in it")
  static let long = Option<Bool>.flag("--long", short: "-l", "With modes, owners, sizes and times")
  static let recursive = Option<Bool>.flag("--recursive", "With what is in the folders below, too")

  static let command = Command(
    name: "browse",
    summary: "List the files that a restore point holds",
    discussion: [
      "Without a path it lists the point's volumes. It reads the repository itself, so the profile's password has to be readable "
        + "here, too."
    ],
    options: [long.description, recursive.description],
    operands: [point.description, path.description],
    examples: [
      Example(purpose: "The volumes of the last good point", line: "holdfast browse shop"),
      Example(purpose: "A folder of one, with sizes and times", line: "holdfast browse -l shop data/orders"),
    ],
    run: RepositoryCommand.action("nothing was changed", run))

  private static func run(_ arguments: ParsedArguments) async throws {
    let pool = try arguments.pool()
    guard let found = try await RestorePointStore(pool: pool).point(arguments[point]) else {
      throw CommandFailure(
        .notFound, "there is no restore point '\(arguments[point])', and no application of that name with one")
    }
    let names = SnapshotPlace.names(arguments[path] ?? "")
    guard let first = names.first else { return arguments.write(found.point.volumes, as: listing) }
    let volumeName = String(decoding: first, as: UTF8.self)
    guard let volume = found.point.volumes.first(where: { $0.name == volumeName }) else {
      throw CommandFailure(
        .notFound,
        "restore point \(found.point.name) has no volume '\(volumeName)'; it has "
          + found.point.volumes.map(\.name).joined(separator: ", "))
    }
    guard let export = volume.export.flatMap({ FileID($0) }), let profileName = found.point.profile else {
      throw CommandFailure(
        .failed,
        "volume '\(volumeName)' of \(found.point.name) is a snapshot only; to look at it, restore it into a folder: holdfast restore \(found.point.name) --volume \(volumeName) --target DIR"
      )
    }
    guard let document = try await EngineClient(pool: pool).document(kind: "profile", name: profileName) else {
      throw CommandFailure(.notFound, "there is no profile '\(profileName)'; apply its document")
    }
    let profile: Profile
    do { profile = try Profile(name: profileName, document: document) } catch {
      throw CommandFailure(.failed, error.message)
    }
    try await list(names, of: export, in: profile, arguments)
  }

  private static func list(
    _ names: [[UInt8]], of export: FileID, in profile: Profile, _ arguments: ParsedArguments
  ) async throws {
    let store = try openStore(profile.place, options: profile.options)
    let repository = try await Repository.open(store, password: profile.password)
    let snapshot = try await repository.snapshot(export)
    let index = try await repository.loadIndex()
    let lines = LineOutput()
    let isPlain = arguments.style.columns == nil
    let problems = try await repository.listNodes(
      snapshot.snapshot.tree, index: index, folders: [names], recursive: arguments[recursive]
    ) { node in
      try Task.checkCancellation()
      if arguments.writesJSON { return lines.write(node.json) }
      let line = arguments[long] ? node.longLine : node.path
      lines.write(isPlain ? line : Array(singleLine(String(decoding: line, as: UTF8.self)).utf8))
    }
    lines.flush()
    guard let first = problems.first else { return }
    throw CommandFailure(.failed, first.message)
  }

  private static let listing = Listing<RestorePoint.Volume>(
    nothing: "no volumes",
    columns: [
      (.init("VOLUME"), { .init($0.name) }),
      (.init("DRIVER"), { .init($0.driver) }),
      (.init("NODE"), { .init($0.node) }),
      (.init("FILES", isRight: true), { .init(String($0.files)) }),
      (.init("SIZE", isRight: true), { .init(byteText(Int($0.bytes))) }),
      (.init("EXPORT"), { .init($0.export.map { String($0.prefix(8)) }) }),
      (.init("SNAPSHOT", isFlexible: true), { .init($0.snapshot) }),
    ], name: { $0.name },
    json: { volume in
      [
        "name": .string(volume.name), "driver": .string(volume.driver), "node": .init(volume.node),
        "files": .int(volume.files), "bytes": .int(volume.bytes), "export": .init(volume.export),
        "snapshot": .init(volume.snapshot),
      ]
    })
}
