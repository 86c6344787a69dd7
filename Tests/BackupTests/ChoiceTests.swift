import Backup
import Cryptography
import Foundation
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("What a backup leaves out, and what it would do")
struct ChoiceTests {
  @Test("Of a folder with a marker only the marker is kept, as restic does it")
  func markers() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("marked")
    try await shell(
      """
      mkdir -p tree/cache/deep tree/fake tree/skip tree/kept; cd tree
      printf 'Signature: 8a477f597d28d172789f06886806bc55\\n# mine' >cache/CACHEDIR.TAG; : >cache/a; : >cache/deep/b
      printf 'Signature: none' >fake/CACHEDIR.TAG; : >fake/a
      printf 'not now' >skip/.nobackup; : >skip/a; printf 'maybe' >kept/.nobackup; : >kept/a
      ln -s ../cache/CACHEDIR.TAG kept/CACHEDIR.TAG
      """, in: place)
    var request = BackupRequest(source: .files([place.path + "/tree"]))
    request.markers = [.cacheFolder, ExcludeMarker(name: Array(".nobackup".utf8), header: Array("not".utf8))]
    let result = try await test.backUp(request)
    #expect(result.problemCount == 0 && !result.isIncomplete)
    try await test.restic(
      "backup", "--exclude-caches", "--exclude-if-present", ".nobackup:not", place.path + "/tree")
    let ours = try await names(test, result.snapshot.id.hex, below: place.path)
    #expect(
      ours == [
        "/tree", "/tree/cache", "/tree/cache/CACHEDIR.TAG", "/tree/fake", "/tree/fake/CACHEDIR.TAG", "/tree/fake/a",
        "/tree/kept", "/tree/kept/.nobackup", "/tree/kept/CACHEDIR.TAG", "/tree/kept/a", "/tree/skip",
        "/tree/skip/.nobackup",
      ])
    // restic follows the link; the convention asks for a regular file.
    let theirs = try await names(test, "latest", below: place.path)
    #expect(theirs.filter { !$0.hasPrefix("/tree/kept") } == ours.filter { !$0.hasPrefix("/tree/kept") })
  }

  private func names(_ test: TestRepository, _ snapshot: String, below path: String) async throws -> [String] {
    try await test.restic("ls", snapshot).output.split(separator: "\n")
      .compactMap { $0.hasPrefix(path + "/") ? String($0.dropFirst(path.count)) : nil }.sorted()
  }

  @Test("A dry run tells what a backup would add, and changes nothing in the repository")
  func dryRun() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("dry")
    try await shell("mkdir tree; head -c 20000000 /dev/urandom >tree/a; printf b >tree/b", in: place)
    let listing = "find . -type f -printf '%p %s %T@\\n' | sort"
    let before = try await shell(listing, in: test.folder)
    var request = BackupRequest(source: .files([place.path + "/tree"]))
    request.isDryRun = true
    let result = try await backUp(request, to: test.repository, lock: nil, cache: .none)
    #expect(try await shell(listing, in: test.folder) == before)
    request.isDryRun = false
    let real = try await test.backUp(request)
    #expect(result.progress.filesNew == 2 && result.progress.bytesRead == real.progress.bytesRead)
    // The times of the folders above are kept, too, and others work in those.
    #expect(abs(result.progress.addedBytes - real.progress.addedBytes) < 100)
    await #expect(throws: RepositoryError.self) {
      try await backUp(request, to: test.repository, lock: nil, cache: .none)
    }
    try await test.judge()
  }
}
