internal import BlobIndex
internal import Chunking
internal import FileSystem
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

/// What all workers of one backup share.
final class Session: Sendable {
  private struct Problems {
    var first: [BackupProblem] = []
    var count = 0
    var isIncomplete = false
  }

  let request: BackupRequest
  let writer: BlobWriter
  let reader: BlobReader
  let progress: BackupProgress
  /// The share of the work that is to be done; nil for all of it, and for trees.
  let part: BackupPart?
  /// Where finished work is noted; nil if nothing is.
  let journal: JournalWriter?
  /// What an interrupted attempt has done.
  let previous: Journal
  let nodes: NodeBuilder
  let chunker: GearChunker
  /// The id of `zeroChunkLength` zeros.
  let zeroID: BlobID
  let stack = WorkStack()
  let pace: ReadPace?
  /// A file that changed after this moment may have changed again without a trace: the clocks of file systems tick slowly.
  let trustedUntil: TreeNode.Time?
  /// The file systems of the sources, if the backup stays on them.
  let devices = Mutex<Set<UInt64>>([])
  /// The tree of the snapshot, once it is stored.
  let root = Mutex<BlobID?>(nil)
  private let problems = Mutex(Problems())

  init(
    request: BackupRequest, part: BackupPart?, writer: BlobWriter, parent: StoredSnapshot?, journal: JournalWriter?,
    previous: Journal,
    progress: BackupProgress, zeroID: BlobID
  ) {
    self.request = request
    self.part = part
    self.writer = writer
    self.journal = journal
    self.previous = previous
    self.progress = progress
    self.zeroID = zeroID
    reader = BlobReader(writer.repository, writer.index)
    nodes = NodeBuilder(
      names: UserNames(), keepsAccessTime: request.keepsAccessTime, keepsDeviceNumbers: request.pathLabel == nil)
    chunker = GearChunker(GearTable(secret: writer.repository.secret(for: "chunking")))
    pace = request.readLimit.map(ReadPace.init)
    trustedUntil = parent.map { parent in
      // What it holds may be of long before it was stored: of the moment of a snapshot.
      let start = min(parent.snapshot.summary?.backupStart ?? parent.snapshot.time, parent.snapshot.time)
      return TreeNode.Time(seconds: start.seconds - 2, nanoseconds: start.nanoseconds)
    }
  }

  /// The time, so many seconds ago.
  func secondsAgo(_ seconds: Int64) -> TreeNode.Time {
    let now = Snapshot.Moment.now
    return TreeNode.Time(seconds: now.seconds - seconds, nanoseconds: now.nanoseconds)
  }

  /// Notes what could not be backed up.
  func report(_ problem: BackupProblem) {
    progress.problems.count()
    problems.withLock { problems in
      problems.count += 1
      problems.isIncomplete = problems.isIncomplete || problem.isLoss
      if problems.first.count < BackupResult.problemLimit { problems.first.append(problem) }
    }
  }

  func report(_ error: FileError) { report(BackupProblem(error)) }

  var reported: (first: [BackupProblem], count: Int, isIncomplete: Bool) {
    problems.withLock { ($0.first, $0.count, $0.isIncomplete) }
  }
}
