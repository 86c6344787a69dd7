import FileSystem
import Foundation
import ResticFormat
import TestSupport
import Testing

@testable import Backup

@Suite("Work that waits")
struct WorkStackTests {
  /// A file of so many segments, which has no data.
  private func task(segments: Int) throws -> FileTask {
    let place = try scratchDirectory("source")
    let path = place.path + "/large"
    try #require(FileManager.default.createFile(atPath: path, contents: nil))
    try #require(truncate(path, off_t(segments * FileTask.segmentLength)) == 0)
    let folder = DirectoryTask(
      place: nil, path: [], handle: nil, node: TreeNode(name: [], kind: .dir), known: nil, knownEntries: .none,
      slots: 1)
    let file = try FileSystem.FileHandle(path: path)
    return FileTask(
      place: DirectoryTask.Place(directory: folder, slot: 0), file: file, node: TreeNode(name: [], kind: .file),
      metadata: try file.metadata(), isKnown: false, key: nil, finished: [:])
  }

  private func segments(_ job: Job?) -> Range<Int>? {
    guard case .segments(_, let range)? = job else { return nil }
    return range
  }

  @Test("A job takes little memory, and a file of any length is one")
  func size() throws {
    #expect(MemoryLayout<Job>.stride <= 64)
    var job = try Job.segments(task(segments: 1000), 0..<1000)
    var first = job.split()
    #expect(segments(first) == 0..<1)
    #expect(segments(job) == 1..<1000)
    job = try .segments(task(segments: 1), 0..<1)
    first = job.split()
    #expect(segments(first) == nil)
    #expect(segments(job) == 0..<1)
  }

  @Test("Segments of a file go to several workers, in order, before what waits below")
  func order() async throws {
    let stack = WorkStack()
    let (first, second) = (try task(segments: 2), try task(segments: 3))
    stack.push([.segments(first, 0..<2), .segments(second, 0..<3)])
    for number in [0, 1, 2, 0, 1] {
      let job = try await stack.pop()
      #expect(segments(job) == number..<number + 1)
    }
    // Two workers that wait get a segment each.
    async let one = stack.pop()
    async let other = stack.pop()
    stack.push([.segments(first, 0..<2)])
    let handed = try await [one, other].map(segments)
    #expect(Set(handed) == [0..<1, 1..<2])
    stack.finish()
    let isDone = try await stack.pop() == nil
    #expect(isDone)
  }
}
