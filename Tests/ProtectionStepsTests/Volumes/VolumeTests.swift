import JSON
import StepEngine
import Testing
import VolumeDrivers

@testable import ProtectionSteps

@Suite("Names of snapshots and clones")
struct VolumeTests {
  @Test("no clone has the name of another volume's snapshot or clone, whatever volumes are called")
  func names() throws {
    var names: Set<String> = []
    for name in ["data", "data-c", "c-data", "c", "hf", "hfc"] {
      let volume = try Volume(
        json: ["name": .string(name), "driver": "exec", "path": "/dev/group/data", "tag": "t", "mark": "m"])
      for object in [volume.snapshotName(RunID(7)), volume.cloneName(RunID(7))] {
        #expect(names.insert(object).inserted, "\(object)")
        try ObjectName.check(object)
      }
    }
    #expect(names.contains("hf-t-7-m-data") && names.contains("hfc-t-7-m-data"))
  }
}
