import Backup
import FileSystem
import Foundation
import Testing

@testable import holdfast

@Suite("What a backup will have to do")
struct SourceScanTests {
  @Test("files are counted with their sizes; links, and what is left out, are not")
  func counting() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "scan-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder.appending(path: "a/b"), withIntermediateDirectories: true)
    for (name, size) in [("one", 1), ("a/two", 20), ("a/b/three", 300), ("a/b/left.tmp", 4000)] {
      try Data(count: size).write(to: folder.appending(path: name))
    }
    try FileManager.default.createSymbolicLink(
      at: folder.appending(path: "link"), withDestinationURL: folder.appending(path: "one"))

    var request = BackupRequest(source: .files([folder.path, folder.path + "/nowhere"]))
    try request.excludes.add("*.tmp")
    let scan = SourceScan(request)
    #expect(scan.found == nil)
    scan.count()
    #expect(try #require(scan.found).files == 3 && #require(scan.found).bytes == 321)

    let image = SourceScan(BackupRequest(source: .image(path: folder.path + "/a/b/three")))
    image.count()
    #expect(try #require(image.found).bytes == 300)
  }

  @Test("the parent's numbers count first, then what the look found; while that goes on there is no end in sight")
  func expectations() {
    var progress = BackupProgress.State()
    #expect(BackupReport.state(progress, nil).phase == "reads the index")
    progress.bytes = 50
    progress.files = 1
    #expect(BackupReport.state(progress, nil).expectedBytes == nil)
    #expect(BackupReport.state(progress, (files: 4, bytes: 200, isAll: true)).fraction == 0.25)
    #expect(BackupReport.state(progress, (files: 4, bytes: 200, isAll: false)).fraction == nil)
    progress.expectedBytes = 100
    #expect(BackupReport.state(progress, (files: 4, bytes: 200, isAll: true)).fraction == 0.5)
    progress.bytes = 101
    #expect(BackupReport.state(progress, nil).fraction == nil)
  }
}
