extension Function {
  /// Base64, base32 and checksums. A text that cannot be decoded gives the error's text, as in sprig.
  static let sprigEncoding: [Function] = [
    Function("b64enc", .string) { .string(BaseEncoding.base64.encode($0.string(0).utf8)) },
    Function("b32enc", .string) { .string(BaseEncoding.base32.encode($0.string(0).utf8)) },
    Function("b64dec", .string) { .string(decoded($0.string(0), .base64)) },
    Function("b32dec", .string) { .string(decoded($0.string(0), .base32)) },
    Function("sha1sum", .string) { .string(hexadecimal(try Digest.of($0.string(0).utf8, .sha1))) },
    Function("sha256sum", .string) { .string(hexadecimal(try Digest.of($0.string(0).utf8, .sha256))) },
    Function("sha512sum", .string) { .string(hexadecimal(try Digest.of($0.string(0).utf8, .sha512))) },
    Function("adler32sum", .string) { .string(String(Digest.adler32(of: $0.string(0).utf8))) },
  ]

  private static func decoded(_ text: String, _ encoding: BaseEncoding) -> String {
    do throws(BaseEncoding.DecodingError) {
      return String(decoding: try encoding.decode(text), as: UTF8.self)
    } catch {
      return error.description
    }
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { GoTemplate.hexadecimal(UInt32($0), digits: 2) }.joined()
  }
}
