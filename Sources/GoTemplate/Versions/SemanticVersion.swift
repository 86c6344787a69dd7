internal import JSON

/// A version as in semantic versioning: `1.23.4-beta.1+build5`.
struct SemanticVersion: Sendable, Hashable {
  let major: UInt64
  let minor: UInt64
  let patch: UInt64
  /// `beta.1`; empty if there is none.
  let prerelease: String
  let metadata: String
  /// The text that it was read from.
  let original: String

  init(_ major: UInt64, _ minor: UInt64, _ patch: UInt64, prerelease: String = "") {
    (self.major, self.minor, self.patch, self.prerelease) = (major, minor, patch, prerelease)
    metadata = ""
    original = ""
  }

  /// Reads a version. A "v" before it and parts that are left out are fine; nil if it is none.
  init?(_ text: String) {
    let parts = VersionText(without(prefix: "v", text))
    let numbers = parts.core.map { UInt64($0) }
    guard (1...3).contains(numbers.count), numbers.allSatisfy({ $0 != nil }),
      parts.core.allSatisfy({ !$0.utf8.isEmpty && $0.utf8.allSatisfy(isDigit) }), parts.isSound
    else { return nil }
    major = numbers[0] ?? 0
    minor = numbers.count > 1 ? numbers[1] ?? 0 : 0
    patch = numbers.count > 2 ? numbers[2] ?? 0 : 0
    prerelease = parts.prerelease ?? ""
    metadata = parts.metadata ?? ""
    original = text
  }

  /// The version with all its parts.
  var text: String {
    "\(major).\(minor).\(patch)" + (prerelease.isEmpty ? "" : "-" + prerelease)
      + (metadata.isEmpty ? "" : "+" + metadata)
  }

  /// -1, 0 or 1. A version with a prerelease comes before the one without; metadata does not count.
  func compare(_ other: SemanticVersion) -> Int {
    let (left, right) = ([major, minor, patch], [other.major, other.minor, other.patch])
    if left != right { return left.lexicographicallyPrecedes(right) ? -1 : 1 }
    if prerelease.isEmpty || other.prerelease.isEmpty {
      return prerelease.isEmpty == other.prerelease.isEmpty ? 0 : prerelease.isEmpty ? 1 : -1
    }
    let (mine, others) = (prerelease.split(separator: "."), other.prerelease.split(separator: "."))
    for (left, right) in zip(mine, others) where left != right {
      switch (UInt64(left), UInt64(right)) {
      case (let left?, let right?): if left != right { return left < right ? -1 : 1 }
      case (.some, nil): return -1
      case (nil, .some): return 1
      case (nil, nil): return isInByteOrder(String(left), String(right)) ? -1 : 1
      }
    }
    return mine.count == others.count ? 0 : mine.count < others.count ? -1 : 1
  }
}

/// The parts of a version's text.
struct VersionText {
  let core: [Substring]
  let prerelease: String?
  let metadata: String?

  init(_ text: String) {
    let plus = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
    let dash = plus[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    core = dash[0].split(separator: ".", omittingEmptySubsequences: false)
    prerelease = dash.count > 1 ? String(dash[1]) : nil
    metadata = plus.count > 1 ? String(plus[1]) : nil
  }

  /// Whether prerelease and metadata consist of identifiers: letters, digits and dashes between dots.
  var isSound: Bool {
    [prerelease, metadata].allSatisfy { text in
      guard let text else { return true }
      return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { identifier in
        !identifier.isEmpty && identifier.unicodeScalars.allSatisfy { $0.isASCIILetterOrDigit || $0 == "-" }
      }
    }
  }
}

extension SemanticVersion: GoObject {
  var typeName: String { "*semver.Version" }
  var kindName: String { "ptr" }
  var json: JSONValue { .string(text) }

  func isEqual(to other: any GoObject) -> Bool { self == other as? SemanticVersion }

  func method(named name: String) -> Function? {
    let version = self
    func number(_ value: UInt64) -> Function { Function(name) { _ in .int64(Int64(clamping: value)) } }
    func text(_ value: String) -> Function { Function(name) { _ in .string(value) } }
    func comparison(_ holds: @escaping @Sendable (Int) -> Bool) -> Function {
      Function(name, .object(typeName)) { .bool(holds(version.compare($0.version(0)))) }
    }
    return switch name {
    case "Major": number(major)
    case "Minor": number(minor)
    case "Patch": number(patch)
    case "Prerelease": text(prerelease)
    case "Metadata": text(metadata)
    case "Original": text(original)
    case "String": text(self.text)
    case "Compare": Function(name, .object(typeName)) { .int(version.compare($0.version(0))) }
    case "Equal": comparison { $0 == 0 }
    case "LessThan": comparison { $0 < 0 }
    case "GreaterThan": comparison { $0 > 0 }
    default: nil
    }
  }
}

extension Arguments {
  /// The version that a parameter of type `*semver.Version` got.
  func version(_ index: Int) -> SemanticVersion {
    if case .object(let object) = self[index], let version = object as? SemanticVersion { return version }
    return SemanticVersion(0, 0, 0)
  }
}
