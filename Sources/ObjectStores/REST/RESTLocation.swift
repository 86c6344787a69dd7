internal import HTTPClient

/// Where a repository lies on restic's REST server: `rest:https://user:password@host:port/path/`.
struct RESTLocation: Sendable {
  /// Without user and password, for people.
  let text: String
  /// The repository's URL without user and password, ending in `/`.
  let url: String
  /// The user and password that the location holds.
  let login: (username: String, password: String)?

  /// - Parameter text: the whole location, `rest:` included.
  init(_ text: String) throws(StoreError) {
    let full = text.dropFirst(5)
    let lower = full.lowercased()
    guard let scheme = ["https", "http"].first(where: { lower.hasPrefix($0 + "://") }) else {
      throw StoreError(.badLocation, "rest:" + redactedURL(String(full)), "write rest:https://host:port/path/")
    }
    let rest = full.dropFirst(scheme.count + 3)
    var authority = rest.prefix { $0 != "/" }
    var user: Substring?
    if let at = authority.lastIndex(of: "@") {
      user = rest[..<at]
      authority = authority[authority.index(after: at)...]
    }
    // A path may hold an @, and so may a password with a slash that nobody encoded: then no host comes before the slash.
    if !isHost(String(authority)), let at = rest.lastIndex(of: "@") {
      user = rest[..<at]
      authority = rest[rest.index(after: at)...].prefix { $0 != "/" }
    }
    let path = rest[authority.endIndex...]
    login = user.map { user in
      let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      return (percentDecoded(parts[0]), parts.count > 1 ? percentDecoded(parts[1]) : "")
    }
    guard isHost(String(authority)), !path.contains(where: { "?#".contains($0) }),
      path.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }),
      !path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
    else {
      throw StoreError(
        .badLocation, "rest:" + redactedURL(String(full)),
        "is no location of a REST server: write rest:https://host:port/path/")
    }
    let folder = path.withoutOuterSlashes
    url = "\(scheme)://\(authority)/" + (folder.isEmpty ? "" : folder + "/")
    self.text = "rest:" + url
  }
}
