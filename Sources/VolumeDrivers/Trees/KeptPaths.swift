/// Tells whether a restore leaves alone what is at a path in a volume, with all that is in it. The path is the names on the way from
/// the volume's top, and its own.
public typealias PathTest = @Sendable (_ path: [[UInt8]]) -> Bool

/// What a restore neither removes nor overwrites, nor brings back.
struct KeptPaths: Sendable {
  private static let unfinished = Array((TreeCopy.unfinished + "-").utf8)

  private let isKept: PathTest?

  init(_ isKept: PathTest? = nil) { self.isKept = isKept }

  /// - Parameter path: the names on the way from the volume's top to the folder that the name is in.
  func contains(_ name: [UInt8], below path: [[UInt8]]) -> Bool {
    guard let isKept else { return false }
    // What a restore that was killed has left is ours, whatever its name would fit.
    return !name.starts(with: Self.unfinished) && isKept(path + [name])
  }
}
