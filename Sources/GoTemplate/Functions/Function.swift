/// A function that templates can call.
///
/// What it takes follows Go's rules for the parameter types, which are checked before the body runs: an `int`
/// parameter takes Go ints and literals such as `3` and `3.0`, but no int64 and no float64 that is data; a `string`
/// parameter takes nothing but strings; `any` takes everything.
public struct Function: Sendable {
  /// The name in templates.
  public let name: String
  /// The types of the parameters that must be given.
  public let parameters: [Parameter]
  /// The type of any number of further arguments; nil if there can be none.
  public let rest: Parameter?
  /// What it does. Throws `FunctionError`.
  public let body: @Sendable (Arguments) throws -> Value

  /// A function with these parameters.
  public init(
    _ name: String, _ parameters: Parameter..., rest: Parameter? = nil,
    body: @escaping @Sendable (Arguments) throws -> Value
  ) {
    self.name = name
    self.parameters = parameters
    self.rest = rest
    self.body = body
  }

  /// The same function by another name.
  public func named(_ other: String) -> Function { Function(other, parameters, rest, body) }

  private init(
    _ name: String, _ parameters: [Parameter], _ rest: Parameter?,
    _ body: @escaping @Sendable (Arguments) throws -> Value
  ) {
    self.name = name
    self.parameters = parameters
    self.rest = rest
    self.body = body
  }
}

/// The Go type of a function's parameter.
public enum Parameter: Sendable, Hashable {
  /// `interface {}`; nil arrives as `.null`.
  case any
  case bool
  case int
  case int64
  case float64
  case string
  /// `[]interface {}`.
  case list
  /// `map[string]interface {}`: no `map[string]string`.
  case map
  /// A `GoObject` of this type, such as `time.Time`.
  case object(String)
}

/// Why a function failed: one sentence, which the template error takes over.
public struct FunctionError: Error, CustomStringConvertible {
  /// What went wrong.
  public let description: String

  /// An error with this message.
  public init(_ description: String) { self.description = description }
}

/// The arguments of one call. They have the declared types, since that was checked before.
public struct Arguments {
  /// All arguments in order, the piped one last.
  public let values: [Value]
  /// What the rendering may use up.
  public let limits: TemplateLimits

  init(_ values: [Value], limits: TemplateLimits) {
    self.values = values
    self.limits = limits
  }

  /// How many there are.
  public var count: Int { values.count }
  /// The argument at this position; `.null` if there is none.
  public subscript(index: Int) -> Value { index < values.count ? values[index] : .null }
  /// The arguments from this position on.
  public func from(_ index: Int) -> [Value] { index < values.count ? Array(values[index...]) : [] }

  /// The argument of a `bool` parameter.
  public func bool(_ index: Int) -> Bool { if case .bool(let value) = self[index] { value } else { false } }
  /// The argument of an `int` parameter.
  public func int(_ index: Int) -> Int { if case .int(let value) = self[index] { value } else { 0 } }
  /// The argument of an `int64` parameter.
  public func int64(_ index: Int) -> Int64 { if case .int64(let value) = self[index] { value } else { 0 } }
  /// The argument of a `float64` parameter.
  public func float(_ index: Int) -> Double { if case .float(let value) = self[index] { value } else { 0 } }
  /// The argument of a `string` parameter.
  public func string(_ index: Int) -> String { if case .string(let value) = self[index] { value } else { "" } }
  /// The argument of a `list` parameter.
  public func list(_ index: Int) -> [Value] { if case .list(let list) = self[index] { list.elements } else { [] } }
  /// The argument of a `map` parameter.
  public func map(_ index: Int) -> MapValue {
    if case .map(let map) = self[index] { map } else { MapValue(isNil: true) }
  }

  /// Refuses to make a text or list of this size if that is above the limit. To be called before making it.
  public func checkSize(_ size: Int, of what: String = "text") throws {
    guard size <= limits.outputBytes else {
      throw FunctionError(
        "it would make a \(what) of size \(size), and the limit is \(limits.outputBytes); ask for less")
    }
  }
}
