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
    var path = rest.dropFirst(authority.count)
    // A password may hold a slash that nobody encoded: the host comes after the last @.
    if let at = rest.lastIndex(of: "@") {
      let user = rest[..<at]
      authority = rest[rest.index(after: at)...].prefix { $0 != "/" }
      path = rest[rest.index(after: at)...].dropFirst(authority.count)
      let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      login = (percentDecoded(parts[0]), parts.count > 1 ? percentDecoded(parts[1]) : "")
    } else {
      login = nil
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
