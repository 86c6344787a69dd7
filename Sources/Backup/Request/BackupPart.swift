internal import ResticRepository

/// A share of a backup's work, so that several processes, on any number of machines, can export one volume together.
///
/// Which part a file or a stretch of one belongs to follows from its name: nothing has to be agreed on but the numbers.
/// Every part can be repeated, or left to the last step, which does what is missing.
public struct BackupPart: Sendable, Hashable, Codable {
  /// Which one, from 0 on.
  public let index: Int
  /// Of how many.
  public let count: Int

  /// A part of some.
  public init(index: Int, count: Int) {
    precondition(count > 0 && (0..<count).contains(index), "A part is one of those that there are.")
    self.index = index
    self.count = count
  }

  /// All parts, if there are to be so many.
  public static func all(_ count: Int) -> [BackupPart] {
    (0..<max(1, count)).map { BackupPart(index: $0, count: max(1, count)) }
  }

  func owns(_ file: PathKey, segment: Int) -> Bool { file.share(of: count, segment: segment) == index }
}
