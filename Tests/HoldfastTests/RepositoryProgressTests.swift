import Backup
import JSON
import Maintenance
import Restore
import Terminal
import Testing

@testable import holdfast

@Suite("Progress of repository commands")
struct RepositoryProgressTests {
  static var busy: WorkState {
    var state = WorkState()
    state.bytes = 3 << 28
    state.expectedBytes = 3 << 29
    state.items = 1234
    state.expectedItems = 5678
    state.notes = ["added 120 MiB"]
    state.problems = 2
    state.current = ["/srv/data/a very long way/to/some/file/that/is/being/read.dat", "/b", "/c"]
    return state
  }

  static let pace = WorkPace(elapsed: .seconds(12), rate: 64 * 1024 * 1024)

  static func picture(_ state: WorkState, columns: Int) -> [String] {
    ProgressPicture.lines(state, pace, columns: columns).map(\.plain)
  }

  @Test("a wide terminal shows everything, and what is being read")
  func wide() {
    #expect(
      Self.picture(Self.busy, columns: 150) == [
        "[===================>                  ]  [0:12]  50%  768 MiB of 1.50 GiB  64.0 MiB/s  1,234 of 5,678 files  "
          + "0:12 left  added 120 MiB  2 errors",
        "  /srv/data/a very long way/to/some/file/that/is/being/read.dat", "  /b",
      ])
  }

  @Test(
    "no line is wider than the terminal, and the errors stay to the last", arguments: [19, 30, 40, 50, 79, 99, 120])
  func narrow(columns: Int) {
    let lines = Self.picture(Self.busy, columns: columns)
    for line in lines { #expect(displayWidth(line) <= columns) }
    #expect(lines[0].contains("2 errors") && lines[0].contains("50%"))
    #expect(lines.count == 3)
  }

  @Test("while the whole is unknown there is no percentage, no bar and no end in sight")
  func growing() {
    var state = Self.busy
    state.isGrowing = true
    let line = Self.picture(state, columns: 120)[0]
    #expect(line.hasPrefix("[0:12]  768 MiB of 1.50 GiB+  64.0 MiB/s  1,234 of 5,678+ files"))
    #expect(!line.contains("%") && !line.contains("left"))
    state.expectedBytes = nil
    state.expectedItems = nil
    #expect(Self.picture(state, columns: 120)[0].hasPrefix("[0:12]  768 MiB  64.0 MiB/s  1,234 files"))
  }

  @Test("a path that is too long loses its middle, and control characters")
  func paths() {
    #expect(shortenedInTheMiddle("/srv/data/file.dat", to: 18) == "/srv/data/file.dat")
    #expect(
      shortenedInTheMiddle("/srv/data/deep/file.dat", to: 15) == "/srv…e/file.dat".replacing("e/file", with: "p/file"))
    var state = WorkState()
    state.bytes = 1
    state.current = ["/a\u{1B}[2Jb\nc"]
    #expect(Self.picture(state, columns: 40)[1] == "  /a\u{FFFD}[2Jb c")
  }

  @Test("a check tells bytes where packs are read, and counts elsewhere")
  func stages() {
    #expect(StageBoard.state(nil) == .phase("reads the index"))
    let packs = MaintenanceProgress(.packs, done: 3, of: 12, bytes: 3 << 28, ofBytes: 3 << 30)
    #expect(
      Self.picture(StageBoard.state(packs), columns: 120)[0].hasSuffix(
        "[0:12]  verifies packs  25%  768 MiB of 3.00 GiB  64.0 MiB/s  3 of 12 packs  0:36 left"))
    #expect(
      StageBoard.status(packs, Self.pace) == [
        "message_type": "status", "seconds_elapsed": 12, "seconds_remaining": 36, "stage": "packs", "done": 3,
        "total": 12, "bytes_done": .int(3 << 28), "total_bytes": .int(3 << 30), "percent_done": 0.25,
        "bytes_per_second": .int(1 << 26),
      ])
    let trees = MaintenanceProgress(.trees, done: 256)
    #expect(Self.picture(StageBoard.state(trees), columns: 120) == ["[0:12]  reads folders  256 folders"])
    let status = StageBoard.status(trees, Self.pace)
    #expect(status["bytes_done"] == nil && status["bytes_per_second"] == nil && status["seconds_remaining"] == nil)
  }

  @Test("programs are told of a backup what the picture shows, with restic's names")
  func backupStatus() {
    var progress = BackupProgress.State()
    (progress.files, progress.bytes, progress.bytesRead) = (3, 3 << 28, 1 << 28)
    (progress.expectedFiles, progress.expectedBytes) = (12, 3 << 30)
    (progress.addedPackedBytes, progress.problems) = (120 << 20, 1)
    progress.current = ["/srv/data/orders"]
    #expect(
      Self.picture(BackupReport.state(progress, nil), columns: 120)[0].hasSuffix(
        "[0:12]  25%  768 MiB of 3.00 GiB  64.0 MiB/s  3 of 12 files  0:36 left  added 120 MiB  1 error"))
    let expected: JSONValue = [
      "message_type": "status", "seconds_elapsed": 12, "seconds_remaining": 36, "percent_done": 0.25,
      "bytes_per_second": .int(1 << 26), "files_done": 3, "total_files": 12, "bytes_done": .int(3 << 28),
      "total_bytes": .int(3 << 30), "bytes_read": .int(1 << 28), "bytes_added": .int(120 << 20), "error_count": 1,
      "current_files": ["/srv/data/orders"],
    ]
    #expect(BackupReport.status(progress, nil, Self.pace) == expected)
    // While the source is still being counted nobody knows the end.
    progress.expectedBytes = 0
    let growing = BackupReport.status(progress, (files: 12, bytes: 3 << 30, isAll: false), Self.pace)
    #expect(growing["seconds_remaining"] == nil && growing["percent_done"]?.double == 0)
    #expect(growing["total_bytes"] == .int(3 << 30) && growing["bytes_per_second"] == .int(1 << 26))
    #expect(BackupReport.status(progress, nil, WorkPace(elapsed: .zero))["bytes_per_second"] == nil)
  }

  @Test("programs are told of a restore what the picture shows, with restic's names")
  func restoreStatus() {
    var progress = RestoreProgress.State()
    progress.isWalking = false
    (progress.files, progress.unchangedFiles, progress.expectedFiles) = (3, 1, 12)
    (progress.bytes, progress.unchangedBytes, progress.expectedBytes) = (3 << 28, 1 << 28, 3 << 30)
    (progress.deleted, progress.problems) = (2, 1)
    progress.current = ["/shop/orders"]
    let expected: JSONValue = [
      "message_type": "status", "seconds_elapsed": 12, "seconds_remaining": 36, "percent_done": 0.25,
      "bytes_per_second": .int(1 << 26), "bytes_done": .int(3 << 28), "total_bytes": .int(3 << 30), "total_files": 12,
      "files_restored": 2, "files_skipped": 1, "files_deleted": 2, "bytes_restored": .int(2 << 28),
      "bytes_skipped": .int(1 << 28), "error_count": 1, "current_files": ["/shop/orders"],
    ]
    #expect(RestoreReport.status(progress, Self.pace) == expected)
    progress.isWalking = true
    let growing = RestoreReport.status(progress, Self.pace)
    #expect(growing["seconds_remaining"] == nil && growing["percent_done"]?.double == 0)
  }

  @Test("the rate is that of the last seconds")
  func rate() {
    var meter = RateMeter()
    #expect(meter.perSecond == nil)
    meter.note(0, at: .zero)
    meter.note(1000, at: .seconds(10))
    #expect(meter.perSecond == 100)
    for second in 11...60 { meter.note(1000 + Double(second - 10) * 10, at: .seconds(second)) }
    #expect(meter.perSecond == 10)
  }

  @Test("the time that is left is not told when it can't be")
  func left() {
    var state = Self.busy
    #expect(state.left(at: nil) == nil && state.left(at: 0) == nil)
    #expect(state.left(at: .greatestFiniteMagnitude) == .seconds(1))
    state.expectedBytes = .max
    state.bytes = 0
    #expect(state.left(at: 1) == nil)
  }
}
