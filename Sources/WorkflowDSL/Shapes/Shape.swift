public import JSON

/// What a value in a document has to look like. One declaration serves checking and the JSON Schema.
public indirect enum Shape: Sendable {
  case anything
  /// A text; numbers and truth values are taken for theirs.
  case text
  case name(NameRule)
  case choice([String])
  case integer(ClosedRange<Int64>)
  case number
  case boolean
  /// See `DurationText`.
  case duration
  case list(of: Shape)
  /// A list, or one value instead of a list of one.
  case oneOrList(of: Shape)
  /// A map with keys that the author chooses.
  case map(keys: NameRule, values: Shape)
  case object(ObjectShape)
  /// One that is defined elsewhere, since it may contain itself.
  case named(String)
  /// A value of this shape, in which texts may be templates: `{{ … }}`.
  case templated(Shape)
  /// One of these, told apart by whether it is a scalar, a list or a map.
  case anyOf([Shape])
}

/// A map with known keys.
public struct ObjectShape: Sendable {
  /// What it is called in messages: `a step`.
  public var noun: String
  /// What it is for; a sentence.
  public var summary: String
  /// Its keys, in the order in which one writes them.
  public var fields: [FieldShape]

  /// A map with these keys and no others.
  public init(_ noun: String, _ summary: String, _ fields: [FieldShape]) {
    self.noun = noun
    self.summary = summary
    self.fields = fields
  }
}

/// A key of a map and what its value has to be.
public struct FieldShape: Sendable {
  /// The key.
  public var key: String
  /// What its value looks like.
  public var shape: Shape
  /// What it is for; a phrase for editors and help.
  public var summary: String
  /// Whether it has to be there.
  public var isRequired: Bool
  /// What holds if it isn't there.
  public var fallback: JSONValue?

  /// A key that may be left out.
  public static func optional(
    _ key: String, _ shape: Shape, default fallback: JSONValue? = nil, _ summary: String
  ) -> FieldShape {
    FieldShape(key: key, shape: shape, summary: summary, isRequired: false, fallback: fallback)
  }

  /// A key that has to be there.
  public static func required(_ key: String, _ shape: Shape, _ summary: String) -> FieldShape {
    FieldShape(key: key, shape: shape, summary: summary, isRequired: true)
  }
}

extension Shape {
  /// What a value has to be, as the end of "… is not".
  var expectation: String {
    switch self {
    case .anything: "a value"
    case .text: "a text"
    case .name(let rule): rule.expectation
    case .choice(let words): words.joined(separator: ", ")
    case .integer(let range):
      switch (range.lowerBound, range.upperBound) {
      case (let low, .max): "a whole number of at least \(low)"
      case (let low, let high) where low == high: "\(low)"
      case (let low, let high): "a whole number from \(low) to \(high)"
      }
    case .number: "a number"
    case .boolean: "true or false"
    case .duration: DurationText.expectation
    case .list(let shape): "a list, each of it \(shape.expectation)"
    case .oneOrList(let shape): "\(shape.expectation), or a list of these"
    case .map: "a map"
    case .object(let object): "\(object.noun), a map"
    case .named(let name): Shape.definition(name).expectation
    case .templated(let shape): shape.expectation
    case .anyOf(let shapes): shapes.map(\.expectation).joined(separator: ", or ")
    }
  }

  /// Nothing but `named` refers to this: the shapes that contain themselves.
  static func definition(_ name: String) -> Shape { namedShapes[name] ?? .anything }
}
