/// Reads the compiled zone files of the IANA database (RFC 8536, version 2 and later).
///
/// Every count is checked against the bytes that are there, so a damaged or hostile file is refused, never followed.
enum TZif {
  /// The zone that the file's bytes describe.
  /// - Throws: `TZifError` for anything but a sound file of version 2 or later without leap seconds.
  static func parse(_ bytes: [UInt8], name: String) throws(TZifError) -> TimeZoneRules {
    var reader = TZifReader(bytes: bytes)
    let old = try reader.header()
    guard old.version >= UInt8(ascii: "2") else { throw TZifError(reason: "it is of version 1, which ends in 2037") }
    try reader.skip(old.bodySize(timeSize: 4))
    let header = try reader.header()
    guard header.leapCount == 0 else { throw TZifError(reason: "it counts leap seconds, which Unix time does not") }
    guard header.typeCount > 0 else { throw TZifError(reason: "it names no offset") }
    guard header.bodySize(timeSize: 8) <= reader.remaining else { throw .truncated }

    let transitions = try reader.list(header.timeCount) { (reader) throws(TZifError) in
      Int64(truncatingIfNeeded: try reader.bigEndian(8))
    }
    let indices = try reader.list(header.timeCount) { (reader) throws(TZifError) in Int(try reader.bigEndian(1)) }
    let types = try reader.list(header.typeCount) { (reader) throws(TZifError) in
      let offset = Int64(Int32(truncatingIfNeeded: try reader.bigEndian(4)))
      try reader.skip(1)  // whether it is summer time, which nothing depends on
      return (offset: offset, name: Int(try reader.bigEndian(1)))
    }
    let names = try reader.list(header.characterCount) { (reader) throws(TZifError) in
      UInt8(truncatingIfNeeded: try reader.bigEndian(1))
    }
    try reader.skip(header.standardCount + header.utcCount)
    guard types.allSatisfy({ $0.name < names.count }) else { throw TZifError(reason: "an offset has no abbreviation") }
    let localTimes = types.map { type in
      TimeZoneRules.LocalTime(
        offset: type.offset, abbreviation: String(decoding: names[type.name...].prefix { $0 != 0 }, as: UTF8.self))
    }

    guard types.allSatisfy({ abs($0.offset) < TimeZoneRules.offsetLimit }) else {
      throw TZifError(reason: "an offset is longer than a day")
    }
    guard indices.allSatisfy({ $0 < types.count }) else { throw TZifError(reason: "a change has no offset") }
    guard transitions.allSatisfy({ bounded($0) == $0 || $0 == -(1 << 59) }),
      zip(transitions, transitions.dropFirst()).allSatisfy({ $0 < $1 })
    else { throw TZifError(reason: "its changes are not in order") }

    return TimeZoneRules(
      name: name, transitions: transitions.map(bounded), localTimes: indices.map { localTimes[$0] },
      initial: localTimes[0], footer: try reader.footer())
  }
}

/// Why a zone file was refused, as the end of a sentence that starts with its name.
struct TZifError: Error, Equatable {
  var reason: String

  static let truncated = TZifError(reason: "it ends too early")
}

private struct TZifHeader {
  var version: UInt8
  var utcCount = 0
  var standardCount = 0
  var leapCount = 0
  var timeCount = 0
  var typeCount = 0
  var characterCount = 0

  func bodySize(timeSize: Int) -> Int {
    timeCount * (timeSize + 1) + typeCount * 6 + characterCount + leapCount * (timeSize + 4) + standardCount + utcCount
  }
}

private struct TZifReader {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var remaining: Int { bytes.count - position }

  mutating func skip(_ count: Int) throws(TZifError) {
    guard count <= remaining else { throw .truncated }
    position += count
  }

  mutating func bigEndian(_ size: Int) throws(TZifError) -> UInt64 {
    guard size <= remaining else { throw .truncated }
    defer { position += size }
    return bytes[position..<position + size].reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func list<Element>(
    _ count: Int, of read: (inout TZifReader) throws(TZifError) -> Element
  ) throws(TZifError) -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try read(&self)) }
    return elements
  }

  mutating func header() throws(TZifError) -> TZifHeader {
    guard remaining >= 44, bytes[position..<position + 4].elementsEqual("TZif".utf8) else {
      throw TZifError(reason: "it is not a TZif file")
    }
    var header = TZifHeader(version: bytes[position + 4])
    try skip(20)  // the mark, the version, and fifteen reserved bytes
    // 32-bit counts: their sums and products below fit an Int.
    header.utcCount = Int(try bigEndian(4))
    header.standardCount = Int(try bigEndian(4))
    header.leapCount = Int(try bigEndian(4))
    header.timeCount = Int(try bigEndian(4))
    header.typeCount = Int(try bigEndian(4))
    header.characterCount = Int(try bigEndian(4))
    return header
  }

  /// The rule between two line breaks at the end; nil if there is none.
  mutating func footer() throws(TZifError) -> PosixTimeZone? {
    let newline = UInt8(ascii: "\n")
    guard remaining >= 2, bytes[position] == newline else { throw .truncated }
    guard let end = bytes[(position + 1)...].firstIndex(of: newline) else { throw .truncated }
    let text = bytes[(position + 1)..<end]
    if text.isEmpty { return nil }
    guard let rule = PosixTimeZone(text) else { throw TZifError(reason: "its last line is not a time zone rule") }
    return rule
  }
}
