package import JSON
package import ObjectStores
package import ResticRepository
package import StepEngine
import StepKinds

/// Where exports go, and what opens it: a Profile document with its secrets read. Never printed.
package struct Profile: Sendable {
  /// The name of its document.
  package let name: String
  /// Where the repository is, as `openStore` takes it.
  package let place: String
  /// How it is reached.
  package let options: StoreOptions
  /// What opens it.
  package let password: Password
  /// For how long its objects can't be removed; nil if they can.
  package let objectLock: Duration?
  /// What sets one opening of it apart from another, secrets included; never shown.
  let identity: [String]

  /// Reads what a document refers to. Blocks.
  /// - Parameters:
  ///   - document: the whole document, as it is in PostgreSQL.
  ///   - report: told when a request has to be made again.
  /// - Throws: `StepFailure` for what is missing in it, or can't be read here.
  package init(
    name: String, document: JSONValue, report: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(StepFailure) {
    let spec = document["spec"] ?? .null
    func secret(_ key: String, _ reference: JSONValue?) throws(StepFailure) -> String? {
      guard let reference, reference != .null else { return nil }
      let place = "profile \(name): \(key)"
      guard let reference = SecretReference(reference) else {
        throw StepFailure(.permanent, "'\(place)' must be \(SecretReference.expectation)")
      }
      return try reference.read(for: place)
    }
    let location = try ProfileLocation(spec: spec, name: name)
    guard let password = try secret("password", spec["password"]), !password.isEmpty else {
      throw StepFailure(.permanent, "profile '\(name)' has no password, or an empty one; a repository needs one")
    }
    let credentials = spec["credentials"]
    var options = StoreOptions()
    options.s3.region = location.region
    options.s3.accessKeyID = try secret("accessKey", credentials?["accessKey"])
    options.s3.secretAccessKey = try secret("secretKey", credentials?["secretKey"])
    options.s3.sessionToken = try secret("sessionToken", credentials?["sessionToken"])
    if let user = try secret("user", credentials?["user"]) {
      options.restLogin = (user, try secret("password of the server", credentials?["password"]) ?? "")
    }
    if let retention = location.retention {
      options.s3.retention = retention
      objectLock = retention.duration
    } else {
      objectLock = nil
    }
    // A step is tried again by the engine, which also shows why it waits.
    options.retryLimit = .seconds(60)
    options.report = report
    self.name = name
    place = location.place
    let login = [options.restLogin?.username, options.restLogin?.password]
    let keys = [options.s3.accessKeyID, options.s3.secretAccessKey, options.s3.sessionToken]
    identity = [place, password] + (login + keys).map { $0 ?? "" }
    self.options = options
    self.password = Password(Array(password.utf8))
  }
}
