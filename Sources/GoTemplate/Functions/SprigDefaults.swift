extension Function {
  /// Choosing among values, and asking what they are.
  static let sprigDefaults: [Function] = [
    Function("default", .any, rest: .any) { $0[1].isTrue ? $0[1] : $0[0] },
    Function("empty", .any) { .bool(!$0[0].isTrue) },
    Function("coalesce", rest: .any) { $0.values.first(where: \.isTrue) ?? .null },
    Function("all", rest: .any) { .bool($0.values.allSatisfy(\.isTrue)) },
    Function("any", rest: .any) { .bool($0.values.contains(where: \.isTrue)) },
    Function("ternary", .any, .any, .bool) { $0.bool(2) ? $0[0] : $0[1] },
    Function("fail", .string) { throw FunctionError($0.string(0)) },
    Function("typeOf", .any) { .string($0[0].typeName) },
    Function("typeIs", .string, .any) { .bool($0.string(0) == $0[1].typeName) },
    Function("typeIsLike", .string, .any) { arguments in
      let type = arguments[1].typeName
      return .bool(type == arguments.string(0) || type == "*" + arguments.string(0))
    },
    Function("kindOf", .any) { .string($0[0].kindName) },
    Function("kindIs", .string, .any) { .bool($0.string(0) == $0[1].kindName) },
    Function("deepEqual", .any, .any) { arguments in
      var budget = VisitBudget()
      return .bool(try isDeeplyEqual(arguments[0], arguments[1], &budget))
    },
  ]
}
