internal import YAML

/// Checks what the shape of a profile can't say.
struct ProfileChecks {
  let findings: Findings

  /// What a repository on restic's REST server does without: the server takes no files but restic's own.
  private static let restLimits =
    "restic's REST server keeps neither journals nor descriptions of restore points: an interrupted export starts anew, "
    + "'parts' has to be 1, and after the loss of the database 'holdfast import' finds nothing there"

  func check(_ spec: YAMLNode) {
    let secrets = SecretReferences(findings: findings)
    let (location, credentials) = (spec["location"], spec["credentials"])
    if let location, location.entries.count != 1 {
      findings.error("a location needs one of 'directory', 's3' and 'rest'", at: location)
    }
    secrets.check(spec["password"])
    for pair in credentials?.entries ?? [] { secrets.check(pair.value) }
    secrets.checkURL(location?["rest"]?["url"], advice: "name where they are under 'credentials'")

    if location?["s3"] != nil {
      checkCredentials(credentials, needed: ["accessKey", "secretKey"], also: ["sessionToken"], of: "S3")
      if credentials == nil {
        findings.warning(
          "without 'credentials' those of the worker that opens the bucket are used: its environment, files or instance",
          at: location ?? spec)
      }
    } else if let rest = location?["rest"] {
      findings.warning(Self.restLimits, at: rest)
      checkCredentials(credentials, needed: ["user", "password"], also: [], of: "a REST server")
    } else if let credentials, location?["directory"] != nil {
      findings.warning("a folder needs no credentials", at: credentials)
    }
  }

  private func checkCredentials(_ credentials: YAMLNode?, needed: [String], also: [String], of what: String) {
    guard let credentials else { return }
    for key in needed where credentials[key] == nil {
      findings.error("the credentials of \(what) need '\(key)'", at: credentials)
    }
    for pair in credentials.entries {
      guard let key = pair.key.text, !(needed + also).contains(key) else { continue }
      findings.error("the credentials of \(what) have no '\(key)'", at: pair.key)
    }
  }
}
