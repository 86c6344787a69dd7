/// One page of a bucket's listing.
struct S3ListPage: Equatable {
  struct Entry: Equatable {
    let key: String
    let size: Int
  }

  var entries: [Entry] = []
  /// With what the next page is asked for; nil on the last one.
  var continuation: String?

  /// - Parameter bytes: the XML of `ListObjectsV2`.
  init(parsing bytes: [UInt8]) throws(XMLReader.Malformed) {
    var key: String?
    var size: Int?
    var found: [Entry] = []
    var (token, isTruncated, isEncoded, isListing) = ("", false, false, false)
    try XMLReader.forEachElement(in: bytes) { path, text in
      switch path {
      case "ListBucketResult/Contents/Key": key = text
      case "ListBucketResult/Contents/Size": size = Int(text)
      case "ListBucketResult/Contents":
        if let key, let size, size >= 0 { found.append(Entry(key: key, size: size)) }
        (key, size) = (nil, nil)
      case "ListBucketResult/IsTruncated": isTruncated = text == "true"
      case "ListBucketResult/NextContinuationToken": token = text
      case "ListBucketResult/EncodingType": isEncoded = text == "url"
      case "ListBucketResult": isListing = true
      default: break
      }
    }
    guard isListing else { throw XMLReader.Malformed(reason: "it is no listing of a bucket") }
    guard !isTruncated || !token.isEmpty else {
      throw XMLReader.Malformed(reason: "it says that there is more, but not where")
    }
    entries = isEncoded ? found.map { Entry(key: Self.decoded($0.key), size: $0.size) } : found
    continuation = isTruncated ? token : nil
  }

  private static func decoded(_ key: String) -> String {
    percentDecoded(key.replacing("+", with: " "))
  }
}
