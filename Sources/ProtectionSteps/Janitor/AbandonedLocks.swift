import Cryptography
import JSON
import Log
import ObjectStores
import ResticFormat
import ResticRepository
import StepEngine
import Synchronization

/// Removes from the profiles' repositories the locks that dead processes of our hosts left, so that nobody who wants a repository
/// alone waits for them. Those of other hosts stay.
final class AbandonedLocks: JanitorChore {
  let purpose = "look for locks that dead processes left in repositories"
  let pause = Duration.seconds(300)
  private let services: ProtectionServices
  private let watches = Mutex<[String: LockWatch]>([:])

  init(services: ProtectionServices) { self.services = services }

  func run(node: String?, logger: Logger) async throws {
    var problems: [String] = []
    for document in try await services.client.documents(kind: "profile") {
      guard let name = document["metadata"]?["name"]?.string else { continue }
      try Task.checkCancellation()
      // Not each node has the secrets of each profile. Steps that need them say so.
      guard let profile = try? await services.profile(name) else { continue }
      do {
        for lock in try await removeAbandoned(profile) {
          logger.info("removed a lock that a dead process left", ["profile": name, "holder": lock.holder])
        }
      } catch {
        problems.append("profile \(name): \(error)")
      }
    }
    if !problems.isEmpty { throw StepFailure(.retryable, problems.joined(separator: "; ")) }
  }

  private func removeAbandoned(_ profile: Profile) async throws -> [StoredLock] {
    let store = try openStore(profile.place, options: profile.options)
    let unchanged: Set<FileID>
    do throws(ObjectStores.StoreError) {
      let present = Set(try await store.list(.lock).compactMap { FileID($0.name) })
      unchanged = watches.withLock { $0[profile.name, default: LockWatch()].unchanged(of: present, at: .now) }
      // Nearly always there is none, and the key need not be derived from the password to see that.
      if present.isEmpty { return [] }
    } catch {
      // No repository yet, or on another node.
      if error.kind == .notFound { return [] }
      throw error
    }
    let hosts = try await services.client.workerHosts()
    return try await Repository.open(store, password: profile.password)
      .removeAbandonedLocks(hosts: hosts, unchanged: unchanged)
  }
}

/// How long locks of a repository have been there, by this machine's clock. A living holder writes its lock anew, under another name,
/// every five minutes.
struct LockWatch: Sendable {
  private var since: [FileID: ContinuousClock.Instant] = [:]

  private static let longEnough = Duration.seconds(30 * 60)

  /// Those of the locks that are there now which no living holder would have left so.
  mutating func unchanged(of present: Set<FileID>, at now: ContinuousClock.Instant) -> Set<FileID> {
    since = since.filter { present.contains($0.key) }
    for lock in present where since[lock] == nil { since[lock] = now }
    return Set(since.filter { now - $0.value >= Self.longEnough }.keys)
  }
}
