internal import FileSystem
internal import Glibc

/// The part of the suite that looks at clones of one snapshot, taken before the volume's content changed.
struct ConformanceOfClones {
  let driver: any VolumeDriver
  let volume: VolumeSource
  let snapshot: String
  /// What the snapshot must hold.
  let expected: String

  func run(_ list: inout CheckList, _ able: DriverCapabilities, _ content: TestContent) async {
    let name = snapshot + "-c"
    let clone = await list.check("clones what the volume held, whatever was written since") {
      let clone = try await driver.clone(volume, snapshot: snapshot, named: name, writable: false)
      try Self.checkSort(clone, able)
      try await checkContent(clone)
      return clone
    }
    guard let clone else { return list.skip("what needs a clone", "none could be made") }
    _ = await list.check("makes no second clone of the same name") {
      let again = try await driver.clone(volume, snapshot: snapshot, named: name, writable: false)
      guard again == clone else { throw Unmet("the second call returns \(again.place) rather than \(clone.place)") }
      try await checkContent(again)
    }
    if able.canWriteClones {
      await checkWritable(&list, able, content)
    } else {
      _ = await list.check("refuses writable clones for good, as it says that it makes none") {
        try await expectError(.permanent) { () throws(DriverError) in
          _ = try await driver.clone(volume, snapshot: snapshot, named: snapshot + "-w", writable: true)
        }
      }
    }
    _ = await list.check("keeps the snapshot when its clone is released") {
      try await driver.releaseClone(volume, named: name)
      try await driver.releaseClone(volume, named: name)
      try await checkContent(driver.clone(volume, snapshot: snapshot, named: name, writable: false))
    }
  }

  private func checkWritable(_ list: inout CheckList, _ able: DriverCapabilities, _ content: TestContent) async {
    _ = await list.check("makes writable clones, and keeps what is written to them from snapshot and volume") {
      let before = try await content.read()
      let clone = try await driver.clone(volume, snapshot: snapshot, named: snapshot + "-w", writable: true)
      try Self.checkSort(clone, able)
      try await checkContent(clone)
      try await TestContent(clone.place.path, isFolder: able.kind == .folder).write("clone")
      let again = try await driver.clone(volume, snapshot: snapshot, named: snapshot + "-w", writable: true)
      guard again == clone, try await TestContent.read(again.place) != expected else {
        throw Unmet("the same call again makes another clone, or loses what was written to the first")
      }
      guard try await content.read() == before else { throw Unmet("the volume has changed with the clone") }
      try await checkContent(driver.clone(volume, snapshot: snapshot, named: snapshot + "-c", writable: false))
    }
  }

  private func checkContent(_ clone: DriverClone) async throws {
    let found = try await TestContent.read(clone.place)
    guard found == expected else { throw Unmet(difference(found, expected)) }
  }

  private static func checkSort(_ clone: DriverClone, _ able: DriverCapabilities) throws {
    switch (clone.place, able.kind) {
    case (.folder, .folder), (.image, .image), (.device, .image): return
    default: throw Unmet("the clone is \(clone.place), though the volume is said to be of kind \(able.kind.rawValue)")
    }
  }
}
