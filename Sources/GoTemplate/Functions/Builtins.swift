extension FunctionTable {
  /// Go's own functions.
  public static let builtins = FunctionTable(
    Function.builtinLogic + Function.builtinComparisons + Function.builtinCollections + Function.builtinText)
}

extension Function {
  /// `and` and `or` give one of their operands. The executor evaluates no more operands than they need, unless piped.
  static let builtinLogic: [Function] = [
    Function("and", .any, rest: .any) { arguments in
      arguments.values.first { !$0.isTrue } ?? arguments[arguments.count - 1]
    },
    Function("or", .any, rest: .any) { arguments in
      arguments.values.first { $0.isTrue } ?? arguments[arguments.count - 1]
    },
    Function("not", .any) { .bool(!$0[0].isTrue) },
    Function("call", .any, rest: .any) { arguments in
      throw FunctionError("it needs a function as its argument, and data has none; got \(arguments[0].typeName)")
    },
  ]

  /// `print` and its like, and escaping.
  static let builtinText: [Function] = [
    Function("print", rest: .any) { .string(sprint($0.values)) },
    Function("println", rest: .any) { .string(sprintln($0.values)) },
    Function("printf", .string, rest: .any) {
      .string(try sprintf($0.string(0), $0.from(1), limits: $0.limits))
    },
    Function("html", rest: .any) { .string(escapedForHTML(joinedText($0.values))) },
    Function("js", rest: .any) { .string(escapedForJavaScript(joinedText($0.values))) },
    Function("urlquery", rest: .any) { .string(escapedForQuery(joinedText($0.values))) },
  ]

  /// What the escaping functions take as their text.
  private static func joinedText(_ values: [Value]) -> String {
    sprint(
      values.map { value in
        if case .null = value { .string("<no value>") } else { value }
      })
  }
}
