import Foundation
import JSON
import Maintenance
import ResticRepository
import TestSupport

/// A repository that restic made: three snapshots of a folder that changes in every way.
struct SampleRepository {
  let place: RepositoryPlace
  let restic: String
  let repository: Repository
  let reader: BlobReader
  /// Oldest first.
  let snapshots: [StoredSnapshot]

  init(_ restic: String) async throws {
    self.restic = restic
    place = try RepositoryPlace()
    let source = place.folder.appendingPathComponent("source").path
    try await place.resticOutput(restic, ["init"])
    try await Self.change(source, Self.first)
    try await place.resticOutput(restic, ["backup", "--host", "one", source])
    try await Self.change(source, Self.second)
    try await place.resticOutput(restic, ["backup", "--host", "one", "--tag", "x,y", source])
    try await place.resticOutput(restic, ["backup", "--host", "two", source + "/same", source + "/deep"])
    repository = try await place.open()
    snapshots = try await repository.snapshots()
    reader = BlobReader(repository, try await repository.loadIndex(cache: .none))
  }

  private static func change(_ source: String, _ script: String) async throws {
    try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
    _ = try await runProgram("/bin/bash", ["-ec", script], directory: URL(fileURLWithPath: source)).orThrow(
      "make files")
  }

  private static let first = """
    random() { head -c $1 /dev/urandom; }
    mkdir -p same/sub deep/a/b/c gone/x turns
    random 5000 >same/one; cp same/one same/copy; random 3000000 >same/sub/large; : >same/empty
    seq 100000 >deep/a/text; random 100 >deep/a/b/c/leaf; ln deep/a/text deep/a/hard; ln -s text deep/a/link
    random 2000 >gone/file; ln -s nowhere gone/link; mkfifo gone/x/pipe; cp same/one gone/kept
    random 10 >turns/file; mkdir turns/folder; random 10 >turns/folder/in; printf 'a' >content; random 700 >meta
    cp -r same same2; printf 1 >'ünï [x]'; printf 2 >$'bad\\377name'
    """
  private static let second = """
    random() { head -c $1 /dev/urandom; }
    rm -r gone turns/folder turns/file; mkdir turns/file; printf x >turns/file/new; printf y >turns/folder
    printf 'b' >content; touch -d 2020-01-01 meta; chmod 600 meta
    mkdir -p new/in; random 4000 >new/in/file; ln -s x new/link; cp deep/a/b/c/leaf new/leaf; random 5 >>deep/a/b/c/leaf
    rm same2/copy
    """
}
