/// Header fields in the order they were added. Names compare without case; a name may appear several times.
public struct HTTPHeaders: Sendable, Equatable {
  /// One header field.
  public struct Field: Sendable, Equatable {
    /// The name as it was given; names that differ only in case are the same name.
    public var name: String
    /// The value, without surrounding blanks.
    public var value: String
  }

  /// All fields, in order.
  public private(set) var fields: [Field] = []

  /// No headers.
  public init() {}

  /// Adds a field; earlier fields of the same name stay.
  public mutating func append(_ name: String, _ value: String) {
    fields.append(Field(name: name, value: value))
  }

  /// Every value of `name`, in order.
  public func values(_ name: String) -> [String] {
    fields.filter { sameName($0.name, name) }.map(\.value)
  }

  /// The first value of `name`. Setting replaces every value of that name; nil removes them.
  public subscript(name: String) -> String? {
    get { fields.first { sameName($0.name, name) }?.value }
    set {
      fields.removeAll { sameName($0.name, name) }
      if let newValue { append(name, newValue) }
    }
  }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
  /// Headers from pairs; a repeated name keeps all its values.
  public init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { append(name, value) }
  }
}

private func sameName(_ left: String, _ right: String) -> Bool {
  left.utf8.count == right.utf8.count && left.lowercased() == right.lowercased()
}
