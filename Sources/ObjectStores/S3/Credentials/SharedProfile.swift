internal import Concurrency
internal import Glibc

/// A profile of the files that AWS's programs share: `~/.aws/credentials` and `~/.aws/config`.
struct SharedProfile: Sendable {
  let name: String
  /// The settings of both files; those of `credentials` win.
  let settings: [String: String]

  /// Reads the profile that the options or the environment name, or `default`, which need not exist.
  static func load(_ options: StoreOptions) async throws(StoreError) -> SharedProfile {
    let environment = options.environment
    let named = options.s3.profile ?? environment("AWS_PROFILE").nonEmpty
    let name = named ?? "default"
    let home = environment("HOME") ?? "/nonexistent"
    let places = [
      (environment("AWS_CONFIG_FILE").nonEmpty ?? home + "/.aws/config", name == "default" ? name : "profile " + name),
      (environment("AWS_SHARED_CREDENTIALS_FILE").nonEmpty ?? home + "/.aws/credentials", name),
    ]
    var settings: [String: String] = [:]
    var isThere = named == nil
    for (path, section) in places {
      guard let text = try await readSmallFile(path) else { continue }
      let sections = parseSections(text)
      guard let found = sections[section] ?? (section == "default" ? sections["profile default"] : nil) else {
        continue
      }
      isThere = true
      settings.merge(found) { $1 }
    }
    guard isThere else {
      throw StoreError(
        .denied, "S3 credentials",
        "there is no profile '\(name)' in \(places.map(\.0).reversed().joined(separator: " and "))")
    }
    return SharedProfile(name: name, settings: settings)
  }

  /// The keys that stand in the profile; nil when there are none.
  func credentials() throws(StoreError) -> AWSCredentials? {
    let id = settings["aws_access_key_id"].nonEmpty
    // The keys beside a role are not those to work with, but those to ask for the role with.
    let asksForRole = settings["role_arn"].nonEmpty != nil && webIdentity == nil
    let ways = [
      "source_profile", "credential_source", "credential_process", "sso_session", "sso_start_url", "role_arn",
    ]
    if asksForRole || id == nil && webIdentity == nil, let way = ways.first(where: { settings[$0].nonEmpty != nil }) {
      throw StoreError(
        .denied, "S3 credentials",
        "the profile '\(name)' gets its credentials with \(way), which Holdfast doesn't do; "
          + "put keys into the environment instead (aws configure export-credentials prints them)")
    }
    guard let id else { return nil }
    guard let secret = settings["aws_secret_access_key"].nonEmpty else {
      throw StoreError(.denied, "S3 credentials", "the profile '\(name)' has no aws_secret_access_key")
    }
    return AWSCredentials(
      accessKeyID: id, secretAccessKey: secret, sessionToken: settings["aws_session_token"].nonEmpty,
      origin: "the profile '\(name)'")
  }

  /// The token file and role of a web identity.
  var webIdentity: (file: String, role: String)? {
    guard let file = settings["web_identity_token_file"].nonEmpty, let role = settings["role_arn"].nonEmpty else {
      return nil
    }
    return (file, role)
  }

  /// Sections of an INI file with their settings; names of settings in lower case. Lines that are none are skipped.
  static func parseSections(_ text: String) -> [String: [String: String]] {
    var sections: [String: [String: String]] = [:]
    var section = ""
    for line in text.split(whereSeparator: \.isNewline) {
      let isNested = line.first?.isWhitespace == true
      let line = line.trimmed
      if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
      if line.hasPrefix("[") {
        section = String(line.dropFirst().prefix { $0 != "]" }).split(separator: " ").joined(separator: " ")
        sections[section, default: [:]] = sections[section] ?? [:]
      } else if !isNested, let equals = line.firstIndex(of: "=") {
        let value = line[line.index(after: equals)...].trimmed
        sections[section, default: [:]][line[..<equals].trimmed.lowercased()] = value
      }
    }
    return sections
  }
}

/// The text of a file of at most a megabyte; nil if there is none.
func readSmallFile(_ path: String) async throws(StoreError) -> String? {
  let result: Result<String?, StoreError> = await BlockingPool.shared.runNonthrowing {
    do throws(Errno) {
      let file = try OpenFile(path, O_RDONLY)
      guard try file.size() <= 1 << 20 else {
        return .failure(StoreError(.failed, path, "is larger than a megabyte: that is no file of credentials"))
      }
      var bytes = [UInt8](repeating: 0, count: 1 << 20)
      var count = 0
      var failure: Errno?
      bytes.withUnsafeMutableBytes { buffer in
        do throws(Errno) { count = try file.read(buffer, at: 0) } catch { failure = error }
      }
      if let failure { throw failure }
      return .success(String(decoding: bytes[..<count], as: UTF8.self))
    } catch {
      if [ENOENT, ENOTDIR].contains(error.code) { return .success(nil) }
      return .failure(error.error(path, "cannot read it"))
    }
  }
  return try result.get()
}
