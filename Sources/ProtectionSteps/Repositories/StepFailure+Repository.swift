import Backup
import ObjectStores
import ResticRepository
import Restore
import StepEngine

extension StepOutcome {
  /// How long a step that found the repository locked waits before it looks again.
  private static let lockPause = Duration.seconds(5)

  /// Runs what works with a repository: somebody's lock makes the step wait, without a slot, and says so; errors become failures
  /// of the right class.
  static func usingRepository(
    of profile: Profile, _ body: () async throws -> StepOutcome
  ) async throws -> StepOutcome {
    do {
      return try await body()
    } catch let error as RepositoryError {
      if error.kind == .locked { return .wait(StepWait(wakeAfter: lockPause, reason: error.message)) }
      throw try StepFailure(error, profile)
    } catch let error as ObjectStores.StoreError {
      throw try StepFailure(RepositoryError(error), profile)
    } catch let error as RestoreError {
      throw StepFailure(error.kind == .notFound || error.kind == .badRequest ? .permanent : .retryable, error.message)
    } catch let damage as ExportDamage {
      throw damage.failure
    } catch let problem as BackupProblem {
      throw StepFailure(.retryable, problem.message)
    }
  }
}

extension StepFailure {
  /// How long a step that did not reach its repository waits before it tries again. So often it may that an outage of many minutes
  /// fails no run.
  static let outagePause = Duration.seconds(10)

  /// What an error of a repository means for the step that used it.
  /// - Throws: `CancellationError` if it only says that the step was cancelled.
  init(_ error: RepositoryError, _ profile: Profile) throws {
    let message = "profile \(profile.name): \(error.message)"
    switch error.kind {
    case .store(.cancelled): throw CancellationError()
    case .wrongPassword, .unsupported, .badRequest, .missing, .exists, .store(.badLocation):
      self.init(.permanent, message)
    // However long that lasts: it is not the step's fault.
    case .store(.unreachable): self.init(.throttled(after: Self.outagePause), message)
    // Trying again may help: somebody may free space, mend the network or the repository.
    case .locked, .lockLost, .corrupt, .notFound, .selfCheck, .store: self.init(.retryable, message)
    }
  }
}
