import Concurrency
import FoundationEssentials
import Glibc
import JSON
import StepEngine

/// Secrets that a step is given by reference, read at the moment of use, and kept out of everything that is stored.
struct SecretTexts {
  /// The values, by the name under which the step is given them.
  let values: [String: String]
  /// What is replaced where it turns up, longest first, since one may hold another.
  private let hidden: [String]

  /// No reference is followed to more than this.
  private static let limitBytes = 64 << 10
  private static let mask = "•••"

  /// Reads the secrets without blocking Swift's own threads: a file may be on a network.
  static func reading(_ arguments: StepArguments, _ key: String) async throws -> SecretTexts {
    if arguments.value(key) == nil { return try SecretTexts(arguments, key) }
    return try await BlockingPool.shared.run { try SecretTexts(arguments, key) }
  }

  /// Reads the secrets that `with.KEY` refers to: `{NAME: {file: PATH}}` or `{NAME: {env: VARIABLE}}`.
  /// - Throws: `StepFailure` if one can't be read; another attempt may find it.
  private init(_ arguments: StepArguments, _ key: String) throws(StepFailure) {
    var values: [String: String] = [:]
    for (name, reference) in try arguments.object(key) ?? [:] {
      values[name] = try Self.read(reference, of: "\(key).\(name)", arguments)
    }
    self.values = values
    // Logs are seen line by line. What is as short as this would take letters out of any text, and is no secret.
    let lines = values.values.flatMap { [$0] + $0.split(whereSeparator: \.isNewline).map(String.init) }
    hidden = Set(lines).filter { $0.utf8.count > 3 }.sorted { $0.utf8.count > $1.utf8.count }
  }

  private static func read(
    _ reference: JSONValue, of key: String, _ arguments: StepArguments
  ) throws(StepFailure) -> String {
    guard let members = reference.object, members.count == 1, let form = members.keys.first,
      let place = members[form]?.string, !place.isEmpty
    else { throw arguments.failure(key, mustBe: "a reference to a secret: {file: PATH} or {env: NAME}") }
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
      guard data.count <= limitBytes else {
        throw StepFailure(
          .permanent, "'\(key)': the file \(place) is larger than \(limitBytes) bytes, which no secret is")
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

  /// A text with every secret in it replaced.
  func hidden(in text: String) -> String {
    hidden.reduce(text) { text, secret in text.contains(secret) ? text.replacing(secret, with: Self.mask) : text }
  }

  /// A value with every secret in its texts and keys replaced.
  func hidden(in value: JSONValue) -> JSONValue {
    if hidden.isEmpty { return value }
    switch value {
    case .string(let text): return .string(hidden(in: text))
    case .array(let elements): return .array(elements.map { hidden(in: $0) })
    case .object(let members):
      return .object(Dictionary(members.map { (hidden(in: $0.key), hidden(in: $0.value)) }, uniquingKeysWith: { $1 }))
    case .null, .bool, .int, .double: return value
    }
  }
}
