import Freezing
import Glibc
package import Log
import StepEngine

/// Thaws filesystems that a worker and its guard left frozen when both were killed in the same instant.
///
/// Whoever starts a worker does so before anything else: even its database may be on such a filesystem.
package func thawStaleFreezes(_ logger: Logger) async {
  do {
    try await thawingStale(logger)
  } catch {
    logger.warning("can't look for filesystems that were left frozen: \(error)")
  }
}

/// Does the same while a worker runs: the one that died may have been another of its machine.
struct StaleFreezes: JanitorChore {
  let purpose = "look for filesystems that were left frozen"
  let pause = Duration.seconds(30)

  func run(node: String?, logger: Logger) async throws { try await thawingStale(logger) }
}

private func thawingStale(_ logger: Logger) async throws(FreezeError) {
  let freezer = Freezer()
  // A capability is enough to freeze, so not only root may have left something. Another user's folder is that user's affair.
  var folder = stat()
  guard geteuid() == 0 || stat(freezer.runtimeFolder, &folder) == 0 && folder.st_uid == geteuid() else { return }
  for outcome in try await freezer.thawStale() {
    logger.warning(
      "a filesystem was still frozen, and nobody was left to thaw it; it is thawed now",
      ["path": outcome.path, "token": outcome.token])
  }
}
