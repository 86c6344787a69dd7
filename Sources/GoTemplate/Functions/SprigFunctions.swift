extension FunctionTable {
  /// The functions of sprig, the library that Helm and Kanister use.
  ///
  /// One list for each topic, in a file of its own; this joins them. A function is its name, the types of its
  /// parameters, and what it gives:
  /// ```swift
  /// extension Function {
  ///   static let sprigStrings: [Function] = [
  ///     Function("repeat", .int, .string) { arguments in
  ///       let (count, text) = (max(0, arguments.int(0)), arguments.string(1))
  ///       try arguments.checkSize(text.utf8.count.multipliedReportingOverflow(by: count).partialValue)
  ///       return .string(String(repeating: text, count: count))
  ///     },
  ///     Function("list", rest: .any) { .list($0.values) },
  ///   ]
  /// }
  /// ```
  public static let sprig = FunctionTable([])
}
