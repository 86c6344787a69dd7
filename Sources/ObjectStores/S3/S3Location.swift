internal import HTTPClient
internal import Wording

/// Where a repository lies in S3, as restic writes it: `s3:https://host:port/bucket/prefix`, `s3:host/bucket`.
struct S3Location: Sendable, Equatable {
  /// As the user wrote it.
  let text: String
  /// `https` or `http`.
  let scheme: String
  /// Host and, unless it is the usual one, port.
  let host: String
  let bucket: String
  /// What the keys of all objects begin with: empty, or ending in `/`.
  let prefix: String

  /// - Parameter text: the whole location, `s3:` included.
  init(_ text: String) throws(StoreError) {
    var rest = text.dropFirst(3)
    var scheme = "https"
    for known in ["https", "http"] where rest.lowercased().hasPrefix(known + "://") {
      scheme = known
      rest = rest.dropFirst(known.count + 3)
    }
    if rest.hasPrefix("//") { rest = rest.dropFirst(2) }
    let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let authority = parts.first ?? ""
    let bucket = parts.count > 1 ? parts[1] : ""
    guard isHost(authority) && !bucket.contains("@") || !rest.contains("@") else {
      // What stands before an @ may be a secret, slashes included: show nothing of it.
      throw StoreError(
        .badLocation, "the S3 location", "credentials don't belong into it: put them into AWS_ACCESS_KEY_ID and so on")
    }
    let shown = "s3:" + redactedURL("\(scheme)://\(rest)")
    guard isHost(authority), !bucket.isEmpty else {
      throw StoreError(.badLocation, shown, "is no S3 location: write s3:https://host/bucket/prefix")
    }
    guard bucket.utf8.count <= 255, bucket != ".", bucket != "..",
      bucket.utf8.allSatisfy({ isLetterOrDigit($0) || "-_.".utf8.contains($0) })
    else {
      throw StoreError(.badLocation, shown, "\(quotedForMessage(bucket)) is no name that a bucket can have")
    }
    let segments = parts.dropFirst(2).filter { !$0.isEmpty }
    guard !segments.contains("."), !segments.contains(".."), !rest.contains(where: { "?#".contains($0) }),
      rest.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
    else {
      throw StoreError(.badLocation, shown, "the prefix must not hold '.' and '..' as parts, '?', '#' or line breaks")
    }
    self.text = text
    self.scheme = scheme
    self.host = defaultPortRemoved(authority.lowercased(), scheme)
    self.bucket = bucket
    prefix = segments.map { $0 + "/" }.joined()
  }

  /// Whether this is Amazon's own service.
  var isAmazon: Bool {
    host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn")
  }

  /// The region that the host's name tells: `s3.eu-central-1.amazonaws.com`, `s3-eu-central-1.…`.
  var regionOfHost: String? {
    for label in host.prefix(while: { $0 != ":" }).split(separator: ".") {
      let name = label.hasPrefix("s3-") ? label.dropFirst(3) : label
      let parts = name.split(separator: "-", omittingEmptySubsequences: false)
      guard parts.count >= 3, let number = parts.last, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        parts.dropLast().allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x61...0x7a).contains($0) } })
      else { continue }
      return String(name)
    }
    return nil
  }

  /// Where a key lies.
  /// - Returns: what the `Host` header says, and the percent-encoded path.
  func address(of key: String?, region: String, _ addressing: S3Options.Addressing) -> (host: String, path: String) {
    // The global host answers for every region only after a redirect.
    let host = host == "s3.amazonaws.com" ? amazonHost("s3", region: region) : host
    let encoded = percentEncoded(key ?? "", keeping: true)
    let asHost =
      switch addressing {
      case .virtualHost: true
      case .path: false
      // A dot in the bucket would not fit the host's certificate.
      case .automatic: isAmazon && !bucket.contains(".") && !bucket.contains("_")
      }
    return asHost ? ("\(bucket).\(host)", "/" + encoded) : (host, "/\(bucket)/" + encoded)
  }
}

/// Where a service of Amazon's answers for a region; China has a domain of its own.
func amazonHost(_ service: String, region: String) -> String {
  "\(service).\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
}

/// Whether `text` can be a host with or without a port.
func isHost(_ text: String) -> Bool {
  let host = text.hasPrefix("[") ? text.prefix { $0 != "]" }.dropFirst() : text.prefix { $0 != ":" }
  let rest = text.hasPrefix("[") ? text.drop { $0 != "]" }.dropFirst() : text.drop { $0 != ":" }
  let isPort = rest.isEmpty || rest.hasPrefix(":") && UInt16(rest.dropFirst()) != nil
  let extra = text.hasPrefix("[") ? ":.%" : "-._"
  return !host.isEmpty && isPort && host.utf8.allSatisfy { isLetterOrDigit($0) || extra.utf8.contains($0) }
}

/// curl leaves a scheme's usual port out of the `Host` header, which is signed.
func defaultPortRemoved(_ authority: String, _ scheme: String) -> String {
  let usual = scheme == "https" ? ":443" : ":80"
  return authority.hasSuffix(usual) ? String(authority.dropLast(usual.count)) : authority
}

func isLetterOrDigit(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: false
  }
}
