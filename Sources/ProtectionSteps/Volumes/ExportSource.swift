import Backup
import FileSystem
import JSON
import ResticFormat
import StepEngine
import VolumeDrivers

/// What an export was read from; a restore in place has to be to the same.
enum ExportKind: String, Sendable {
  case folder, image, device
}

/// What is exported of a volume, and how its snapshot in the repository is marked.
struct ExportSource: Sendable {
  let volume: Volume
  let place: DriverClone.Place
  let run: RunID
  /// Whether the place can't change any more: a clone of a snapshot.
  let isFrozen: Bool
  /// The moment that a frozen place is of, as far as it is known.
  var takenAt: Snapshot.Moment?

  /// Everything of ours on a volume's filesystem is in folders of this name, wherever they are.
  private static let ownFolder = ".holdfast"

  /// Where the volume's data are in the repository: `/data`, or `/data/disk.img` for an image, so that a restore of the folder
  /// brings back a file of the right name.
  static func path(of source: VolumeSource, isImage: Bool) -> [String] {
    guard isImage else { return [source.name] }
    let file = source.path.split(separator: "/").last.map(String.init) ?? source.name
    return [source.name, file]
  }

  /// What is left out of a volume's folder, as patterns of paths that begin with the volume's name: what its document says, and
  /// what is ours.
  /// - Throws: `StepFailure` for a pattern that is none.
  static func patterns(_ excludes: [String], of volume: Volume) throws(StepFailure) -> PathPatterns {
    let root = "/" + path(of: volume.source, isImage: false).joined(separator: "/")
    var patterns = PathPatterns()
    for pattern in excludes + [ownFolder] {
      // A pattern from the root on means the volume's root.
      let isNegated = pattern.hasPrefix("!")
      let text = isNegated ? String(pattern.dropFirst()) : pattern
      do { try patterns.add((isNegated ? "!" : "") + (text.hasPrefix("/") ? root + text : text)) } catch {
        throw StepFailure(.permanent, "\(volume.title): \(error)")
      }
    }
    return patterns
  }

  /// The tags by which it is found again.
  var tags: [String] { volume.exportTags(run) }

  /// What it is read from.
  var kind: ExportKind {
    switch place {
    case .folder: .folder
    case .image: .image
    case .device: .device
    }
  }

  /// The order for the repository.
  /// - Throws: `StepFailure` for a pattern that is none.
  func request() throws(StepFailure) -> BackupRequest {
    var request: BackupRequest
    switch place {
    case .folder(let path):
      request = BackupRequest(source: .files([path]))
      request.excludes = try Self.patterns(volume.excludes, of: volume)
      request.excludeTexts = volume.excludes
      request.staysOnFileSystem = true
    case .image(let path), .device(let path): request = BackupRequest(source: .image(path: path))
    }
    // The application, not the node: a volume may move, and what did not change need not be read again then.
    request.host = volume.source.application
    request.pathLabel = "/" + Self.path(of: volume.source, isImage: kind != .folder).joined(separator: "/")
    request.tags = tags
    // Its snapshots are new files, whose own inodes and times of change tell nothing. Size and time of modification alone
    // don't tell enough: programs can set them.
    request.hasSourceIdentities = isFrozen && volume.source.driver == "reflink"
    if isFrozen {
      // A retried run takes its snapshot again under the same name.
      request.frozenAs = volume.snapshotName(run) + (takenAt.map { "@" + $0.rfc3339 } ?? "")
    }
    request.time = takenAt
    return request
  }
}
