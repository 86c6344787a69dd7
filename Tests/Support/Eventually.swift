/// Waits until a condition holds, looking every few milliseconds; throws when it doesn't hold in time.
///
/// For what another process does in its own time; a test of our own code should wait for an event instead.
public func eventually(
  within limit: Duration = .seconds(10), _ what: String = "a condition", file: StaticString = #fileID,
  line: UInt = #line, _ condition: () async throws -> Bool
) async throws {
  let end = ContinuousClock.now + limit
  var pause = Duration.milliseconds(2)
  while !(try await condition()) {
    guard ContinuousClock.now < end else {
      throw TestSupportError("\(what) did not come true within \(limit) at \(file):\(line)")
    }
    try await Task.sleep(for: pause)
    pause = min(pause * 2, .milliseconds(50))
  }
}
