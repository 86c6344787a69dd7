/// What releases outside objects of one kind: a driver, a cluster. The janitor drives it.
public protocol ResourceReleaser: Sendable {
  /// The kind of object that it releases.
  var kind: String { get }
  /// Makes sure that the object is gone; an object that is gone already is released. Safe to repeat.
  func release(_ entry: ResourceLedger.Entry) async throws
}

/// Releases what no live run owns.
public struct Janitor: Sendable {
  private let ledger: ResourceLedger
  private let releasers: [any ResourceReleaser]

  /// A janitor for the kinds that `releasers` can release.
  public init(ledger: ResourceLedger, releasers: [any ResourceReleaser]) {
    self.ledger = ledger
    self.releasers = releasers
  }

  /// One round over all kinds. Objects that can't be released now are left for the next round.
  /// Returns what was released, and for what was not the reason.
  public func sweep() async throws(StoreError)
    -> (released: [ResourceLedger.Entry], failed: [(ResourceLedger.Entry, String)])
  {
    var released: [ResourceLedger.Entry] = []
    var failed: [(ResourceLedger.Entry, String)] = []
    for releaser in releasers {
      for entry in try await ledger.toRelease(kind: releaser.kind) {
        do { try await releaser.release(entry) } catch {
          failed.append((entry, "\(error)"))
          continue
        }
        try await ledger.released(entry)
        released.append(entry)
      }
    }
    return (released, failed)
  }
}
