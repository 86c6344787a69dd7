/// Waits until a condition holds, looking every few milliseconds; throws when it doesn't hold in time. The limit is
/// against hanging only: a busy machine may take long for anything.
///
/// For what another process does in its own time; a test of our own code should wait for an event instead.
public func eventually(
  within limit: Duration = .seconds(60), _ what: String = "a condition", file: StaticString = #fileID,
  line: UInt = #line, _ condition: () async throws -> Bool
) async throws {
  var left = limit
  var pause = Duration.milliseconds(2)
  while true {
    let begin = ContinuousClock.now
    if try await condition() { return }
    guard left > .zero else {
      throw TestSupportError("\(what) did not come true within \(limit) at \(file):\(line)")
    }
    try await Task.sleep(for: pause)
    // While the machine or this process stood still, what is waited for did, too: that time hardly counts.
    left -= min(ContinuousClock.now - begin, .seconds(1))
    pause = min(pause * 2, .milliseconds(50))
  }
}
