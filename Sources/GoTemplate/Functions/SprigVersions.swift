extension Function {
  /// Semantic versions.
  static let sprigVersions: [Function] = [
    Function("semver", .string) { .object(try version($0.string(0))) },
    Function("semverCompare", .string, .string) { arguments in
      guard let constraint = VersionConstraint(arguments.string(0)) else {
        throw FunctionError("\(quoted(arguments.string(0))) is no version constraint; write it like '>=1.2, <2.0'")
      }
      return .bool(constraint.allows(try version(arguments.string(1))))
    },
  ]

  private static func version(_ text: String) throws -> SemanticVersion {
    guard let version = SemanticVersion(text) else {
      throw FunctionError("\(quoted(text)) is no version; write it like '1.2.3'")
    }
    return version
  }
}
