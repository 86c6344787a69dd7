/// Takes snapshots of one sort of volume, hands out clones of them to read from, and brings a volume back to one.
///
/// For implementers: every operation may be called again after any failure, also one that killed the process in its middle,
/// and then finishes what was begun or begins anew: a name is one object for ever, so the same call with the same name never
/// makes a second object, and what is half made is never taken for the whole. What is gone already is released already.
/// An object is durable before the call that made it returns. Calls for different names may run at the same time.
/// Nothing blocks Swift's own threads. Names are letters, digits, `-`, `_` and `.`, at most 200 (`ObjectName.check`).
public protocol VolumeDriver: Sendable {
  /// The name that inventories use: `btrfs`, `reflink`, `directory`, `exec`.
  var name: String { get }

  /// What can be done with this volume, and what a person should know about it.
  /// - Throws: `.permanent` where the driver cannot work with the volume, `.missing` where the volume is not there.
  func capabilities(of source: VolumeSource) async throws(DriverError) -> DriverCapabilities

  /// What at a path, and below it as far as the driver looks, can be a volume of this driver; nothing of what the driver itself keeps.
  /// It only looks.
  /// - Parameter path: an absolute path: a folder or an image file, or what the program of `exec` takes for a place.
  /// - Throws: `.missing` where nothing is there, `.permanent` where the driver can take nothing there, and from programs of
  ///   `exec` that don't know the operation.
  func discover(below path: String) async throws(DriverError) -> [DiscoveredVolume]

  /// Makes the snapshot of that name, or finds it: a second call returns the snapshot that the first one made.
  /// - Throws: `.full` with nothing left behind, `.missing` where the volume is not there, `.retryable` or `.permanent`.
  func snapshot(_ source: VolumeSource, named name: String) async throws(DriverError) -> DriverObject

  /// Whether the snapshot can be read and cloned by now.
  func readiness(_ source: VolumeSource, snapshot: String) async throws(DriverError) -> SnapshotReadiness

  /// Makes something to read the snapshot's data from (and write to, where `writable`), or finds what an earlier call made.
  ///
  /// A read-only clone may be the snapshot itself; the snapshot must then outlive it.
  /// - Throws: `.missing` where there is no such snapshot; `.permanent` where a writable clone is wanted that the driver can't make.
  func clone(_ source: VolumeSource, snapshot: String, named name: String, writable: Bool) async throws(DriverError)
    -> DriverClone

  /// Removes a clone, and what makes it reachable (mounts, devices). One that is not there is fine.
  func releaseClone(_ source: VolumeSource, named name: String) async throws(DriverError)

  /// Removes a snapshot. One that is not there is fine.
  func releaseSnapshot(_ source: VolumeSource, named name: String) async throws(DriverError)

  /// The byte ranges of an image or device that may differ between two snapshots; nil where the driver can't tell.
  func changedRanges(_ source: VolumeSource, from: String, to: String) async throws(DriverError) -> [Range<Int>]?

  /// Makes the volume's content the snapshot's again; what was put there since is gone.
  ///
  /// Who uses the volume must have stopped. Killed in its middle, it leaves a mixture, and a second call finishes it.
  /// - Parameter isKept: what of a folder is neither removed nor overwritten, nor brought back; nil for nothing. Of a volume that
  ///   isn't there at all it may come back with the rest. An image is always restored as a whole.
  /// - Throws: `.missing` where there is no such snapshot; `.permanent` where the driver can't leave alone what is kept, with nothing
  ///   changed.
  func restore(_ source: VolumeSource, snapshot: String, keeping isKept: PathTest?) async throws(DriverError)

  /// What exists of ours at this volume, whatever run made it: complete snapshots and clones, oldest first where known.
  func owned(_ source: VolumeSource) async throws(DriverError) -> [DriverObject]

  /// Makes an empty volume at a path where nothing is, with the folders above it, so that what comes into it can be used as a volume
  /// of this driver at once. Optional: does nothing where there is something, where the file system can't, or where any folder would do.
  /// - Parameter path: an absolute path.
  func makeEmptyVolume(at path: String) async throws(DriverError)
}

extension VolumeDriver {
  /// Makes the volume's content the snapshot's again, all of it.
  public func restore(_ source: VolumeSource, snapshot: String) async throws(DriverError) {
    try await restore(source, snapshot: snapshot, keeping: nil)
  }

  /// Does nothing: any folder will do.
  public func makeEmptyVolume(at path: String) async throws(DriverError) {}
}
