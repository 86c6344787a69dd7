import Concurrency
import FileSystem
import Glibc
import StepEngine

/// The private file into which a hook may write artifacts.
struct ArtifactFile: Sendable {
  let path: String
  /// The name of its folder.
  private let folder: String

  private static var place: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

  /// Makes it, and removes those that earlier attempts of the step left when they were killed.
  static func make(for step: StepContext) async throws -> ArtifactFile {
    let (prefix, attempt) = ("holdfast-hook-\(step.id.value)-", "\(step.attempt)-\(step.fence.value)")
    return try await BlockingPool.shared.run {
      removeOld(prefix)
      let folder = "\(place)/\(prefix)\(attempt)"
      let file = ArtifactFile(path: "\(folder)/artifacts", folder: prefix + attempt)
      // Fails if it is there: another hand made it.
      guard mkdir(folder, 0o700) == 0 else { throw failure(folder) }
      let descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw failure(file.path) }
      close(descriptor)
      return file
    }
  }

  /// What is in it; nothing if the hook removed it.
  func text() async throws -> String {
    let path = path
    return try await BlockingPool.shared.run {
      let file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      if file < 0, errno == ENOENT { return "" }
      var info = stat()
      guard file >= 0, fstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
        if file >= 0 { close(file) }
        throw StepFailure(.permanent, "the file that HOLDFAST_ARTIFACTS names is no plain file any more")
      }
      defer { close(file) }
      let limit = 2 * Artifacts.maximumBytes
      var bytes = [UInt8](repeating: 0, count: limit + 1)
      var count = 0
      while count < bytes.count {
        let length = bytes.withUnsafeMutableBytes { buffer in
          read(file, UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).baseAddress, buffer.count - count)
        }
        if length < 0, errno == EINTR { continue }
        guard length > 0 else { break }
        count += length
      }
      guard count <= limit else {
        throw StepFailure(.permanent, "the file that HOLDFAST_ARTIFACTS names is larger than \(limit) bytes")
      }
      return String(decoding: bytes[..<count], as: UTF8.self)
    }
  }

  /// Removes it and its folder.
  func remove() async {
    let folder = folder
    await BlockingPool.shared.runNonthrowing {
      if let place = try? DirectoryHandle(path: Self.place) { Self.remove(Array(folder.utf8), in: place) }
    }
  }

  private static func removeOld(_ prefix: String) {
    guard let place = try? DirectoryHandle(path: place), let entries = try? place.entries() else { return }
    for entry in entries where entry.name.starts(with: prefix.utf8) { remove(entry.name, in: place) }
  }

  /// Not deeper: what else a hook put there is its own affair. In a place like /tmp others may make a folder of such a name, or a
  /// link to a folder: what is not ours stays.
  private static func remove(_ name: [UInt8], in place: DirectoryHandle) {
    guard let folder = try? place.openDirectory(name), (try? folder.metadata().uid) == geteuid(),
      let entries = try? folder.entries()
    else { return }
    for entry in entries { try? folder.removeFile(entry.name) }
    try? place.removeEmptyDirectory(name)
  }

  private static func failure(_ path: String) -> StepFailure {
    StepFailure(.retryable, "hook: can't make \(path) for artifacts: \(String(cString: strerror(errno)))")
  }
}
