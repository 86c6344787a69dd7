/// Whether a name can only mean an entry of the directory it is looked up in: not empty, not `.` or `..`, no `/`, no NUL.
///
/// Names that come from elsewhere have to pass this before they reach a call.
public func isPlainName(_ name: [UInt8]) -> Bool {
  let dot = UInt8(ascii: ".")
  if name.isEmpty || name == [dot] || name == [dot, dot] { return false }
  return !name.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
}
