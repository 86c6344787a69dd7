/// What a driver can do with one volume.
public struct DriverCapabilities: Sendable, Equatable {
  /// What a volume is to those who read its clones.
  public enum Kind: String, Sendable {
    /// A tree of files.
    case folder
    /// One run of bytes: an image file or a block device.
    case image
  }

  /// Whether a snapshot is the volume at one instant, as a power cut would leave it. Where it isn't, only a quiesced
  /// application gives a snapshot that can be trusted.
  public var isCrashConsistent: Bool
  /// Whether clones can be written to.
  public var canWriteClones: Bool
  /// Whether snapshots may stay after the run that made them.
  public var keepsSnapshots: Bool
  /// Whether `snapshot` works while the volume's filesystem is frozen (FIFREEZE). A driver that writes into the frozen
  /// filesystem would wait for the thaw that waits for it.
  public var worksWhileFrozen: Bool
  /// Whether clones are folders or images.
  public var kind: Kind
  /// What a person should know, a sentence each: nested subvolumes that no snapshot holds, and the like.
  public var warnings: [String]

  /// Capabilities of a volume.
  public init(
    isCrashConsistent: Bool, canWriteClones: Bool, keepsSnapshots: Bool, worksWhileFrozen: Bool, kind: Kind,
    warnings: [String] = []
  ) {
    self.isCrashConsistent = isCrashConsistent
    self.canWriteClones = canWriteClones
    self.keepsSnapshots = keepsSnapshots
    self.worksWhileFrozen = worksWhileFrozen
    self.kind = kind
    self.warnings = warnings
  }
}
