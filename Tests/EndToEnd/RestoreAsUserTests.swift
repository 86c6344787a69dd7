import Foundation
import Glibc
import TestSupport
import Testing

/// `holdfast repo restore` by somebody who is not root, with restic as the judge.
@Suite("Restoring without root's rights", .enabled(if: getuid() == 0, "only root can become another user"))
struct RestoreAsUserTests {
  @Test("What only root may set is told of, what only root may make is an error, and the rest is there")
  func everything() async throws {
    let place = try RepositoryPlace()
    try await place.makeSource()
    try await place.shell("setfattr -n trusted.secret -v x source/text")
    try await prepare(place)

    let ours = try await restore(place, "/our/holdfast", to: "ours")
    let theirs = try await restore(place, "restic", to: "theirs")
    #expect(ours.exitCode == 1 && theirs.exitCode == 1, "\(ours) \(theirs)")
    #expect(ours.errors.contains("error: cannot make the device ours/source/null: Operation not permitted\n"))
    #expect(ours.errors.contains("note: cannot set the owner of ours/source/random: Operation not permitted\n"))
    #expect(ours.errors.contains("note: cannot set the attribute trusted.secret of ours/source/text: "))
    #expect(ours.errors.hasSuffix("holdfast: 1 thing could not be restored, see above; everything else was\n"))
    try await place.shell(
      #"""
      [ ! -e ours/source/null ]
      diff -r --no-dereference --exclude null --exclude fifo source ours/source
      [ -p ours/source/fifo ]
      [ ours/source/a.txt -ef ours/source/hard ]
      [ "$(stat -c '%a' ours/source/text)" = 750 ] # not setuid for somebody else than it was
      [ "$(stat -c '%U %a' ours/source/sub/empty)" = 'nobody 1777' ]
      [ "$(stat -c '%y' ours/source/nothing)" = "$(stat -c '%y' source/nothing)" ]
      [ "$(getfattr --only-values -n user.comment ours/source/a.txt)" = 'some value' ]
      getfacl -c ours/source/random | grep -qx 'user:daemon:r--'
      """#)
  }

  @Test("Owners that can't be set are no failure, as with restic")
  func owners() async throws {
    let place = try RepositoryPlace()
    try await place.shell("mkdir source; echo a >source/a; chown -R 12345:54321 source")
    try await prepare(place)
    let ours = try await restore(place, "/our/holdfast", to: "ours")
    let theirs = try await restore(place, "restic", to: "theirs")
    #expect(ours.exitCode == 0 && theirs.exitCode == 0, "\(ours) \(theirs)")
    #expect(ours.errors.contains("note: cannot set the owner of ours/source/a: Operation not permitted\n"), "\(ours)")
    try await place.shell("diff -r source ours/source")
  }

  /// Backs the source up, and lets `nobody` read the repository, run our program and write into two folders.
  private func prepare(_ place: RepositoryPlace) async throws {
    #expect(try await place.holdfast("init").exitCode == 0)
    #expect(try await place.holdfast("backup", "source").exitCode == 0)
    try await place.shell(
      "mkdir ours theirs our; cp '\(holdfastBinary)' our/holdfast; chmod 755 . our our/holdfast; "
        + "chown -R nobody repository ours theirs")
  }

  /// Restores the latest snapshot as `nobody`.
  /// - Parameter program: restic, or where our program is below the place.
  private func restore(_ place: RepositoryPlace, _ program: String, to target: String) async throws -> ProgramResult {
    let command =
      program == "restic" ? ["restic", "--no-cache"] : [place.folder.path + program, "repo", "--no-cache"]
    return try await runProgram(
      "setpriv",
      ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"] + command
        + ["restore", "latest", "--target", target],
      environment: place.environment, directory: place.folder)
  }
}
