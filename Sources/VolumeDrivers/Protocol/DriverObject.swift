/// A snapshot or a clone that exists.
public struct DriverObject: Sendable, Equatable {
  /// What it is.
  public enum Kind: String, Sendable {
    case snapshot
    case clone
  }

  /// What it is.
  public var kind: Kind
  /// The name that it was made with.
  public var name: String
  /// When it was made, in seconds since 1970; nil where the driver can't tell.
  public var createdAt: Int?
  /// The size of its data in bytes, holes included for an image; nil where the driver can't tell cheaply.
  public var bytes: Int?

  /// An object of a driver.
  public init(kind: Kind, name: String, createdAt: Int? = nil, bytes: Int? = nil) {
    self.kind = kind
    self.name = name
    self.createdAt = createdAt
    self.bytes = bytes
  }
}

/// Whether a snapshot can be read by now.
public enum SnapshotReadiness: Sendable, Equatable {
  /// It can; its size in bytes where that is known.
  case ready(bytes: Int?)
  /// Not yet, for the reason (one sentence). Look again after the time.
  case notReady(reason: String, checkAfter: Duration)
  /// There is no such snapshot.
  case missing
}

/// Where a clone's data can be read.
public struct DriverClone: Sendable, Equatable {
  /// An absolute path, and what lies there.
  public enum Place: Sendable, Equatable {
    /// A folder with the volume's files.
    case folder(String)
    /// An image file.
    case image(String)
    /// A block device.
    case device(String)

    /// The path, whatever lies there.
    public var path: String {
      switch self {
      case .folder(let path), .image(let path), .device(let path): path
      }
    }
  }

  /// The name that it was made with.
  public var name: String
  /// Where its data is, on the node where the driver ran.
  public var place: Place

  /// A clone and its place.
  public init(name: String, place: Place) {
    self.name = name
    self.place = place
  }
}
