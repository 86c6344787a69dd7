extension Value {
  /// What Go's `%v` prints, as `fmt.Sprint` and sprig's `toString` do.
  public var text: String {
    if case .string(let value) = self { return value }
    var printer = Printer()
    printer.print(self, verb: "v", depth: 0)
    return printer.output
  }
}

/// Go's `fmt.Sprint`: a space only between two values of which neither is a string.
func sprint(_ values: [Value]) -> String {
  var output = ""
  var isSpaced = false
  for value in values {
    var isString = false
    if case .string = value { isString = true }
    if isSpaced && !isString { output += " " }
    output += value.text
    isSpaced = !isString
  }
  return output
}

/// Go's `fmt.Sprintln`: a space between all values, and a line break.
func sprintln(_ values: [Value]) -> String { values.map(\.text).joined(separator: " ") + "\n" }
