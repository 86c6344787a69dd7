extension Function {
  /// Upper and lower case of words.
  static let sprigCase: [Function] = [
    Function("title", .string) { .string(titled($0.string(0))) },
    Function("untitle", .string) { arguments in
      .string(changingFirst(of: arguments.string(0)) { $0.lower })
    },
    Function("swapcase", .string) { .string(swappedCase($0.string(0))) },
    Function("initials", .string) { .string(initials($0.string(0))) },
    Function("snakecase", .string) { .string(CaseWords.joined($0.string(0), with: "_")) },
    Function("kebabcase", .string) { .string(CaseWords.joined($0.string(0), with: "-")) },
    Function("camelcase", .string) { .string(camelCased($0.string(0))) },
  ]
}

/// Go's `strings.Title`: a capital after everything that is neither letter, digit nor underscore.
private func titled(_ text: String) -> String {
  var previous: Unicode.Scalar = " "
  return mappingScalars(of: text) { scalar in
    defer { previous = scalar }
    return separatesWords(previous) ? scalar.upper : scalar
  }
}

private func separatesWords(_ scalar: Unicode.Scalar) -> Bool {
  if scalar.isASCII { return !scalar.isASCIILetterOrDigit && scalar != "_" }
  return scalar.properties.isWhitespace
}

/// The first scalar of each word changed.
private func changingFirst(of text: String, _ change: (Unicode.Scalar) -> Unicode.Scalar) -> String {
  var isFirst = true
  return mappingScalars(of: text) { scalar in
    defer { isFirst = scalar.properties.isWhitespace }
    return isFirst ? change(scalar) : scalar
  }
}

private func swappedCase(_ text: String) -> String {
  mappingScalars(of: text) { $0.properties.isUppercase ? $0.lower : $0.properties.isLowercase ? $0.upper : $0 }
}

private func initials(_ text: String) -> String {
  var isFirst = true
  return text.filteringScalars { scalar in
    let isSpace = scalar.properties.isWhitespace
    defer { isFirst = isSpace }
    return isFirst && !isSpace
  }
}

/// As sprig 2.22 has it: words are what underscores separate, and only their first letter is a capital.
///
/// Underscores at the ends, and all but one in between, stay.
private func camelCased(_ text: String) -> String {
  let scalars = Array(text.unicodeScalars)
  let leading = scalars.prefix { $0 == "_" }
  var result = String.UnicodeScalarView(leading)
  var isCapital = true
  let rest = scalars.dropFirst(leading.count)
  for (index, scalar) in zip(rest.indices, rest) {
    let next = index + 1 < rest.endIndex ? rest[index + 1] : nil
    if scalar == "_" {
      if next == nil || next == "_" { result.append(scalar) }
      isCapital = true
    } else {
      result.append(isCapital ? scalar.upper : scalar.lower)
      isCapital = false
    }
  }
  return String(result)
}

/// Takes a text apart where its case, digits or punctuation change.
private struct CaseWords {
  enum Kind { case connector, punctuation, upper, lower, number, other, end }

  private var rest: ArraySlice<Unicode.Scalar>
  private var kind = Kind.end
  private var word: ArraySlice<Unicode.Scalar> = []
  private var result = String.UnicodeScalarView()
  private let connector: Unicode.Scalar

  /// The words in lower case with a connector between them: `HTTPServer` is `http_server`.
  static func joined(_ text: String, with connector: Unicode.Scalar) -> String {
    var words = CaseWords(rest: Array(text.unicodeScalars)[...], connector: connector)
    words.join()
    return String(words.result)
  }

  private init(rest: ArraySlice<Unicode.Scalar>, connector: Unicode.Scalar) {
    self.rest = rest
    self.connector = connector
  }

  private mutating func join() {
    advance()
    while !rest.isEmpty {
      let (previous, last) = (kind, word)
      if previous != .connector { write(previous, last) }
      advance()
      switch previous {
      case .number:
        writeRun()
        if kind != .end && kind != .punctuation && kind != .connector { result.append(connector) }
      case .connector: write(previous, last)
      case .punctuation: break
      default:
        guard kind == .number else {
          if kind != .connector && kind != .punctuation { result.append(connector) }
          break
        }
        if rest.isEmpty { break }
        let number = word
        advance()
        if kind == .lower {
          // A number with small letters after it is a word of its own: "HTTP2xx".
          result.append(connector)
          write(.number, number)
          writeRun()
          if kind != .end && kind != .connector && kind != .punctuation { result.append(connector) }
        } else {
          // Otherwise it belongs to the word before: "Foo2Bar".
          write(.number, number)
          if kind != .connector && kind != .punctuation { result.append(connector) }
        }
      }
    }
    write(kind, word)
  }

  private mutating func writeRun() {
    while kind == .lower || kind == .number {
      write(kind, word)
      advance()
    }
  }

  private mutating func write(_ kind: Kind, _ word: ArraySlice<Unicode.Scalar>) {
    for scalar in word {
      result.append(kind == .connector ? connector : kind == .upper ? scalar.lower : scalar)
    }
  }

  /// Moves on to the next word.
  private mutating func advance() {
    guard let first = rest.first else {
      (kind, word) = (.end, [])
      return
    }
    kind = Self.kind(of: first)
    var length = rest.prefix { Self.kind(of: $0) == kind }.count
    if kind == .upper {
      let small = rest.dropFirst(length).prefix { Self.kind(of: $0) == .lower }.count
      // "HTTPServer" is two words, "Server" one.
      if small > 0 { length = length == 1 ? 1 + small : length - 1 }
    }
    word = rest.prefix(length)
    rest = rest.dropFirst(length)
  }

  private static func kind(of scalar: Unicode.Scalar) -> Kind {
    if scalar == "-" || scalar == "_" || scalar.properties.isWhitespace { return .connector }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      return .punctuation
    case .uppercaseLetter: return .upper
    case .decimalNumber, .letterNumber, .otherNumber: return .number
    case .lowercaseLetter, .titlecaseLetter, .modifierLetter: return .lower
    case .otherLetter: return scalar.properties.isIdeographic ? .other : .lower
    default: return .other
    }
  }
}
