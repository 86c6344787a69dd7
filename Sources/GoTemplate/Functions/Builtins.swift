extension FunctionTable {
  /// Go's own functions.
  public static let builtins = FunctionTable([])
}
