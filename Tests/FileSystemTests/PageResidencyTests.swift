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
    #expect(fsync(file.descriptor) == 0)
    file.dontNeed(0..<length)
    #expect(try residentPages(file, length) == 0)
    let half = UnsafeMutableRawBufferPointer.allocate(byteCount: length / 2, alignment: 4096)
    defer { half.deallocate() }
    _ = try file.read(at: 0, into: half)
    let before = try residentPages(file, length)
    #expect(before >= length / 2 / 4096)

    let residency = try #require(PageResidency(file, 0..<length))
    _ = try file.read(at: length / 2, into: half)
    #expect(try residentPages(file, length) == length / 4096)
    residency.dropOthers(from: file)
    // The cache holds pages in larger pieces, and keeps a piece that straddles the border.
    let after = try residentPages(file, length)
    #expect(after >= before && after < before + length / 4096 / 4, "\(before), then \(after)")
  }

  private func residentPages(_ file: FileSystem.FileHandle, _ length: Int) throws -> Int {
    let address = try #require(mmap(nil, length, PROT_READ, MAP_SHARED, file.descriptor, 0))
    defer { munmap(address, length) }
    var pages = [UInt8](repeating: 0, count: length / 4096)
    try #require(mincore(address, length, &pages) == 0)
    return pages.count { $0 & 1 == 1 }
  }
}
