import FoundationEssentials
import Glibc
package import JSON
package import StepEngine

/// Where a secret is: what documents and steps have in its place.
package struct SecretReference: Sendable, Equatable {
  /// What one looks like, for messages.
  package static let expectation = "a reference to a secret: {file: PATH} or {env: NAME}"

  /// No reference is followed to more than this.
  private static let limitBytes = 64 << 10

  private let form: String
  private let place: String

  /// `{file: PATH}` or `{env: VARIABLE}`; nil for what has another form.
  package init?(_ reference: JSONValue) {
    guard let members = reference.object, members.count == 1, let form = members.keys.first,
      let place = members[form]?.string, !place.isEmpty
    else { return nil }
    self.form = form
    self.place = place
  }

  /// The secret. Blocks: a file may be on a network.
  /// - Parameter key: what refers to it, for messages.
  /// - Throws: `StepFailure` if it can't be read; another attempt may find a file.
  package func read(for key: String) throws(StepFailure) -> String {
    switch form {
    case "env":
      guard let value = getenv(place) else {
        throw StepFailure(.permanent, "'\(key)': this worker has no environment variable \(place)")
      }
      return String(cString: value)
    case "file":
      guard let data = FileManager.default.contents(atPath: place) else {
        throw StepFailure(.retryable, "'\(key)': this worker can't read the file \(place)")
      }
      guard data.count <= Self.limitBytes else {
        throw StepFailure(
          .permanent, "'\(key)': the file \(place) is larger than \(Self.limitBytes) bytes, which no secret is")
      }
      // What editors and `echo` put behind it.
      var text = String(decoding: data, as: UTF8.self)[...]
      while text.last?.isNewline ?? false { text.removeLast() }
      return String(text)
    default:
      throw StepFailure(
        .permanent, "'\(key)': a secret can be had from a 'file' or an 'env' on this worker, not from '\(form)'")
    }
  }
}
