internal import CommandSyntax
internal import ResticRepository

extension ExitCode {
  /// A backup that did not get at everything.
  static let incomplete = ExitCode(3, "the snapshot is there, but not all of it: something could not be read")
  /// There is no repository at the place.
  static let noRepository = ExitCode(10, "there is no repository at the place")
  /// Another process holds a lock.
  static let repositoryLocked = ExitCode(11, "another process has locked the repository")
  /// No key opens with the password.
  static let wrongPassword = ExitCode(12, "the password is wrong")
  /// SIGTERM, as shells count it.
  static let terminated = ExitCode(143, "ended by SIGTERM or SIGHUP")

  /// The codes of `holdfast repo`: restic's, where restic has one.
  static let ofRepository: [ExitCode] = [
    .ok, .failed, .usage, .incomplete, .noRepository, .repositoryLocked, .wrongPassword, .interrupted, .terminated,
  ]
}

/// The code for an error of a repository; nil for any other.
@Sendable func exitCode(forRepositoryError error: any Error) -> ExitCode? {
  guard let error = error as? RepositoryError else { return nil }
  return switch error.kind {
  case .missing: .noRepository
  case .locked: .repositoryLocked
  case .wrongPassword: .wrongPassword
  default: .failed
  }
}

/// The code for an error of any part; nil for one that says nothing of its kind.
@Sendable func exitCode(forError error: any Error) -> ExitCode? {
  exitCode(forStoreError: error) ?? exitCode(forRepositoryError: error)
}
