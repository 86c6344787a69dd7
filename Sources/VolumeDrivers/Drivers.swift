/// The drivers that exist.
public enum Drivers {
  /// What an inventory may write as `driver`.
  public static let names = ["btrfs", "reflink", "directory", "exec"]

  /// The driver of that name; `program` is the one that `exec` runs, an absolute path.
  /// - Throws: `DriverError` of kind `.permanent` for a name that no driver has, and for `exec` without a program.
  public static func driver(named name: String, program: String?) throws(DriverError) -> any VolumeDriver {
    switch name {
    case "btrfs": return BtrfsDriver()
    case "reflink": return CopyDriver(style: .reflink)
    case "directory": return CopyDriver(style: .directory)
    case "exec": return try ExecDriver(program: program)
    default:
      throw DriverError(
        .permanent,
        "there is no driver \"\(printable(name.prefix(80)))\": use \(names.dropLast().joined(separator: ", ")) or \(names.last ?? "")."
      )
    }
  }
}
