import JSON
import StepEngine
import Synchronization

/// What hooks leave for later: short texts by name, kept with the restore point and handed to later hooks.
struct Artifacts: Sendable, Equatable {
  private(set) var values: [String: String] = [:]

  /// As many as anyone needs; more is a program gone wild.
  static let maximumCount = 1000
  static let maximumBytes = 256 << 10
  static let maximumValueBytes = 16 << 10

  /// Artifacts that a step is given.
  /// - Throws: `StepFailure` if these are none.
  init(_ json: JSONValue?) throws(StepFailure) {
    for (key, value) in json?.object ?? [:] {
      do throws(ArtifactError) { try add(key, value.string ?? value.text) } catch {
        throw StepFailure(.permanent, "hook: 'with.artifacts': \(error.reason)")
      }
    }
  }

  init() {}

  /// A later one of the same name counts.
  mutating func add(_ key: String, _ value: String) throws(ArtifactError) {
    guard Self.isName(key) else {
      throw ArtifactError("'\(key)' is no name of an artifact: letters, digits and _, at most 64")
    }
    guard value.utf8.count <= Self.maximumValueBytes else {
      throw ArtifactError("the artifact '\(key)' is larger than \(Self.maximumValueBytes) bytes")
    }
    values[key] = value
    guard values.count <= Self.maximumCount, values.values.reduce(0, { $0 + $1.utf8.count }) <= Self.maximumBytes else {
      throw ArtifactError("there are more artifacts than \(Self.maximumCount), or more than \(Self.maximumBytes) bytes")
    }
  }

  /// Adds the `KEY=VALUE` lines of a file.
  mutating func add(lines text: String) throws(ArtifactError) {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.last == "\r" ? line.dropLast() : line
      if line.isEmpty { continue }
      guard let equals = line.firstIndex(of: "=") else {
        throw ArtifactError("line \(index + 1) of the file that HOLDFAST_ARTIFACTS names is not KEY=VALUE")
      }
      try add(String(line[..<equals]), String(line[line.index(after: equals)...]))
    }
  }

  mutating func merge(_ later: Artifacts) throws(ArtifactError) {
    for (key, value) in later.values { try add(key, value) }
  }

  /// As a program's variables.
  var environment: [String: String] {
    Dictionary(values.map { ("HOLDFAST_ARTIFACT_\($0.key)", $0.value) }, uniquingKeysWith: { $1 })
  }

  var json: JSONValue { .object(values.mapValues { .string($0) }) }

  /// What may be part of the name of a variable.
  private static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}

/// What is wrong with an artifact.
struct ArtifactError: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// Collects the lines `holdfast-artifact KEY VALUE` that a program prints.
final class PrintedArtifacts: Sendable {
  private let found = Mutex<Result<Artifacts, ArtifactError>>(.success(Artifacts()))
  private static let mark = "holdfast-artifact "

  func take(_ line: String) {
    guard line.hasPrefix(Self.mark) else { return }
    let words = line.dropFirst(Self.mark.count).split(separator: " ", maxSplits: 1)
    guard let key = words.first else { return }
    found.withLock { found in
      guard case .success(var artifacts) = found else { return }
      do throws(ArtifactError) {
        try artifacts.add(String(key), words.count > 1 ? String(words[1]) : "")
        found = .success(artifacts)
      } catch {
        found = .failure(error)
      }
    }
  }

  func all() throws(ArtifactError) -> Artifacts { try found.withLock { $0 }.get() }
}
