import Freezing
import Glibc
import JSON
import StepEngine

extension EngineClient {
  /// The paths whose filesystems no step may freeze, as it is now: the data of the PostgreSQL that this client talks to, if
  /// it is on this machine, the repositories that profiles keep in folders, and folders for temporary files.
  /// - Parameter more: such as the worker's own folders.
  /// - Throws: `StepFailure` if PostgreSQL does not answer: then it is not known what it holds, and nothing is frozen.
  func unfreezablePaths(_ more: [ProtectedPath] = []) async throws -> [ProtectedPath] {
    let process: Int32
    let profiles: [JSONValue]
    do throws(StoreError) {
      process = try await serverProcess()
      profiles = try await documents(kind: "profile")
    } catch {
      throw StepFailure(.retryable, "freeze: can't ask PostgreSQL which filesystems must not be frozen: \(error)")
    }
    let repositories = profiles.compactMap { $0["spec"]?["location"]?["directory"]?.string }
    let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    return ProtectedPath.postgres(serverProcess: process)
      + repositories.filter { $0.hasPrefix("/") }.map { ProtectedPath($0, "a repository") }
      + [ProtectedPath(temporary, "temporary files")] + more
  }
}
