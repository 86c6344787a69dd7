internal import JSON
internal import Wording

/// `!!str` for `tag:yaml.org,2002:str`; others as they are.
func shortTag(_ tag: String) -> String {
  let prefix = "tag:yaml.org,2002:"
  return tag.hasPrefix(prefix) ? "!!" + tag.dropFirst(prefix.count) : tag
}

extension YAMLComposer {
  /// Refuses any tag but the one that fits.
  func check(_ event: YAMLEvent, hasTag expected: String, _ kind: String) throws(YAMLError) {
    guard let tag = event.tag.map(shortTag), tag != expected else { return }
    throw unfitting(tag, kind, at: event.start)
  }

  /// A scalar as its style, its text and its tag say.
  func scalar(
    _ text: String, _ style: YAMLScalar.Style, _ event: YAMLEvent, isKey: Bool
  ) throws(YAMLError) -> YAMLNode {
    if style == .plain, let advice = falseSpace(text.unicodeScalars.first) {
      throw source.error(advice, at: event.start)
    }
    let scalar: YAMLScalar
    if let tag = event.tag.map(shortTag) {
      guard let value = try tagged(text, tag, at: event.start) else {
        throw source.error("\(quotedForMessage(text)) does not fit its tag \(tag)", at: event.start)
      }
      scalar = YAMLScalar(text: text, style: style, resolved: value)
    } else if style == .plain {
      switch resolvePlain(text) {
      case .value(let value): scalar = YAMLScalar(text: text, style: style, resolved: value)
      case .refused(let why):
        guard isKey else { throw source.error("\(quotedForMessage(text)): \(why)", at: event.start) }
        scalar = YAMLScalar(text: text, style: style, resolved: .string(text))
      }
    } else {
      scalar = YAMLScalar(text: text, style: style, resolved: .string(text))
    }
    return YAMLNode(content: .scalar(scalar), start: event.start, end: event.end)
  }

  /// Nil where the text does not fit the tag.
  private func tagged(_ text: String, _ tag: String, at mark: YAMLMark) throws(YAMLError) -> JSONValue? {
    if tag == "!!str" { return .string(text) }
    let plain: JSONValue? = if case .value(let value) = resolvePlain(text) { value } else { nil }
    switch (tag, plain) {
    case ("!!int", .int), ("!!float", .double), ("!!bool", .bool), ("!!null", .null): return plain
    case ("!!float", .int(let value)): return .double(Double(value))
    case ("!!int", _), ("!!float", _), ("!!bool", _), ("!!null", _): return nil
    default: throw unfitting(tag, "text", at: mark)
    }
  }

  private func unfitting(_ tag: String, _ kind: String, at mark: YAMLMark) -> YAMLError {
    let known = ["!!str", "!!int", "!!float", "!!bool", "!!null", "!!seq", "!!map"]
    if known.contains(tag) { return source.error("the tag \(tag) does not fit here: this is \(kind)", at: mark) }
    return source.error(
      "the tag \(quotedForMessage(tag)) is not known; if the value is text that begins with '!', put it in quotes",
      at: mark)
  }
}
