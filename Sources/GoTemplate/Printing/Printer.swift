/// Prints values as Go's fmt package does, under the flags of one verb.
struct Printer {
  /// The flags between `%` and the verb.
  struct Flags {
    var plus = false
    var minus = false
    var sharp = false
    var space = false
    var zero = false
    var width: Int?
    var precision: Int?
    /// `%#v`: as Go source.
    var isGoSyntax = false
    /// `%+v`: with the names of struct fields.
    var showsFieldNames = false
  }

  var output = ""
  var flags = Flags()

  /// Prints a value under a verb. Go marks verbs that do not fit in the output instead of failing, and so does this.
  mutating func print(_ value: Value, verb: Unicode.Scalar, depth: Int) {
    guard depth < 200 else {  // a map can be made to hold itself
      output += "…"
      return
    }
    if verb == "T" { return pad(cut(value.typeName)) }
    switch value {
    case .null: verb == "v" ? pad("<nil>") : badVerb(verb, value)
    case .bool(let bool): verb == "v" || verb == "t" ? pad(bool ? "true" : "false") : badVerb(verb, value)
    case .int(let int): printInteger(UInt64(int.magnitude), isNegative: int < 0, verb, value)
    case .int64(let int): printInteger(int.magnitude, isNegative: int < 0, verb, value)
    case .byte(let byte):
      if verb == "v" && flags.isGoSyntax {
        output += "0x" + String(byte, radix: 16)
      } else {
        printInteger(UInt64(byte), isNegative: false, verb, value)
      }
    case .float(let float): printFloat(float, verb, value)
    case .string(let string): printString(string, verb, value)
    case .bytes(let bytes): printBytes(bytes, verb, depth)
    case .list(let list): printList(list, verb, depth)
    case .map(let map): printMap(map, verb, depth)
    case .structure(let structure): printStructure(structure, verb, depth)
    case .nilPointer: verb == "v" ? pad("<nil>") : badVerb(verb, value)
    case .object(let object): printString(object.text, verb, value)
    }
  }

  /// Go's way to say that a verb does not fit: `%!d(string=hi)`.
  mutating func badVerb(_ verb: Unicode.Scalar, _ value: Value) {
    output += "%!\(Character(verb))("
    if case .null = value {
      output += "<nil>"
    } else {
      output += value.typeName + "="
      print(value, verb: "v", depth: 0)
    }
    output += ")"
  }

  /// Appends text, filled up to the width.
  mutating func pad(_ text: String) {
    guard let width = flags.width, case let missing = width - text.unicodeScalars.count, missing > 0 else {
      output += text
      return
    }
    let padding = String(repeating: flags.zero && !flags.minus ? "0" : " ", count: missing)
    output += flags.minus ? text + padding : padding + text
  }

  /// Appends text, filled up to the width with spaces only.
  mutating func padWithSpaces(_ text: String) {
    let zero = flags.zero
    flags.zero = false
    pad(text)
    flags.zero = zero
  }

  /// Text cut to the precision.
  private func cut(_ text: String) -> String {
    guard let precision = flags.precision else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix(precision)))
  }

  private mutating func printString(_ text: String, _ verb: Unicode.Scalar, _ value: Value) {
    switch verb {
    case "v" where flags.isGoSyntax: pad(quoted(cut(text)))
    case "v", "s": pad(cut(text))
    case "q":
      let text = cut(text)
      pad(
        flags.sharp && canBackquote(text)
          ? "`" + text + "`" : quoted(text, asciiOnly: flags.plus))
    case "x", "X": pad(hex(Array(text.utf8), isUpper: verb == "X"))
    default: badVerb(verb, value)
    }
  }

  private func hex(_ bytes: [UInt8], isUpper: Bool) -> String {
    let digits = bytes.prefix(flags.precision ?? bytes.count).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: isUpper)
    }
    let prefix = flags.sharp ? (isUpper ? "0X" : "0x") : ""
    if flags.space { return digits.map { prefix + $0 }.joined(separator: " ") }
    return digits.isEmpty ? "" : prefix + digits.joined()
  }

  private mutating func printBytes(_ bytes: [UInt8], _ verb: Unicode.Scalar, _ depth: Int) {
    switch verb {
    case "s", "q": printString(String(decoding: bytes, as: UTF8.self), verb, .bytes(bytes))
    case "x", "X": pad(hex(bytes, isUpper: verb == "X"))
    default: printList(ListValue(bytes.map { .byte($0) }, of: .byte), verb, depth)
    }
  }

  private mutating func printList(_ list: ListValue, _ verb: Unicode.Scalar, _ depth: Int) {
    let isGoSyntax = verb == "v" && flags.isGoSyntax
    if isGoSyntax {
      output += GoType.list(list.element).name + (list.isNil ? "(nil)" : "{")
      if list.isNil { return }
    } else {
      output += "["
    }
    for (index, element) in list.elements.enumerated() {
      if index > 0 { output += isGoSyntax ? ", " : " " }
      printInner(element, verb, depth)
    }
    output += isGoSyntax ? "}" : "]"
  }

  private mutating func printMap(_ map: MapValue, _ verb: Unicode.Scalar, _ depth: Int) {
    let isGoSyntax = verb == "v" && flags.isGoSyntax
    if isGoSyntax {
      output += GoType.map(map.element).name + (map.isNil ? "(nil)" : "{")
      if map.isNil { return }
    } else {
      output += "map["
    }
    for (index, key) in map.sortedKeys.enumerated() {
      if index > 0 { output += isGoSyntax ? ", " : " " }
      print(.string(key), verb: verb, depth: depth + 1)
      output += ":"
      printInner(map.entries[key] ?? .null, verb, depth)
    }
    output += isGoSyntax ? "}" : "]"
  }

  private mutating func printStructure(_ value: StructValue, _ verb: Unicode.Scalar, _ depth: Int) {
    let isGoSyntax = verb == "v" && flags.isGoSyntax
    if value.isPointer { output += "&" }
    output += (isGoSyntax ? value.type.name : "") + "{"
    for (index, field) in value.type.fields.enumerated() {
      if index > 0 { output += isGoSyntax ? ", " : " " }
      if isGoSyntax || flags.showsFieldNames { output += field.name + ":" }
      printInner(value.fields[index], verb, depth)
    }
    output += "}"
  }

  /// Prints what a list, map or struct holds. Nil is marked there under no verb, other than alone.
  private mutating func printInner(_ value: Value, _ verb: Unicode.Scalar, _ depth: Int) {
    if case .null = value {
      output += verb == "v" && flags.isGoSyntax ? "interface {}(nil)" : "<nil>"
    } else {
      print(value, verb: verb, depth: depth + 1)
    }
  }
}
