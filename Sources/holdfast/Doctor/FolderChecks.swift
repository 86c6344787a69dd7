internal import EmbeddedPostgres

/// Looks at the data folder of `holdfast up`, if the database is that one.
struct FolderChecks {
  let folder: DataFolder

  func findings() -> [Finding] {
    let openings = folder.openings()
    let rights: [Finding] =
      openings.isEmpty
      ? [.ok("data folder", "\(folder.path) is closed to others")]
      : openings.map { opening in
        let parts = opening.split(separator: ";", maxSplits: 1).map { $0.drop { $0 == " " } }
        return .problem("data folder", String(parts[0]), String(parts.last ?? ""))
      }
    guard let free = freeBytes(folder.path) else { return rights }
    return rights + [Self.space(freeMiB: Int(free >> 20), path: folder.path)]
  }

  /// What so much free space means.
  static func space(freeMiB: Int, path: String) -> Finding {
    let text = "\(freeMiB) MiB are free for the data in \(path)"
    let remedy = "free some space there; PostgreSQL stops when there is none"
    switch freeMiB {
    case ..<256: return .problem("disk space", text, remedy)
    case ..<2048: return .warning("disk space", text, remedy)
    default: return .ok("disk space", text)
    }
  }
}
