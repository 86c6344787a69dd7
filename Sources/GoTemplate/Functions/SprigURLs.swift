extension Function {
  /// URLs, as maps of their parts.
  static let sprigURLs: [Function] = [
    Function("urlParse", .string) { arguments in
      let url = try GoURL(parsing: arguments.string(0))
      return .map([
        "scheme": .string(url.scheme), "host": .string(url.host), "hostname": .string(url.hostname),
        "path": .string(url.path), "query": .string(url.query), "opaque": .string(url.opaque),
        "fragment": .string(url.fragment), "userinfo": .string(url.user?.text ?? ""),
      ])
    },
    Function("urlJoin", .map) { arguments in
      let parts = arguments.map(0)
      var url = GoURL()
      url.scheme = try text("scheme", in: parts)
      url.host = try text("host", in: parts)
      url.path = try text("path", in: parts)
      url.query = try text("query", in: parts)
      url.opaque = try text("opaque", in: parts)
      url.fragment = try text("fragment", in: parts)
      let user = try text("userinfo", in: parts)
      if !user.isEmpty { url.user = try GoURL(parsing: "proto://\(user)@host").user }
      return .string(url.text)
    },
  ]

  private static func text(_ key: String, in map: MapValue) throws -> String {
    guard let value = map.entries[key] else { return "" }
    guard case .string(let text) = value else {
      throw FunctionError("'\(key)' of a URL has to be text; got \(value.typeName)")
    }
    return text
  }
}
