import FileSystem
import Foundation
import TestSupport
import Testing

@Suite("What a copy says of its source")
struct SourceIdentityTests {
  @Test("is read as it was written, also where only the owner may read")
  func attribute() throws {
    let name = Array("copy".utf8)
    let folder = try DirectoryHandle(path: scratchDirectory().path)
    let file = try folder.createFile(name)
    let status = try file.currentMetadata()
    let identity = SourceIdentity(of: status)
    #expect(identity.inode == status.inode && identity.changed == status.changed)
    #expect(folder.sourceIdentity(of: name) == nil)
    #expect(try folder.openFile(name).sourceIdentity() == nil)
    do throws(FileError) { try file.setAttribute(identity.attribute) } catch {
      print("skipped: \(error)")
      return
    }
    try file.setPermissions(0o400)
    #expect(folder.sourceIdentity(of: name) == identity)
    #expect(try folder.openFile(name).sourceIdentity() == identity)
    #expect(folder.sourceIdentity(of: Array("none".utf8)) == nil)

    var found = try folder.extendedAttributes(of: name)
    let taken = found.takeSourceIdentity()
    #expect(taken == identity)
    #expect(!found.attributes.contains { $0.name == SourceIdentity.attributeName })
    let again = found.takeSourceIdentity()
    #expect(again == nil)
  }

  @Test(
    "is nothing where it isn't written so",
    arguments: ["", " ", "1", "1 2", "1 2 3 4", "1 2 x", "-1 2 3", "1 2 -3", "1,2,3", "99999999999999999999 1 1"])
  func text(value: String) {
    #expect(SourceIdentity(value: Array(value.utf8)) == nil)
  }

  @Test("may be of before 1970")
  func old() {
    let identity = SourceIdentity(value: Array("18446744073709551615 -7 999999999".utf8))
    #expect(identity?.inode == UInt64.max && identity?.changed == FileTime(seconds: -7, nanoseconds: 999_999_999))
    #expect(identity.flatMap { SourceIdentity(value: $0.attribute.value) } == identity)
  }
}
