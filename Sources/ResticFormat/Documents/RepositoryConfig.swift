internal import Cryptography

/// What a repository is (restic-format section 4).
public struct RepositoryConfig: Sendable, Equatable {
  /// 1, without compression, or 2.
  public let version: Int
  /// The repository's random name: 64 hexadecimal digits.
  public let id: String
  /// Whether anything may be compressed: blobs, index files, snapshots. restic refuses a repository of version 1 where
  /// anything is.
  public var allowsCompression: Bool { version >= 2 }
  /// What restic cuts files with: an irreducible polynomial over GF(2), in hexadecimal.
  public let chunkerPolynomial: String

  /// A config of these members.
  public init(version: Int, id: String, chunkerPolynomial: String) {
    self.version = version
    self.id = id
    self.chunkerPolynomial = chunkerPolynomial
  }

  /// The config that JSON describes.
  /// - Throws: `.unsupported` for a version that is not 1 or 2.
  public init(decoding bytes: [UInt8]) throws(FormatError) {
    self = try JSONReader.read(bytes, "config") { reader throws(FormatError) in
      var version: UInt64 = 0
      var id: FileID?
      var polynomial = ""
      try reader.object { reader, key throws(FormatError) in
        switch key {
        case "version": version = try reader.unsigned()
        case "id": id = try reader.digest()
        case "chunker_polynomial": polynomial = try reader.string()
        default: try reader.skip()
        }
      }
      guard 1...2 ~= version else {
        throw FormatError(
          .unsupported, "the repository has format version \(version); this version of holdfast knows 1 and 2")
      }
      guard let id else { throw reader.damaged("the repository has no id") }
      return RepositoryConfig(version: Int(version), id: id.hex, chunkerPolynomial: polynomial)
    }
  }

  /// Its JSON.
  public func encoded() -> [UInt8] {
    var json: [UInt8] = []
    json.put("{\"version\":")
    json.putNumber(version)
    json.putMember(",\"id\":", id)
    json.putMember(",\"chunker_polynomial\":", chunkerPolynomial)
    json.put("}")
    return json
  }

  /// The config of a new repository of version 2.
  public static func random() -> RepositoryConfig {
    let id = randomBytes(32).withUnsafeBytes { FileID(bytes: $0) }
    return RepositoryConfig(version: 2, id: id.hex, chunkerPolynomial: String(randomIrreducible(), radix: 16))
  }

  /// Whether restic opens the repository: it refuses a polynomial that can be divided.
  public var hasUsablePolynomial: Bool {
    guard let polynomial = UInt64(chunkerPolynomial, radix: 16) else { return false }
    return isIrreducible(polynomial)
  }

  private static func randomIrreducible() -> UInt64 {
    while true {
      let random = randomBytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let candidate = random & (1 << 53 - 1) | 1 << 53 | 1
      if isIrreducible(candidate) { return candidate }
    }
  }
}
