import Foundation
import TestSupport

/// What is backed up: real files, an image, or many small files.
protocol DataSet: Sendable {
  /// A letter, as the goals name it.
  static var name: String { get }
  /// What it is, for people.
  static var summary: String { get }
  /// Makes `place.source` and `place.half`.
  static func make(_ place: DataPlace) throws
  /// Changes about 1 % of `place.source`, each `turn` elsewhere, and says which ranges of an image these are.
  static func change(_ place: DataPlace, turn: Int) throws -> [Range<Int>]
}

var dataSets: [any DataSet.Type] { [RealFiles.self, DiskImage.self, SmallFiles.self] }

/// Where one data set lies.
struct DataPlace {
  let folder: URL
  /// The part of the full size that is made, at most 1.
  let scale: Double

  /// What is backed up.
  var source: URL { folder.appendingPathComponent("source") }
  /// Every second part of it: backed up as well, and all else forgotten, half of the repository is of no use any more.
  var half: URL { folder.appendingPathComponent("half") }
  /// The names of the files in `source`, in the order of their choice.
  var list: URL { folder.appendingPathComponent("list") }

  private var marker: URL { folder.appendingPathComponent("made") }
  private var turns: URL { folder.appendingPathComponent("turns") }

  /// Makes the data unless they are there from an earlier run.
  func prepare(_ data: any DataSet.Type) throws {
    let wanted = "\(scale)"
    if let made = try? String(contentsOf: marker, encoding: .utf8), made == wanted { return }
    note("making data \(data.name): \(data.summary)")
    try shell(#"rm -rf "$1"; mkdir -p "$1/source" "$1/half""#, [folder.path])
    try data.make(self)
    try Data(wanted.utf8).write(to: marker)
  }

  /// Changes 1 % of the data; twice never the same.
  func change(_ data: any DataSet.Type) throws -> [Range<Int>] {
    let turn = (try? String(contentsOf: turns, encoding: .utf8)).flatMap { Int($0) } ?? 0
    try Data("\(turn + 1)".utf8).write(to: turns)
    return try data.change(self, turn: turn)
  }
}

/// Tells on standard error what goes on.
func note(_ text: String) { FileHandle.standardError.write(Data("  \(text)\n".utf8)) }

/// Writes a whole file, or part of one that is there.
func write(_ bytes: UnsafeRawBufferPointer, to path: String, at offset: Int = 0, flags: Int32 = O_CREAT | O_TRUNC)
  throws
{
  let file = open(path, O_WRONLY | O_CLOEXEC | flags, 0o644)
  guard file >= 0 else { throw TestSupportError("cannot write \(path)") }
  defer { close(file) }
  var done = 0
  while done < bytes.count {
    let count = pwrite(file, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
    guard count > 0 else { throw TestSupportError("cannot write \(path)") }
    done += count
  }
}
