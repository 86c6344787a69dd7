/// What snapshots and clones may be called.
public enum ObjectName {
  /// Refuses a name that could leave its folder, hide, or be taken for an unfinished object.
  /// - Throws: `DriverError` of kind `.permanent`.
  public static func check(_ name: String) throws(DriverError) {
    guard isAllowed(name) else {
      throw DriverError(
        .permanent,
        "\"\(printable(name.prefix(80)))\" can't name a snapshot or clone: use 1 to 200 letters, digits, \"-\", \"_\" and \".\", beginning with a letter or digit."
      )
    }
  }

  static func isAllowed(_ name: String) -> Bool {
    guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 200 else { return false }
    return name.utf8.allSatisfy {
      isAlphanumeric($0) || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains($0)
    }
  }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: false
  }
}

/// Text from outside for a message: what would control a terminal is shown as `?`.
func printable(_ text: some StringProtocol) -> String {
  String(
    String.UnicodeScalarView(
      text.unicodeScalars.map { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) ? "?" : $0 }))
}
