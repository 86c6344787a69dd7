internal import GoTemplate
internal import JSON
internal import Wording
internal import YAML

/// Compares a document with its shape, and reports every difference.
struct ShapeChecker {
  let findings: Findings

  /// - Parameter isTemplated: whether texts here may be templates.
  func check(_ node: YAMLNode, _ shape: Shape, key: String, isTemplated: Bool = false) {
    if case .templated(let inner) = shape {
      check(node, inner, key: key, isTemplated: true)
      return
    }
    if case .named(let name) = shape {
      check(node, Shape.definition(name), key: key, isTemplated: isTemplated)
      return
    }
    if case .anyOf(let shapes) = shape {
      // The one that fits its form says most about what is wrong inside of it.
      let fitting = shapes.first { hasForm(node, of: $0) }
      if let fitting { check(node, fitting, key: key, isTemplated: isTemplated) } else { mismatch(node, shape, key) }
      return
    }
    if case .scalar(let scalar) = node.content, scalar.text.contains("{{"),
      checkExpression(node, scalar, shape, key, isTemplated)
    {
      return
    }
    switch (shape, node.content) {
    case (.anything, _): return
    case (.list(let element), .sequence(let nodes)), (.oneOrList(let element), .sequence(let nodes)):
      for (index, node) in nodes.enumerated() {
        check(node, element, key: "\(key)[\(index)]", isTemplated: isTemplated)
      }
    case (.oneOrList(let element), .scalar), (.oneOrList(let element), .mapping):
      check(node, element, key: key, isTemplated: isTemplated)
    case (.map(let rule, let values), .mapping(let pairs)):
      for pair in pairs {
        checkName(pair.key, rule)
        check(pair.value, values, key: pair.key.text ?? key, isTemplated: isTemplated)
      }
    case (.object(let object), .mapping(let pairs)):
      checkObject(node, pairs, object, key: key, isTemplated: isTemplated)
    case (_, .scalar(let scalar)):
      if !fits(scalar, shape) { mismatch(node, shape, key) }
    default:
      mismatch(node, shape, key)
    }
  }

  private func checkObject(
    _ node: YAMLNode, _ pairs: [YAMLPair], _ object: ObjectShape, key: String, isTemplated: Bool
  ) {
    for pair in pairs {
      guard let name = pair.key.text else {
        findings.error("a key of \(object.noun) has to be a text", at: pair.key)
        continue
      }
      guard let field = object.fields.first(where: { $0.key == name }) else {
        findings.error(unknownKey(name, of: object), at: pair.key)
        continue
      }
      // `key:` with nothing behind it is what one forgot to write.
      if pair.value.isNull, field.isRequired {
        findings.error("'\(name)' is empty; it has to be \(field.shape.expectation)", at: pair.key)
      } else if !pair.value.isNull {
        check(pair.value, field.shape, key: name, isTemplated: isTemplated)
      }
    }
    for field in object.fields where field.isRequired && node[field.key] == nil {
      findings.error(
        "\(object.noun) needs '\(field.key)': \(field.summary)",
        at: pairs.first.map { Place(of: $0.key) } ?? Place(of: node))
    }
  }

  private func unknownKey(_ name: String, of object: ObjectShape) -> String {
    let keys = object.fields.map(\.key)
    let nearest = nearestNames(to: name, among: keys)
    let hint =
      if !nearest.isEmpty {
        "did you mean \(alternatives(nearest))?"
      } else if keys.isEmpty {
        "\(object.noun) takes no keys"
      } else {
        "\(object.noun) has \(keys.joined(separator: ", "))"
      }
    return "unknown key \(quotedForMessage(name)); \(hint)"
  }

  /// Whether the scalar was dealt with as an expression.
  private func checkExpression(
    _ node: YAMLNode, _ scalar: YAMLScalar, _ shape: Shape, _ key: String, _ isTemplated: Bool
  ) -> Bool {
    guard isTemplated else {
      // A text without meaning to us may hold anything.
      switch shape {
      case .anything, .text: return false
      default: break
      }
      findings.error(
        "'\(key)' can't be an expression: it has to be known before the run starts; write \(shape.expectation)",
        at: node)
      return true
    }
    guard let template = findings.template(of: node, scalar.text) else { return true }
    switch shape {
    case .anything, .text: break
    case _ where template.isSingleExpression || template.isLiteral: break
    case .name, .choice, .duration, .anyOf, .oneOrList(.name): break  // texts, too: known when it is rendered
    default:
      findings.error(
        "'\(key)' has to be \(shape.expectation): let one expression be the whole value, or its result is a text",
        at: node)
    }
    return true
  }

  /// Whether a node is of the kind, scalar, list or map, that a shape asks for.
  private func hasForm(_ node: YAMLNode, of shape: Shape) -> Bool {
    switch (shape, node.content) {
    case (.anything, _), (.oneOrList, _): true
    case (.templated(let inner), _): hasForm(node, of: inner)
    case (.named(let name), _): hasForm(node, of: Shape.definition(name))
    case (.anyOf(let shapes), _): shapes.contains { hasForm(node, of: $0) }
    case (.list, .sequence), (.map, .mapping), (.object, .mapping): true
    case (.list, _), (.map, _), (.object, _): false
    case (_, .scalar): true
    default: false
    }
  }

  private func fits(_ scalar: YAMLScalar, _ shape: Shape) -> Bool {
    let value = scalar.resolved
    switch shape {
    case .anything: return true
    case .text: return value != .null
    case .name(let rule): return rule.allows(scalar.text)
    case .choice(let words): return words.contains(scalar.text)
    case .integer(let range): return value.int.map { range.contains($0) } ?? false
    case .number: return value.double != nil
    case .boolean: return value.bool != nil
    case .duration: return DurationText.seconds(of: value) != nil
    case .list, .oneOrList, .map, .object, .named, .templated, .anyOf: return false
    }
  }

  private func checkName(_ key: YAMLNode, _ rule: NameRule) {
    guard case .scalar(let scalar) = key.content else {
      findings.error("a key has to be a text", at: key)
      return
    }
    if !rule.allows(scalar.text) {
      findings.error("\(quotedForMessage(scalar.text)) is no name; it has to be \(rule.expectation)", at: key)
    }
  }

  private func mismatch(_ node: YAMLNode, _ shape: Shape, _ key: String) {
    switch (shape, node.content) {
    case (.choice(let words), .scalar(let scalar)):
      let nearest = nearestNames(to: scalar.text, among: words)
      let hint = didYouMean(nearest)
      findings.error("'\(key)': \(quotedForMessage(scalar.text)) is not \(alternatives(words))\(hint)", at: node)
    case (_, .scalar(let scalar)) where !scalar.text.isEmpty:
      findings.error("'\(key)' has to be \(shape.expectation), not \(quotedForMessage(scalar.text))", at: node)
    case (_, .scalar):
      findings.error("'\(key)' is empty; it has to be \(shape.expectation)", at: node)
    case (_, .sequence):
      findings.error("'\(key)' has to be \(shape.expectation), not a list", at: node)
    case (_, .mapping):
      findings.error("'\(key)' has to be \(shape.expectation), not a map", at: node)
    }
  }
}
