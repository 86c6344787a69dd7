/// Listings of the REST protocol, read byte by byte: they may have a million entries, for which a tree of JSON values would take
/// a minute.
struct RESTListing {
  /// Deeper values are refused.
  private static let depthLimit = 16

  private let bytes: [UInt8]
  private var position = 0

  /// Version 2: `[{"name":"…","size":1}]`; version 1: `["…"]`, whose sizes are 0 here. Nil for anything else.
  static func parse(_ bytes: [UInt8], _ kind: ObjectKind, hasSizes: Bool) -> [ObjectListing]? {
    var listing = RESTListing(bytes: bytes)
    return listing.entries(kind, hasSizes: hasSizes)
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func entries(_ kind: ObjectKind, hasSizes: Bool) -> [ObjectListing]? {
    // A server without objects of a kind says null.
    if take("null") { return isAtEnd ? [] : nil }
    guard take("[") else { return nil }
    var found: [ObjectListing] = []
    if !take("]") {
      repeat {
        guard let entry = hasSizes ? object() : string().map({ ObjectListing(name: $0, size: 0) }) else { return nil }
        if ObjectName(kind, entry.name).isValid { found.append(entry) }
      } while take(",")
      guard take("]") else { return nil }
    }
    return isAtEnd ? found : nil
  }

  private mutating func object() -> ObjectListing? {
    guard take("{") else { return nil }
    var name: String?
    var size: Int?
    if !take("}") {
      repeat {
        guard let key = string(), take(":") else { return nil }
        switch key {
        case "name":
          name = string()
          if name == nil { return nil }
        case "size":
          size = number()
          if size == nil { return nil }
        default:
          guard skipValue(depth: 0) else { return nil }
        }
      } while take(",")
      guard take("}") else { return nil }
    }
    guard let name, let size else { return nil }
    return ObjectListing(name: name, size: size)
  }

  /// Text as it stands there: what has escapes in it is no name of an object anyway.
  private mutating func string() -> String? {
    guard take("\"") else { return nil }
    let begin = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: bytes[begin..<position - 1], as: UTF8.self)
      case UInt8(ascii: "\\"): position += 2
      default: position += 1
      }
    }
    return nil
  }

  /// A whole number from 0 on.
  private mutating func number() -> Int? {
    skipBlanks()
    let digits = bytes[min(position, bytes.count)...].prefix { (0x30...0x39).contains($0) }
    position += digits.count
    return Int(String(decoding: digits, as: UTF8.self))
  }

  private mutating func skipValue(depth: Int) -> Bool {
    skipBlanks()
    guard position < bytes.count, depth < Self.depthLimit else { return false }
    switch bytes[position] {
    case UInt8(ascii: "\""): return string() != nil
    case UInt8(ascii: "["):
      position += 1
      if take("]") { return true }
      repeat { guard skipValue(depth: depth + 1) else { return false } } while take(",")
      return take("]")
    case UInt8(ascii: "{"):
      position += 1
      if take("}") { return true }
      repeat {
        guard string() != nil, take(":"), skipValue(depth: depth + 1) else { return false }
      } while take(",")
      return take("}")
    default:  // a number, true, false, null
      let word = bytes[position...].prefix { isLetterOrDigit($0) || "+-.".utf8.contains($0) }
      position += word.count
      return !word.isEmpty
    }
  }

  private mutating func skipBlanks() {
    while position < bytes.count, isBlank(bytes[position]) { position += 1 }
  }

  private mutating func take(_ text: StaticString) -> Bool {
    skipBlanks()
    let isThere = text.withUTF8Buffer { text in
      position <= bytes.count && bytes[position...].starts(with: text)
    }
    if isThere { position += text.utf8CodeUnitCount }
    return isThere
  }

  private var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return position == bytes.count
    }
  }
}
