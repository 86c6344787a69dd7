internal import Glibc

/// What every driver must do, tried with one volume.
///
/// The volume's content is changed and restored, so it must be one made for this: see `isInUse`. What was made is released
/// again, whatever fails.
public struct DriverConformance: Sendable {
  private let driver: any VolumeDriver
  private let volume: VolumeSource
  private let base: String

  /// A suite for a driver and a volume that it can work with.
  public init(driver: any VolumeDriver, volume: VolumeSource) {
    self.driver = driver
    self.volume = volume
    base = "hf-conformance-" + String(UInt32.random(in: .min ... .max), radix: 16)
  }

  /// Whether the volume holds data that the suite would change or take back. An image or device always does.
  /// - Throws: `DriverError` where the driver can't work with the volume, `FileError` where it can't be read.
  public func isInUse() async throws -> Bool {
    let isFolder = try await driver.capabilities(of: volume).kind == .folder
    return try await TestContent.isInUse(volume.path, isFolder: isFolder)
  }

  /// Tries everything.
  /// - Parameter report: gets each check as soon as its outcome is known.
  /// - Returns: all of them, in order.
  public func run(report: @escaping (ConformanceCheck) -> Void = { _ in }) async -> [ConformanceCheck] {
    var list = CheckList(report: report)
    guard
      let able = await list.check("says what it can do with the volume", { try await driver.capabilities(of: volume) })
    else {
      list.skip("everything else", "it can't work with the volume")
      return list.checks
    }
    await checkNothing(&list)
    let content = TestContent(volume.path, isFolder: able.kind == .folder)
    do {
      try await content.write("first")
      let first = try await content.read()
      await checkSnapshots(&list, able, content, first)
    } catch {
      _ = await list.check("lets the suite write to the volume") { throw error }
    }
    await release(&list)
    do { try await content.remove() } catch {
      _ = await list.check("lets the suite remove what it wrote") { throw error }
    }
    return list.checks
  }

  private func checkNothing(_ list: inout CheckList) async {
    var nowhere = volume
    nowhere.path += "-holdfast-none"
    _ = await list.check("says that a volume is missing which isn't there") { [nowhere] in
      try await expectError(.missing) { () throws(DriverError) in
        _ = try await driver.snapshot(nowhere, named: base + "-none")
      }
    }
    _ = await list.check("says that a snapshot is missing which nobody made") {
      guard try await driver.readiness(volume, snapshot: base + "-none") == .missing else {
        throw Unmet("its readiness is something else than missing")
      }
      try await expectError(.missing) { () throws(DriverError) in
        _ = try await driver.clone(volume, snapshot: base + "-none", named: base + "-none-c", writable: false)
      }
      try await expectError(.missing) { () throws(DriverError) in
        try await driver.restore(volume, snapshot: base + "-none")
      }
    }
    _ = await list.check("releases gladly what isn't there") {
      try await driver.releaseClone(volume, named: base + "-none-c")
      try await driver.releaseSnapshot(volume, named: base + "-none")
    }
  }

  private func checkSnapshots(
    _ list: inout CheckList, _ able: DriverCapabilities, _ content: TestContent, _ first: String
  ) async {
    let a = base + "-a"
    guard let made = await list.check("makes a snapshot", { try await driver.snapshot(volume, named: a) }) else {
      return list.skip("what needs a snapshot", "none could be made")
    }
    _ = await list.check("makes it ready to be read within a minute") { try await waitUntilReady(a) }
    _ = await list.check("makes no second snapshot of the same name") {
      try await content.write("second")
      let again = try await driver.snapshot(volume, named: a)
      guard again.name == made.name, again.createdAt == made.createdAt else {
        throw Unmet("the second call returns \(again) rather than \(made)")
      }
      let found = try await driver.owned(volume).filter { $0.name == a && $0.kind == .snapshot }
      guard found.count == 1 else {
        throw Unmet("\(found.count) snapshots of that name are listed as its own, not one")
      }
    }
    await ConformanceOfClones(driver: driver, volume: volume, snapshot: a, expected: first)
      .run(&list, able, content)
    await checkTwo(&list, able, content)
    _ = await list.check("restores the volume, also a second time") {
      try await content.write("third")
      for _ in 0..<2 {
        try await driver.restore(volume, snapshot: a)
        guard try await content.read() == first else { throw Unmet(difference(try await content.read(), first)) }
      }
    }
  }

  private func checkTwo(_ list: inout CheckList, _ able: DriverCapabilities, _ content: TestContent) async {
    let (driver, volume, names) = (driver, volume, [base + "-b", base + "-d"])
    _ = await list.check("makes two snapshots at once") {
      async let one = driver.snapshot(volume, named: names[0])
      async let two = driver.snapshot(volume, named: names[1])
      _ = try await (one, two)
      for name in names { try await waitUntilReady(name) }
      let found = Set(try await driver.owned(volume).filter { $0.kind == .snapshot }.map(\.name))
      guard found.isSuperset(of: names) else { throw Unmet("not both are listed as its own") }
    }
    _ = await list.check("leaves out no byte that changed between two snapshots, where it says which did") {
      guard let ranges = try await driver.changedRanges(volume, from: base + "-a", to: names[0]) else { return }
      guard able.kind == .image, ranges.contains(where: { $0.contains(0) }) else {
        throw Unmet("the first byte has changed, and \(ranges.prefix(10)) don't say so")
      }
    }
  }

  private func waitUntilReady(_ name: String) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while true {
      switch try await driver.readiness(volume, snapshot: name) {
      case .ready: return
      case .missing: throw Unmet("the snapshot that it made is missing")
      case .notReady(let reason, let pause):
        guard ContinuousClock.now < end else { throw Unmet("it isn't ready after a minute: \(reason)") }
        try await Task.sleep(for: min(pause, .seconds(5)))
      }
    }
  }

  private func release(_ list: inout CheckList) async {
    _ = await list.check("releases what it made, also a second time, and keeps nothing") {
      for _ in 0..<2 {
        for name in ["a-c", "a-w"] { try await driver.releaseClone(volume, named: base + "-" + name) }
        for name in ["a", "b", "d"] { try await driver.releaseSnapshot(volume, named: base + "-" + name) }
      }
      guard try await driver.readiness(volume, snapshot: base + "-a") == .missing else {
        throw Unmet("a released snapshot isn't missing")
      }
      let left = try await driver.owned(volume).filter { $0.name.hasPrefix(base) }
      guard left.isEmpty else { throw Unmet("it still lists \(left.map(\.name).joined(separator: ", "))") }
    }
  }
}

/// How one text differs from another, in the first line that does.
func difference(_ found: String, _ expected: String) -> String {
  let (found, expected) = (found.split(separator: "\n"), expected.split(separator: "\n"))
  let line = found.indices.first { $0 >= expected.count || found[$0] != expected[$0] }
  let shown = line.map { String(found[$0]) } ?? "nothing"
  let wanted = expected.dropFirst(line ?? found.count).first.map(String.init) ?? "nothing"
  return "the content is another one: \"\(shown)\" rather than \"\(wanted)\""
}
