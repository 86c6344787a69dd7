/// Which texts may be names.
public enum NameRule: Sendable, Hashable {
  /// A document: as Kubernetes names objects, since names end up in those of snapshots and pods.
  case document
  /// A document's name with `*` for any characters and `?` for any one.
  case documentPattern
  /// A step, or a group of steps.
  case step
  /// What an expression says after a dot: a parameter, an output, a loop's item.
  case identifier
  /// A worker label's key.
  case label
  /// A step kind: `exec`, `workflow/NAME`, or `OWNER/KIND` of a worker that isn't part of Holdfast.
  case kind
  /// Any text that is not empty.
  case any

  /// As a regular expression, for JSON Schema.
  var pattern: String {
    switch self {
    case .document: "^[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?$"
    case .documentPattern: "^[a-z0-9.*?-]{1,100}$"
    case .step: "^[A-Za-z][A-Za-z0-9_-]{0,99}$"
    case .identifier: "^[A-Za-z][A-Za-z0-9_]{0,99}$"
    case .label: "^[A-Za-z0-9]([A-Za-z0-9_./-]{0,98}[A-Za-z0-9])?$"
    case .kind: "^[a-z][a-z0-9_-]*(/[a-z0-9][a-z0-9_.-]*)?$"
    case .any: "."
    }
  }

  /// What a name has to be, as the end of "… is no name: it has to be".
  var expectation: String {
    switch self {
    case .document: "1 to 100 lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit"
    case .documentPattern: "1 to 100 lower-case letters, digits, '-', '.', '*' and '?'"
    case .step: "1 to 100 letters, digits, '-' and '_', beginning with a letter"
    case .identifier: "1 to 100 letters, digits and '_', beginning with a letter"
    case .label: "1 to 100 letters, digits, '-', '_', '.' and '/', beginning and ending with a letter or digit"
    case .kind: "a step kind such as exec, or workflow/NAME, in lower-case letters"
    case .any: "a text that is not empty"
    }
  }

  /// Whether a text is such a name.
  func allows(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, let last = bytes.last, bytes.count <= 100 || self == .kind || self == .any else {
      return false
    }
    switch self {
    case .document:
      return first.isLowerOrDigit && last.isLowerOrDigit && bytes.allSatisfy { $0.isLowerOrDigit || $0.isOne(of: "-.") }
    case .documentPattern: return bytes.allSatisfy { $0.isLowerOrDigit || $0.isOne(of: "-.*?") }
    case .step: return first.isLetter && bytes.allSatisfy { $0.isLetterOrDigit || $0.isOne(of: "-_") }
    case .identifier: return first.isLetter && bytes.allSatisfy { $0.isLetterOrDigit || $0.isOne(of: "_") }
    case .label:
      return first.isLetterOrDigit && last.isLetterOrDigit
        && bytes.allSatisfy { $0.isLetterOrDigit || $0.isOne(of: "-_./") }
    case .kind:
      let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      return first.isLower && parts.count <= 2 && parts.allSatisfy { !$0.isEmpty }
        && bytes.allSatisfy { $0.isLowerOrDigit || $0.isOne(of: "-_./") }
    case .any: return true
    }
  }
}

extension UInt8 {
  fileprivate var isLower: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  fileprivate var isLowerOrDigit: Bool { isLower || isDigit }
  fileprivate var isLetter: Bool { isLower || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
  fileprivate var isLetterOrDigit: Bool { isLetter || isDigit }
  fileprivate func isOne(of characters: StaticString) -> Bool {
    characters.withUTF8Buffer { $0.contains(self) }
  }
}
