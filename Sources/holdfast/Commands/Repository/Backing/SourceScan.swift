internal import Backup
internal import Concurrency
internal import FileSystem
internal import Glibc
internal import Synchronization

/// Counts what a backup will have to do, beside it, so that whoever watches can be told how long it will take.
final class SourceScan: Sendable {
  private let request: BackupRequest
  private let files = Atomic(0)
  private let bytes = Atomic(0)
  private let isOver = Atomic(false)
  private let isStopped = Atomic(false)

  init(_ request: BackupRequest) { self.request = request }

  /// What was found so far, and whether that is all; nil if nothing was looked for.
  var found: (files: Int, bytes: Int, isAll: Bool)? {
    let files = files.load(ordering: .relaxed)
    guard files > 0 else { return nil }
    return (files, bytes.load(ordering: .relaxed), isOver.load(ordering: .relaxed))
  }

  /// Counts, unless a parent tells what to expect.
  func run(beside progress: BackupProgress) async {
    while progress.state.current.isEmpty {
      guard !isStopped.load(ordering: .relaxed), (try? await Task.sleep(for: .milliseconds(100))) != nil else { return }
    }
    guard progress.state.expectedBytes == 0 else { return }
    await BlockingPool.shared.runNonthrowing {
      self.count()
      self.isOver.store(true, ordering: .relaxed)
    }
  }

  /// Ends it soon.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  func count() {
    switch request.source {
    case .files(let paths): for path in paths { count(path) }
    case .image(let path):
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { return }
      defer { close(descriptor) }
      note(Int(clamping: lseek(descriptor, 0, SEEK_END)))
    case .stream: break
    }
  }

  /// What can't be looked at is left to the backup, which says so.
  private func count(_ path: String) {
    var information = stat()
    guard lstat(path, &information) == 0 else { return }
    guard information.st_mode & S_IFMT == S_IFDIR else {
      if information.st_mode & S_IFMT == S_IFREG { note(Int(information.st_size)) }
      return
    }
    var waiting = [Array(path.utf8)]
    while let folder = waiting.popLast(), !isStopped.load(ordering: .relaxed) {
      guard let handle = try? DirectoryHandle(path: folder), let all = try? handle.entries() else { continue }
      let entries = request.markers.kept(of: all, in: handle)
      for index in entries.indices {
        let name = entries.name(at: index)
        let inner = folder + [UInt8(ascii: "/")] + name
        if isExcluded(inner) { continue }
        guard let metadata = try? handle.metadata(of: name) else { continue }
        switch metadata.kind {
        case .regular: note(metadata.size)
        case .directory where !request.staysOnFileSystem || metadata.device == information.st_dev: waiting.append(inner)
        default: break
        }
      }
    }
  }

  private func isExcluded(_ path: [UInt8]) -> Bool {
    guard !request.excludes.isEmpty else { return false }
    return request.excludes.matches(path.split(separator: UInt8(ascii: "/")).map(Array.init))
  }

  private func note(_ size: Int) {
    files.wrappingAdd(1, ordering: .relaxed)
    bytes.wrappingAdd(max(0, size), ordering: .relaxed)
  }
}
