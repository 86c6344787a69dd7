import Foundation
import TestSupport

/// Our own command.
struct Holdfast: Contestant {
  let name: String
  let program: String

  func create(_ place: RepositoryPlace) -> Command { command(["init"], place) }

  /// An image is backed up as what it is, for that is the question: how fast are disks.
  func backup(_ folder: URL, label: BackupLabel, to place: RepositoryPlace) -> Command {
    let image = DiskImage.image(folder).path
    let what = access(image, F_OK) == 0 ? ["--device", image] : [folder.path]
    return command(["backup"] + what, place)
  }

  /// A backup of an image of which is known which ranges changed since the last one.
  func backup(_ folder: URL, changed: [Range<Int>], to place: RepositoryPlace) throws -> Command {
    let list = place.folder.appendingPathComponent("changed-blocks")
    try Data(changed.map { "\($0.lowerBound) \($0.count)\n" }.joined().utf8).write(to: list)
    return command(["backup", "--device", DiskImage.image(folder).path, "--changed-blocks", list.path], place)
  }

  /// Without the wait for the disk at its end, which restic has not either.
  func restore(to target: URL, from place: RepositoryPlace) -> Command {
    command(["restore", "latest", "--no-sync", "--target", target.path], place)
  }
  func check(_ place: RepositoryPlace) -> Command { command(["check", "--read-data"], place) }
  func forget(_ place: RepositoryPlace) -> Command {
    command(["forget", "--keep-last", "1", "--group-by", "host"], place)
  }
  func prune(_ place: RepositoryPlace) -> Command { command(["prune"], place) }

  private func command(_ arguments: [String], _ place: RepositoryPlace) -> Command {
    Command(
      arguments: [program, "repo"] + arguments,
      environment: [
        "RESTIC_REPOSITORY": place.repository.path, "RESTIC_PASSWORD": RepositoryPlace.password,
        "XDG_CACHE_HOME": place.cache.path, "RESTIC_CACHE_DIR": place.cache.path,
      ])
  }
}
