/// Why a filesystem was not frozen or thawed, in one sentence for people.
public struct FreezeError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is in the way.
  public enum Kind: Sendable, Equatable {
    /// The filesystem holds something that must go on writing, or what was asked for makes no sense.
    case refused
    /// This kind of filesystem can't be frozen.
    case unsupported
    /// There is no such path.
    case missing
    /// We may not: it takes root, or the capabilities that the sentence names.
    case denied
    /// Another freeze of Holdfast's has it: that ends by itself, at its deadline at the latest.
    case held
    /// Somebody else has it frozen.
    case busy
    /// Anything else; trying again may help.
    case system
  }

  /// What is in the way.
  public let kind: Kind
  /// One sentence.
  public let description: String

  /// Whether the same call may succeed later by itself.
  public var isRetryable: Bool { kind == .held || kind == .busy || kind == .system }

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
