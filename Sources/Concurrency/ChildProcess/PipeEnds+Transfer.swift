extension PipeEnds {
  /// Runs `writer`, which writes into the pipe, beside `reader`, which reads from it to its end. Both ends are closed afterwards.
  ///
  /// That end does not come before `writer` has returned. If it throws, `reader` is cancelled and sees none, so that it can't take a
  /// part for the whole; if `reader` throws, `writer` is cancelled.
  /// - Throws: what `writer` throws by itself; else what `reader` throws.
  package func transfer<Value: Sendable>(
    from writer: @escaping @Sendable (_ output: CInt) async throws -> Void,
    to reader: @escaping @Sendable (_ input: CInt) async throws -> Value
  ) async throws -> Value {
    // As long as we hold it, what is read has no end.
    defer { writing.close() }
    let source = Task { try await writer(writing.number) }
    let sink = Task {
      defer { reading.close() }
      do {
        return try await reader(reading.number)
      } catch {
        source.cancel()
        throw error
      }
    }
    return try await withTaskCancellationHandler {
      let written = await source.result
      if case .success = written { writing.close() } else { sink.cancel() }
      let read = await sink.result
      do {
        try written.get()
      } catch is CancellationError {
        // It was ended because nobody reads any more: why that is says more.
        _ = try read.get()
        throw CancellationError()
      } catch {
        try Task.checkCancellation()
        throw error
      }
      return try read.get()
    } onCancel: {
      sink.cancel()
      source.cancel()
    }
  }
}
