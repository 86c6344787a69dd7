import Foundation
import TestSupport
import Testing
import VolumeDrivers

/// Many small volumes, and one with many small files: everything has to be gone in the end. Prints its figures; they are judged
/// by the benchmark, on a machine that has nothing else to do.
@Suite(.serialized) struct ManyObjectsTests {
  @Test("many small volumes leave nothing behind", arguments: CopyCase.all)
  func manyVolumes(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    let count = 50
    try await shell(
      "mkdir -p v; for n in $(seq \(count)); do mkdir v/$n; head -c 1M /dev/urandom > v/$n/file; done; sync -f v",
      in: place)
    let driver = try test.make()
    let start = ContinuousClock.now
    for number in 1...count {
      var volume = test.volume(place.appendingPathComponent("v/\(number)"))
      volume.name = "\(number)"
      _ = try await driver.snapshot(volume, named: "hf-1-\(number)")
      _ = try await driver.clone(volume, snapshot: "hf-1-\(number)", named: "hf-1-\(number)-c", writable: false)
      try await driver.releaseClone(volume, named: "hf-1-\(number)-c")
      try await driver.releaseSnapshot(volume, named: "hf-1-\(number)")
    }
    let rate = Double(count) / ((ContinuousClock.now - start) / .seconds(1))
    print("\(test.testDescription): \(Int(rate)) volumes of 1 MiB a second, one after the other")
    #expect(try await shell("ls -A", in: place) == "v\n")
  }

  @Test("ten thousand small files leave nothing behind", arguments: CopyCase.all) func manyFiles(test: CopyCase)
    async throws
  {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    try await shell(
      "mkdir data; for d in $(seq 100); do mkdir data/$d; (cd data/$d; for n in $(seq 100); do echo $n >$n; done); done",
      in: place)
    let (driver, volume) = (try test.make(), test.volume(place.appendingPathComponent("data")))
    var last = ContinuousClock.now
    func step(_ name: String) -> String {
      let now = ContinuousClock.now
      defer { last = now }
      return "\(name) \(Int((now - last) / .milliseconds(1))) ms"
    }
    _ = try await driver.snapshot(volume, named: "a")
    var times = [step("snapshot")]
    _ = try await driver.clone(volume, snapshot: "a", named: "c", writable: true)
    times.append(step("writable clone"))
    try await driver.restore(volume, snapshot: "a")
    times.append(step("restore"))
    try await driver.releaseClone(volume, named: "c")
    try await driver.releaseSnapshot(volume, named: "a")
    times.append(step("both released"))
    print("\(test.testDescription): 10,000 files, \(times.joined(separator: ", "))")
    #expect(try await shell("find data -type f | wc -l; ls -A", in: place) == "10000\ndata\n")
  }
}
