import FileSystem
import Foundation
import TestSupport
import Testing

@Suite("The page cache after reading")
struct PageResidencyTests {
  @Test("Pages that were there stay, those that reading brought go")
  func drops() throws {
    let path = try scratchDirectory("pages").path + "/file"
    let length = 8 << 20
    try Data(repeating: 7, count: length).write(to: URL(fileURLWithPath: path))
    let file = try FileHandle(path: path)
    // Nothing is read ahead: it would still be arriving while it is counted.
    #expect(posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_RANDOM) == 0)
    #expect(fsync(file.descriptor) == 0)
    file.dontNeed(0..<length)
    #expect(try residentPages(file.descriptor, length) == 0)
    let half = UnsafeMutableRawBufferPointer.allocate(byteCount: length / 2, alignment: 4096)
    defer { half.deallocate() }
    _ = try file.read(at: 0, into: half)
    let before = try residentPages(file.descriptor, length)
    #expect(before >= length / 2 / 4096)

    let residency = try #require(PageResidency(file, 0..<length))
    _ = try file.read(at: length / 2, into: half)
    #expect(try residentPages(file.descriptor, length) == length / 4096)
    residency.dropOthers(from: file)
    // The cache holds pages in larger pieces, and keeps a piece that straddles the border.
    let after = try residentPages(file.descriptor, length)
    #expect(after >= before && after < before + length / 4096 / 4, "\(before), then \(after)")
  }

  @Test("Of a file's holes only what lies near data is looked at, and the pages of all data go")
  func holes() throws {
    let path = try scratchDirectory("pages").path + "/sparse"
    let (length, reach) = (1 << 40, 1 << 20)
    let places = [3 << 20, 500 << 30, length - 4096]
    let descriptor = open(path, O_CREAT | O_RDWR, 0o600)
    let block = [UInt8](repeating: 1, count: 4096)
    for place in places { #expect(pwrite(descriptor, block, block.count, off_t(place)) == block.count) }
    #expect(fsync(descriptor) == 0)
    close(descriptor)
    let file = try FileHandle(path: path)
    file.dontNeed(0..<length)

    let residency = try #require(PageResidency(file, 0..<length, holesUpTo: reach))
    // Behind the last one nothing follows.
    #expect(residency.pageCount == 5 * reach / 4096 + 3)
    let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 4096)
    defer { target.deallocate() }
    for place in places { _ = try file.read(at: place, into: target) }
    residency.dropOthers(from: file)
    for place in places { #expect(try residentPages(file.descriptor, 4096, at: place) == 0, "\(place)") }
    let hole = try #require(PageResidency(file, 0..<2 << 20, holesUpTo: reach))
    #expect(hole.pageCount == 0)
  }

  @Test("A stretch that is read once leaves what was there, and nothing else", arguments: [1, 4096, 40_000, 500_000])
  func readOnce(length: Int) throws {
    let path = try scratchDirectory("pages").path + "/file"
    let content = Data((0..<length).map { UInt8(truncatingIfNeeded: $0 / 7) })
    try content.write(to: URL(fileURLWithPath: path))
    let file = try FileHandle(path: path)
    #expect(fsync(file.descriptor) == 0)
    file.dontNeed(0..<length + 4096)
    #expect(try residentPages(file.descriptor, length) == 0)
    let target = UnsafeMutableRawBufferPointer.allocate(byteCount: length + 1, alignment: 4096)
    defer { target.deallocate() }

    #expect(try file.readOnce(at: 0, into: target) == length)
    #expect(Data(target[..<length]) == content)
    #expect(try residentPages(file.descriptor, length) == 0)

    target.initializeMemory(as: UInt8.self, repeating: 0)
    let all = try file.read(at: 0, into: target)
    #expect(all == length)
    let pages = try residentPages(file.descriptor, length)
    #expect(pages == (length + 4095) / 4096)
    #expect(try file.readOnce(at: 0, into: target) == length)
    #expect(Data(target[..<length]) == content)
    #expect(try residentPages(file.descriptor, length) == pages)
  }

  @Test("Of a file that is half there, the other half goes again")
  func readOncePartly() throws {
    let path = try scratchDirectory("pages").path + "/file"
    let length = 400_000
    let content = Data((0..<length).map { UInt8(truncatingIfNeeded: $0 / 7) })
    try content.write(to: URL(fileURLWithPath: path))
    let file = try FileHandle(path: path)
    #expect(posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_RANDOM) == 0)
    #expect(fsync(file.descriptor) == 0)
    file.dontNeed(0..<length + 4096)
    let target = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 4096)
    defer { target.deallocate() }
    _ = try file.read(at: 0, into: UnsafeMutableRawBufferPointer(rebasing: target[..<131_072]))
    let before = try residentPages(file.descriptor, length)
    #expect(before >= 32 && before < 98)

    #expect(try file.readOnce(at: 0, into: target) == length)
    #expect(Data(target) == content)
    #expect(try residentPages(file.descriptor, length) == before)
  }
}
