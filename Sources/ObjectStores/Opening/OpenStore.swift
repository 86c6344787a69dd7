internal import HTTPClient

/// The store at `location`, written as for restic: a path, `local:path`, `s3:https://host/bucket/prefix`,
/// `rest:https://host/path/`. Nothing is asked of it yet. `RESTIC_CACERT` and `RESTIC_TLS_CLIENT_CERT` name certificates
/// unless the options do.
/// - Throws: `.badLocation` with a sentence that says what to write instead.
public func openStore(_ location: String, options: StoreOptions = StoreOptions()) throws(StoreError) -> any ObjectStore
{
  var options = options
  options.caFile = options.caFile ?? options.environment("RESTIC_CACERT").nonEmpty
  options.clientCertificate =
    options.clientCertificate ?? options.environment("RESTIC_TLS_CLIENT_CERT").nonEmpty
  let store = try openUnlimited(location, options)
  guard options.uploadLimit != nil || options.downloadLimit != nil else { return store }
  return RateLimitedStore(store, upload: options.uploadLimit, download: options.downloadLimit)
}

private func openUnlimited(_ location: String, _ options: StoreOptions) throws(StoreError) -> any ObjectStore {
  guard !location.isEmpty else {
    throw StoreError(.badLocation, "the repository's location", "is empty: name a folder, s3:… or rest:…")
  }
  guard let scheme = scheme(of: location) else { return folder(location, options) }
  switch scheme {
  case "local":
    let path = String(location.dropFirst(6))
    guard !path.isEmpty else { throw StoreError(.badLocation, location, "names no folder") }
    return folder(path, options)
  case "s3": return try S3Store(location, options: options)
  case "rest": return try RESTStore(location, options: options)
  case "sftp", "b2", "azure", "gs", "swift", "rclone":
    throw StoreError(
      .badLocation, redactedLocation(location),
      "Holdfast doesn't speak \(scheme): use a folder (a mount, too), S3 or restic's REST server"
        + (scheme == "b2" || scheme == "gs" ? "; this service has an S3 endpoint as well" : "")
        + (scheme == "rclone" ? "; rclone serve restic is such a server" : ""))
  default:
    throw StoreError(
      .badLocation, redactedLocation(location),
      "'\(scheme):' is no kind of store (local:, s3:, rest:); put local: before it if it is a folder")
  }
}

private func folder(_ path: String, _ options: StoreOptions) -> DirectoryStore {
  options.connections.map { DirectoryStore(path, concurrency: $0) } ?? DirectoryStore(path)
}

/// What stands before a colon, unless a slash says that all of it is a path.
private func scheme(of location: String) -> String? {
  guard let colon = location.firstIndex(of: ":") else { return nil }
  let word = location[..<colon]
  guard !word.isEmpty, word.utf8.allSatisfy(isLetterOrDigit) else { return nil }
  return word.lowercased()
}

/// A location as it may be shown: without user and password.
public func redactedLocation(_ location: String) -> String {
  // What stands before the colon is a kind of store: taken for a user, all that follows could be a password.
  let isKind = location.contains("://") || scheme(of: location).map { ["local", "s3", "rest"].contains($0) } ?? false
  guard isKind, let colon = location.firstIndex(of: ":"), !location[colon...].hasPrefix("://") else {
    return redactedURL(location)
  }
  let start = location.index(after: colon)
  return location[..<start] + redactedURL(String(location[start...]))
}
