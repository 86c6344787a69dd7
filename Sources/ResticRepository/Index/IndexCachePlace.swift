internal import Glibc

/// Where what index files say is kept on this machine, so that opening a large repository takes no time.
public enum IndexCachePlace: Sendable, Equatable {
  /// Below `$XDG_CACHE_HOME/holdfast`, or `~/.cache/holdfast`; nowhere if there is neither.
  case standard
  /// Below this folder.
  case folder(String)
  /// Nowhere: everything is read, and held in memory.
  case none

  /// The folder with those of all repositories; nil for nowhere.
  public var folder: String? {
    switch self {
    case .none: nil
    case .folder(let path): path
    case .standard: Self.standardFolder.map { "\($0)/holdfast" }
    }
  }

  /// The folder for a repository; nil for nowhere.
  func folder(for repository: String) -> String? { folder.map { "\($0)/\(repository)" } }

  private static var standardFolder: String? {
    // Paths that are not absolute are to be ignored (XDG base directory specification).
    func absolute(_ name: String) -> String? {
      getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    return absolute("XDG_CACHE_HOME") ?? absolute("HOME").map { "\($0)/.cache" }
  }
}
