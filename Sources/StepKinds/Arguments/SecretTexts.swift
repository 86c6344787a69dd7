package import Concurrency
package import JSON
import StepEngine

/// Secrets that a step is given by reference, read at the moment of use, and kept out of everything that is stored.
package struct SecretTexts: Sendable {
  /// The values, by the name under which the step is given them.
  package let values: [String: String]
  /// What is replaced where it turns up, longest first, since one may hold another.
  private let hidden: [String]

  private static let mask = "•••"

  /// Reads the secrets without blocking Swift's own threads: a file may be on a network.
  package static func reading(_ arguments: StepArguments, _ key: String) async throws -> SecretTexts {
    if arguments.value(key) == nil { return try SecretTexts(arguments, key) }
    return try await BlockingPool.shared.run { try SecretTexts(arguments, key) }
  }

  /// Reads the one secret that `with.KEY` refers to: `{file: PATH}` or `{env: VARIABLE}`; its value goes by the name KEY.
  package static func reading(_ arguments: StepArguments, one key: String) async throws -> SecretTexts {
    guard let value = arguments.value(key) else { return SecretTexts([:]) }
    guard let reference = SecretReference(value) else {
      throw arguments.failure(key, mustBe: SecretReference.expectation)
    }
    return try await BlockingPool.shared.run { SecretTexts([key: try reference.read(for: key)]) }
  }

  /// Reads the secrets that `with.KEY` refers to: `{NAME: {file: PATH}}` or `{NAME: {env: VARIABLE}}`.
  /// - Throws: `StepFailure` if one can't be read; another attempt may find it.
  private init(_ arguments: StepArguments, _ key: String) throws(StepFailure) {
    var values: [String: String] = [:]
    for (name, reference) in try arguments.object(key) ?? [:] {
      guard let reference = SecretReference(reference) else {
        throw arguments.failure("\(key).\(name)", mustBe: SecretReference.expectation)
      }
      values[name] = try reference.read(for: "\(key).\(name)")
    }
    self.init(values)
  }

  private init(_ values: [String: String]) {
    self.values = values
    // Logs are seen line by line. What is as short as this would take letters out of any text, and is no secret.
    let lines = values.values.flatMap { [$0] + $0.split(whereSeparator: \.isNewline).map(String.init) }
    hidden = Set(lines).filter { $0.utf8.count > 3 }.sorted { $0.utf8.count > $1.utf8.count }
  }

  /// A text with every secret in it replaced.
  package func hidden(in text: String) -> String {
    hidden.reduce(text) { text, secret in text.contains(secret) ? text.replacing(secret, with: Self.mask) : text }
  }

  /// A line that a program printed, with every secret in it replaced; of one that was cut with the line, too, what is left.
  package func hidden(inLine line: String) -> String {
    guard let (kept, note) = OutputLine.parts(of: line) else { return hidden(in: line) }
    return hidden(in: hidingBeginning(at: kept)) + note
  }

  /// What a program printed, as it is stored, with every secret in it replaced; of one that was cut, too, what is left.
  package func hidden(in output: CapturedOutput) -> String {
    guard output.droppedBytes > 0 else { return hidden(in: storable(output.text)) }
    let start = storable(String(decoding: output.first, as: UTF8.self))
    let end = storable(String(decoding: output.last, as: UTF8.self))
    return hidden(in: hidingBeginning(at: start)) + output.gap + hidden(in: hidingEnd(at: end))
  }

  /// Replaces the beginning of a secret at the end of a text.
  private func hidingBeginning(at text: some StringProtocol) -> String {
    var kept = String(text).unicodeScalars[...]
    // Of the last letter, too, only a part may be left.
    while kept.last == "\u{fffd}" { kept.removeLast() }
    let tail = Array(kept.suffix(longestSecret))
    let length = longestCut { secret, length in tail.suffix(length).elementsEqual(secret.prefix(length)) }
    return length == 0 ? String(text) : String(kept.dropLast(length)) + Self.mask
  }

  /// Replaces the end of a secret at the beginning of a text.
  private func hidingEnd(at text: String) -> String {
    let kept = text.unicodeScalars.drop { $0 == "\u{fffd}" }
    let head = Array(kept.prefix(longestSecret))
    let length = longestCut { secret, length in head.prefix(length).elementsEqual(secret.suffix(length)) }
    return length == 0 ? text : Self.mask + String(kept.dropFirst(length))
  }

  private var longestSecret: Int { hidden.map(\.unicodeScalars.count).max() ?? 0 }

  /// How many letters of any secret fit at most.
  private func longestCut(_ fits: (_ secret: [Unicode.Scalar], _ length: Int) -> Bool) -> Int {
    hidden.map { Array($0.unicodeScalars) }
      .compactMap { secret in (1...secret.count).last { fits(secret, $0) } }.max() ?? 0
  }

  /// A value with every secret in its texts and keys replaced.
  package func hidden(in value: JSONValue) -> JSONValue {
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
