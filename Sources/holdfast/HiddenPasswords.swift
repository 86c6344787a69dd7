internal import Glibc

/// Overwrites passwords in this process's own arguments, which any user of the machine can list (`ps`).
///
/// Call it after they were read. Between the start and this call they can be seen, so a password is better kept in
/// HOLDFAST_DATABASE_URL, in PGPASSFILE or in a service file.
func hidePasswordsInArguments() {
  guard let place = argumentsPlace(), let start = UnsafeMutableRawPointer(bitPattern: place.lowerBound) else { return }
  let arguments = UnsafeMutableBufferPointer(
    start: start.assumingMemoryBound(to: UInt8.self), count: place.count)
  for range in passwordRanges(in: Array(arguments)) {
    for index in range { arguments[index] = UInt8(ascii: "*") }
  }
}

/// The places of passwords in a list of arguments that are ended by zero bytes: `//user:HERE@` and `password=HERE`.
func passwordRanges(in arguments: [UInt8]) -> [Range<Int>] {
  var ranges: [Range<Int>] = []
  var start = 0
  while start < arguments.count {
    let end = arguments[start...].firstIndex(of: 0) ?? arguments.count
    let argument = arguments[start..<end]
    if let authority = find("://", in: argument) {
      // The last "@" before the path, since a password may hold one that should have been encoded.
      let rest = arguments[authority..<end]
      let path = rest.firstIndex { [UInt8(ascii: "/"), UInt8(ascii: "?")].contains($0) } ?? end
      if let at = rest[..<path].lastIndex(of: UInt8(ascii: "@")) {
        if let colon = rest[..<at].firstIndex(of: UInt8(ascii: ":")) { ranges.append(colon + 1..<at) }
      } else if let colon = rest[..<path].firstIndex(of: UInt8(ascii: ":")), rest[authority] != UInt8(ascii: "["),
        !rest[(colon + 1)..<path].allSatisfy({ (0x30...0x39).contains($0) }),
        let at = rest[path...].lastIndex(of: UInt8(ascii: "@"))
      {
        // No port follows the colon, but a password with a slash that nobody encoded.
        ranges.append(colon + 1..<at)
      }
    }
    var rest = argument
    while let value = find("password=", in: rest) {
      // A quoted value may hold spaces: hide all that follows.
      let isQuoted = value < end && arguments[value] == UInt8(ascii: "'")
      let stop = isQuoted ? end : rest[value...].firstIndex { [32, UInt8(ascii: "&")].contains($0) } ?? end
      ranges.append(value..<stop)
      rest = rest[stop...]
    }
    start = end + 1
  }
  return ranges.filter { !$0.isEmpty }
}

/// Where what follows the first `text` begins.
private func find(_ text: String, in bytes: ArraySlice<UInt8>) -> Int? {
  let wanted = Array(text.utf8)
  guard bytes.count >= wanted.count else { return nil }
  return (bytes.startIndex...bytes.endIndex - wanted.count)
    .first { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }.map { $0 + wanted.count }
}

/// Where the kernel has put our arguments, as it tells in /proc/self/stat; nil if it does not tell.
private func argumentsPlace() -> Range<UInt>? {
  let file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var buffer = [UInt8](repeating: 0, count: 4096)
  let count = read(file, &buffer, buffer.count)
  // The name in parentheses may hold anything; what follows are the fields from the third on.
  guard count > 0, let name = buffer[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
  let fields = buffer[(name + 1)..<count].split(separator: 32).map { UInt(String(decoding: $0, as: UTF8.self)) }
  guard fields.count > 46, let start = fields[45], let end = fields[46], start > 0, start < end else { return nil }
  return start..<end
}
