import Foundation
import TestSupport

/// A program that keeps backups, and how it is told to do each job.
protocol Contestant {
  /// How the table names it.
  var name: String { get }
  /// Makes an empty repository at `place`.
  func create(_ place: RepositoryPlace) -> Command
  /// Backs `folder` up.
  func backup(_ folder: URL, label: BackupLabel, to place: RepositoryPlace) -> Command
  /// Writes the newest of the changed backups into `target`, which is empty.
  func restore(to target: URL, from place: RepositoryPlace) -> Command
  /// Reads and checks all data.
  func check(_ place: RepositoryPlace) -> Command
  /// Forgets all but the newest backup; frees nothing yet.
  func forget(_ place: RepositoryPlace) -> Command
  /// Frees what no backup needs.
  func prune(_ place: RepositoryPlace) -> Command
}

/// What a backup is for; borg wants a name for each.
enum BackupLabel: String { case first, unchanged, changed, half }

/// Where one program's repository lies; its cache is its own, too.
struct RepositoryPlace {
  let folder: URL
  var repository: URL { folder.appendingPathComponent("repository") }
  var cache: URL { folder.appendingPathComponent("cache") }

  static let password = "benchmark"

  /// Removes what an earlier round left.
  func clear() throws { try shell(#"rm -rf "$1"; mkdir -p "$1/cache""#, [folder.path]) }

  /// The repository's size in MB (10^6 bytes).
  func megabytes() throws -> Double { try Double(size(of: repository).bytes) / 1e6 }
}

/// restic, with its defaults.
struct Restic: Contestant {
  let name: String
  let program: String

  func create(_ place: RepositoryPlace) -> Command { command(["init"], place) }
  func backup(_ folder: URL, label: BackupLabel, to place: RepositoryPlace) -> Command {
    command(["backup", "--quiet", folder.path], place)
  }
  func restore(to target: URL, from place: RepositoryPlace) -> Command {
    command(["restore", "latest", "--quiet", "--target", target.path], place)
  }
  func check(_ place: RepositoryPlace) -> Command { command(["check", "--quiet", "--read-data"], place) }
  func forget(_ place: RepositoryPlace) -> Command {
    command(["forget", "--quiet", "--keep-last", "1", "--group-by", "host"], place)
  }
  func prune(_ place: RepositoryPlace) -> Command { command(["prune", "--quiet"], place) }

  private func command(_ arguments: [String], _ place: RepositoryPlace) -> Command {
    Command(
      arguments: [program] + arguments,
      environment: [
        "RESTIC_REPOSITORY": place.repository.path, "RESTIC_PASSWORD": RepositoryPlace.password,
        "RESTIC_CACHE_DIR": place.cache.path,
      ])
  }
}

/// borg, with the compression that restic has by default.
struct Borg: Contestant {
  let name: String
  let program: String

  func create(_ place: RepositoryPlace) -> Command { command(["init", "--encryption", "repokey"], place) }
  func backup(_ folder: URL, label: BackupLabel, to place: RepositoryPlace) -> Command {
    command(["create", "--compression", "zstd,3", "::\(label.rawValue)", folder.path], place)
  }
  func restore(to target: URL, from place: RepositoryPlace) -> Command {
    var command = command(["extract", "::\(BackupLabel.changed.rawValue)"], place)
    command.folder = target
    return command
  }
  func check(_ place: RepositoryPlace) -> Command { command(["check", "--verify-data"], place) }
  func forget(_ place: RepositoryPlace) -> Command { command(["prune", "--keep-last", "1"], place) }
  func prune(_ place: RepositoryPlace) -> Command { command(["compact"], place) }

  private func command(_ arguments: [String], _ place: RepositoryPlace) -> Command {
    Command(
      arguments: [program] + arguments,
      environment: [
        "BORG_REPO": place.repository.path, "BORG_PASSPHRASE": RepositoryPlace.password,
        "BORG_BASE_DIR": place.cache.path,
      ])
  }
}
