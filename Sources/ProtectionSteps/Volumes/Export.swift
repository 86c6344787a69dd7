import Backup
import Cryptography
import Glibc
import JSON
import ResticFormat
import ResticRepository
import StepEngine
import StepKinds
import VolumeDrivers
import WorkflowDSL

/// What an export left, in the numbers that its step puts out.
struct Export: Sendable {
  let id: FileID
  let bytes: Int
  let addedBytes: Int
  let readBytes: Int
  let files: Int
  let problems: Int
  let kind: ExportKind
  /// The moment that it is of: of the snapshot that was read, or when the reading began.
  let at: Snapshot.Moment
  let elapsed: Duration

  init(_ result: BackupResult, _ kind: ExportKind, elapsed: Duration) {
    self.kind = kind
    id = result.snapshot.id
    bytes = result.progress.bytes
    addedBytes = result.progress.addedPackedBytes
    readBytes = result.progress.bytesRead
    files = result.progress.files
    problems = result.problemCount
    at = result.snapshot.snapshot.time
    self.elapsed = elapsed
  }

  /// One that an earlier attempt stored: only whole ones stay in the repository.
  init(_ stored: StoredSnapshot, _ kind: ExportKind) {
    self.kind = kind
    let summary = stored.snapshot.summary ?? Snapshot.Summary()
    id = stored.id
    bytes = summary.totalBytesProcessed
    addedBytes = summary.dataAddedPacked
    readBytes = 0
    files = summary.totalFilesProcessed
    problems = 0
    at = stored.snapshot.time
    elapsed = .zero
  }

  func outputs(of volume: Volume) -> JSONValue {
    [
      "volume": .string(volume.source.name), "export": .string(id.hex), "bytes": .int(Int64(bytes)),
      "addedBytes": .int(Int64(addedBytes)), "readBytes": .int(Int64(readBytes)), "files": .int(Int64(files)),
      "kind": .string(kind.rawValue), "problems": .int(Int64(problems)), "at": .string(at.rfc3339),
      "seconds": .double(elapsed / .seconds(1)),
    ]
  }
}

/// What `export` and `export-part` take.
let exportInputs: [FieldShape] = [
  Volume.input,
  .required("profile", .text, "the profile whose repository it goes to"),
  .optional(
    "place", .map(keys: .any, values: .text),
    "where its data are, as 'clone' puts it out; without it the volume itself is read"),
  .optional("at", .text, "when the snapshot was taken that is exported, as 'snapshot' puts it out"),
]

/// What those steps are to export.
func exportSource(_ arguments: StepArguments, _ step: StepContext) throws(StepFailure) -> ExportSource {
  let volume = try Volume(arguments)
  guard let given = arguments.value("place") else {
    var status = stat()
    let isFile = stat(volume.source.path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    let place: DriverClone.Place = isFile ? .image(volume.source.path) : .folder(volume.source.path)
    return ExportSource(volume: volume, place: place, run: step.id.run, isFrozen: false)
  }
  let taken = try arguments.string("at").flatMap { Snapshot.Moment(rfc3339: $0) }
  guard let place = DriverClone.Place(json: given) else {
    throw arguments.failure("place", mustBe: "{folder: PATH}, {image: PATH} or {device: PATH}")
  }
  return ExportSource(volume: volume, place: place, run: step.id.run, isFrozen: true, takenAt: taken)
}

extension Repository {
  /// The newest snapshot that has all of these tags.
  func newest(tagged tags: [String]) async throws -> StoredSnapshot? {
    let wanted = Set(tags)
    return try await snapshots().last { wanted.isSubset(of: $0.snapshot.tags) }
  }
}
