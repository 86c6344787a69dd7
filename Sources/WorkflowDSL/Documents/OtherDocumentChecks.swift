internal import YAML

/// What the shapes of profiles and applications can't say.
struct OtherDocumentChecks {
  let findings: Findings

  func checkProfile(_ spec: YAMLNode) {
    if let location = spec["location"], location.entries.count != 1 {
      findings.error("a location needs one of 'directory' and 's3'", at: location)
    }
    if spec["location"]?["s3"] != nil, spec["credentials"] == nil {
      findings.warning("without 'credentials' the bucket is opened as anybody", at: spec["location"] ?? spec)
    }
    let credentials = spec["credentials"]
    for secret in [
      spec["password"], credentials?["accessKey"], credentials?["secretKey"], credentials?["sessionToken"],
    ] {
      guard let secret else { continue }
      if case .mapping(let pairs) = secret.content, pairs.count != 1 {
        findings.error("a reference to a secret needs one of 'file', 'env' and 'secret'", at: secret)
      }
    }
  }

  /// Drivers whose snapshots are taken while the application writes.
  private static let looseDrivers: Set<String> = ["directory"]

  func checkApplication(_ spec: YAMLNode) {
    let volumes = spec["volumes"]
    if volumes == nil, spec["kubernetes"] == nil {
      findings.error("an application needs 'volumes' or 'kubernetes'", at: spec)
    }
    var seen: Set<String> = []
    for volume in volumes?.items ?? [] {
      if let name = volume["name"], let text = name.string, !seen.insert(text).inserted {
        findings.error("volume '\(text)' is listed twice", at: name)
      }
      if let path = volume["path"], let text = path.string, !text.hasPrefix("/") {
        findings.error("a volume's path has to be absolute", at: path)
      }
      if let driver = volume["driver"], let name = driver.string, Self.looseDrivers.contains(name),
        spec["hooks"]?["quiesce"] == nil
      {
        findings.warning(
          "snapshots of driver '\(name)' are not taken at one instant: without a 'quiesce' hook they may be torn",
          at: driver)
      }
    }
    if let hooks = spec["hooks"], hooks["quiesce"] != nil, hooks["resume"] == nil {
      findings.error("hooks with 'quiesce' need 'resume', or the application would stay at rest", at: hooks)
    }
  }
}
