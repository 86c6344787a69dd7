import PostgresClient
public import StepEngine

extension RestorePointStore {
  /// Keeps other runs from an application until the step's run frees it or ends: two at once would end each other's rest.
  /// - Parameter isShared: whether others that share it may be at it, too: they only read.
  /// - Returns: nil if the run has the application; otherwise which run is before it, a sentence. Ask again on the signal
  ///   `freedSignal`, and now and then: a run may end without having freed it.
  /// - Throws: `StoreError`: `.staleFence` if another attempt holds the step.
  public func hold(
    application: String, isShared: Bool, by step: HeldStep
  ) async throws(StoreError) -> String? {
    try await call(
      "select holdfast.hold_application($1, $2, $3, $4)",
      [.int64(step.id.value), .int64(step.fence.value), .text(application), .bool(isShared)]
    ) { row throws(PostgresError) in try row.optionalString(0) }
  }

  /// Lets an application go, or stops asking for it. Safe to repeat.
  /// - Throws: `StoreError`: `.staleFence` if another attempt holds the step.
  public func free(application: String, by step: HeldStep) async throws(StoreError) {
    try await call(
      "select holdfast.free_application($1, $2, $3)",
      [.int64(step.id.value), .int64(step.fence.value), .text(application)]
    ) { _ throws(PostgresError) in }
  }

  /// The signal that tells those who wait for an application that it was freed.
  public static func freedSignal(_ application: String) -> String { "application/" + application }
}
