internal import Synchronization

/// What a copy has done so far; any thread may ask at any time.
public final class CopyProgress: Sendable {
  private let fileCount = Atomic(0)
  private let byteCount = Atomic(0)

  /// Nothing done yet.
  public init() {}

  /// Files that are copied; further names of one are not counted.
  public var files: Int { fileCount.load(ordering: .relaxed) }
  /// Bytes of these, and of the part of the others that is done; holes and shared blocks included.
  public var bytes: Int { byteCount.load(ordering: .relaxed) }

  func countFile() { fileCount.wrappingAdd(1, ordering: .relaxed) }

  func count(bytes: Int) { byteCount.wrappingAdd(bytes, ordering: .relaxed) }
}
