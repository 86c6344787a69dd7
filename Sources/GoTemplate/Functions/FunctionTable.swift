/// The functions that templates can call, by name.
public struct FunctionTable: Sendable {
  private var functions: [String: Function] = [:]

  /// A table of these functions; of two with one name, the later counts.
  public init(_ functions: [Function]) {
    for function in functions { self.functions[function.name] = function }
  }

  /// This table with the functions of another, which win over those of the same name.
  public func joined(with other: FunctionTable) -> FunctionTable {
    var joined = self
    joined.functions.merge(other.functions) { $1 }
    return joined
  }

  /// The function of this name.
  public subscript(name: String) -> Function? { functions[name] }

  /// The names of all functions, sorted.
  public var names: [String] { functions.keys.sorted() }

  /// Every function there is.
  public static let all = builtins.joined(with: sprig)
}
