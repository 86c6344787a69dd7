/// A URL taken apart as Go's net/url does, with its parts decoded.
struct GoURL: Sendable {
  var scheme = ""
  /// What follows the scheme where that is no path: of `mailto:a@b.c`.
  var opaque = ""
  var user: User?
  var host = ""
  var path = ""
  /// Not decoded.
  var query = ""
  var fragment = ""
  private var hasEmptyQuery = false

  /// A name and maybe a password.
  struct User: Sendable, Hashable {
    var name: String
    var password: String?

    /// Both as they stand in a URL.
    var text: String {
      escaped(name, .user) + (password.map { ":" + escaped($0, .user) } ?? "")
    }
  }

  /// A URL that is none, and why.
  struct ParsingError: Error, CustomStringConvertible {
    let description: String
  }

  /// A URL without any part.
  init() {}

  init(parsing text: String) throws(ParsingError) {
    func failure(_ reason: String) -> ParsingError { ParsingError(description: "\(quoted(text)) is no URL: \(reason)") }
    guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { throw failure("it has a control character") }
    let hash = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    var rest = hash[0]
    if hash.count > 1 { fragment = try unescaped(hash[1], .fragment, of: text) }
    let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    if rest.dropFirst(name.count).first == ":", name.first.map({ $0.isLetter }) ?? true {
      guard !name.isEmpty else { throw failure("the scheme before ':' is missing") }
      scheme = name.lowercased()
      rest = rest.dropFirst(name.count + 1)
    }
    let question = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    rest = question[0]
    if question.count > 1 { query = String(question[1]) }
    hasEmptyQuery = question.count > 1 && query.isEmpty
    if !rest.hasPrefix("/") {
      if !scheme.isEmpty {
        opaque = String(rest)
        return
      }
      guard !rest.prefix(while: { $0 != "/" }).contains(":") else { throw failure("its first part has a colon") }
    }
    if rest.hasPrefix("//"), !scheme.isEmpty || !rest.hasPrefix("///") {
      let authority = rest.dropFirst(2).prefix { $0 != "/" }
      rest = rest.dropFirst(2 + authority.count)
      try read(authority: authority, of: text)
    }
    path = try unescaped(rest, .path, of: text)
  }

  private mutating func read(authority: Substring, of text: String) throws(ParsingError) {
    var hostText = authority
    if let at = authority.lastIndex(of: "@") {
      hostText = authority[authority.index(after: at)...]
      let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let isSound = authority[..<at].unicodeScalars.allSatisfy {
        $0.isASCIILetterOrDigit || "-._:~!$&'()*+,;=%@".unicodeScalars.contains($0)
      }
      guard isSound else { throw ParsingError(description: "\(quoted(text)) is no URL: its user info is not sound") }
      user = User(
        name: try unescaped(parts[0], .user, of: text),
        password: parts.count > 1 ? try unescaped(parts[1], .user, of: text) : nil)
    }
    let isBracketed = hostText.hasPrefix("[")
    guard !isBracketed || hostText.contains("]") else {
      throw ParsingError(description: "\(quoted(text)) is no URL: the bracket in its host is not closed")
    }
    let portText = isBracketed ? afterLast("]", in: hostText) : hostText.lastIndex(of: ":").map { hostText[$0...] }
    guard isPort(portText ?? "") else {
      throw ParsingError(description: "\(quoted(text)) is no URL: its port is no number")
    }
    host = try unescaped(hostText, .host, of: text)
  }

  /// The host without its port and brackets.
  var hostname: String {
    var name = host[...]
    if let colon = name.lastIndex(of: ":"), isPort(name[colon...]) { name = name[..<colon] }
    return String(name.hasPrefix("[") && name.hasSuffix("]") ? name.dropFirst().dropLast() : name)
  }

  /// The URL as text.
  var text: String {
    var text = scheme.isEmpty ? "" : scheme + ":"
    if !opaque.isEmpty {
      text += opaque
    } else {
      if (!scheme.isEmpty || !host.isEmpty || user != nil) && (!host.isEmpty || !path.isEmpty || user != nil) {
        text += "//" + (user.map { $0.text + "@" } ?? "") + escaped(host, .host)
      }
      let path = self.path == "*" ? "*" : escaped(self.path, .path)
      if !path.isEmpty, !path.hasPrefix("/"), !host.isEmpty { text += "/" }
      // A first part with a colon would be read as a scheme.
      if text.isEmpty, path.prefix(while: { $0 != "/" }).contains(":") { text += "./" }
      text += path
    }
    if hasEmptyQuery || !query.isEmpty { text += "?" + query }
    return text + (fragment.isEmpty ? "" : "#" + escaped(fragment, .fragment))
  }
}

private func afterLast(_ character: Character, in text: Substring) -> Substring? {
  text.lastIndex(of: character).map { text[text.index(after: $0)...] }
}

/// Nothing, or a colon and digits.
private func isPort(_ text: Substring) -> Bool {
  text.isEmpty || (text.hasPrefix(":") && text.dropFirst().utf8.allSatisfy(isDigit))
}

// MARK: Escapes

private enum URLPart {
  case user, host, path, fragment

  /// Whether a character stands for itself there. Letters, digits and `-_.~` do everywhere.
  func keeps(_ byte: UInt8) -> Bool {
    if Unicode.Scalar(byte).isASCIILetterOrDigit { return true }
    let kept =
      switch self {
      case .user: "-_.~$&+,;="
      case .host: "-_.~!$&'()*+,;=:[]<>\""
      case .path: "-_.~$&+,/:;=@"
      case .fragment: "-_.~$&+,/:;=?@!()*"
      }
    return kept.utf8.contains(byte)
  }
}

private func escaped(_ text: String, _ part: URLPart) -> String {
  var result = ""
  for byte in text.utf8 {
    if part.keeps(byte) {
      result.unicodeScalars.append(Unicode.Scalar(byte))
    } else {
      result += "%" + hexadecimal(UInt32(byte), digits: 2, uppercase: true)
    }
  }
  return result
}

private func unescaped(
  _ text: some StringProtocol, _ part: URLPart, of whole: String
) throws(GoURL.ParsingError) -> String {
  let source = Array(text.utf8)
  var bytes: [UInt8] = []
  var position = 0
  while position < source.count {
    let byte = source[position]
    position += 1
    if byte == UInt8(ascii: "%") {
      guard position + 1 < source.count, let high = hexValue(source[position]),
        let low = hexValue(source[position + 1]),
        // In a host only a percent sign and bytes beyond ASCII may be escaped.
        part != .host || high >= 8 || (high, low) == (2, 5)
      else { throw GoURL.ParsingError(description: "\(quoted(whole)) is no URL: an escape after '%' is not sound") }
      bytes.append(high << 4 | low)
      position += 2
    } else {
      guard part != .host || byte >= 0x80 || part.keeps(byte) else {
        throw GoURL.ParsingError(
          description: "\(quoted(whole)) is no URL: \(quoted(String(Unicode.Scalar(byte)))) cannot be in a host's name")
      }
      bytes.append(byte)
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}

private func hexValue(_ byte: UInt8) -> UInt8? {
  Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) }
}
