extension AsyncStream where Element: Sendable {
  /// What `state` gives at intervals, and once more when `isFinished` says that nothing changes any more; then it ends. Without
  /// that it ends with the task that reads it. Who reads too slowly gets the latest only.
  public static func sampling(
    every interval: Duration, until isFinished: @escaping @Sendable () -> Bool = { false },
    _ state: @escaping @Sendable () -> Element
  ) -> AsyncStream<Element> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
      let task = Task {
        while !isFinished() {
          continuation.yield(state())
          do { try await Task.sleep(for: interval) } catch { break }
        }
        continuation.yield(state())
        continuation.finish()
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
}
