/// An expression that is nothing but a look-up, such as `{{ .Steps.discover.volumes }}`: PostgreSQL can do that by itself.
struct SimplePath {
  /// As an SQL/JSON path over a step's context.
  let jsonPath: String

  /// Nil if the text is anything more.
  /// - Parameters:
  ///   - steps: the steps that the expression reads.
  ///   - planName: what the plan calls a step.
  init?(_ text: String, steps: Set<String>, planName: (String) -> String) {
    guard let names = Self.names(text), let root = names.first else { return nil }
    let rest = names.dropFirst()
    switch root {
    case "Params": jsonPath = Self.path("params", rest)
    case "Steps":
      // A group's step has dots in its name; the engine keeps its outputs under the whole of it.
      guard let step = steps.first, steps.count == 1 else { return nil }
      let taken = step.split(separator: ".").count
      guard rest.prefix(taken).joined(separator: ".") == step else { return nil }
      jsonPath = Self.path("steps", [planName(step)[...]] + rest.dropFirst(taken))
    case "Run", "Step": return nil
    default: jsonPath = Self.path("item", names[...])
    }
  }

  /// The names of a look-up: `{{ .volume.node }}` gives volume and node; nil if the text is anything more.
  static func names(_ text: String) -> [Substring]? {
    var inner = Substring(text)
    guard inner.hasPrefix("{{"), inner.hasSuffix("}}") else { return nil }
    inner = inner.dropFirst(2).dropLast(2)
    while inner.first == " " { inner.removeFirst() }
    while inner.last == " " { inner.removeLast() }
    guard inner.first == "." else { return nil }
    let names = inner.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
    let isPlain = names.allSatisfy { name in
      !name.isEmpty
        && name.utf8.allSatisfy { byte in
          (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
        }
    }
    return isPlain ? names : nil
  }

  private static func path(_ root: String, _ names: ArraySlice<Substring>) -> String {
    "$." + root + names.map { ".\"\($0)\"" }.joined()
  }
}
