internal import CommandSyntax
internal import Glibc
internal import JSON
internal import PostgresClient
internal import Terminal

extension ParsedArguments {
  /// The style of standard output.
  var style: TextStyle { style(of: STDOUT_FILENO) }

  /// The style of a stream.
  func style(of descriptor: Int32) -> TextStyle {
    let refusesColor = self[StandardOptions.noColor]
    return .forStream(descriptor) { name in
      refusesColor && name == "NO_COLOR" ? "1" : getenv(name).map { String(cString: $0) }
    }
  }

  /// Writes to standard error what went another way than usual, while nothing is drawn there.
  func note(_ sentence: String) {
    let mark = style(of: STDERR_FILENO).emphasized("note:", .yellow)
    writeText("\(mark) \(singleLine(sentence))\n", to: STDERR_FILENO)
  }

  /// Writes a list as the command line wants it.
  func write<Row>(_ rows: [Row], as listing: Listing<Row>) {
    writeText(listing.text(rows, as: self[GlobalOptions.output], style: style))
  }

  /// Says what a command did: as a sentence, as an object, or as the name of what it was done to.
  func report(_ sentence: String, name: String, _ object: JSONValue) {
    switch self[GlobalOptions.output] {
    case .table: writeText(sentence + "\n")
    case .name: writeText(name + "\n")
    case let format: writeText(documentText(object, as: format, style: style))
    }
  }
}

/// What a command did to one of several objects.
struct Deed {
  /// What it did, as a sentence.
  let sentence: String
  /// The object's name.
  let name: String
  /// The same for programs.
  let json: JSONValue
}

extension ParsedArguments {
  /// Says what a command did to objects: in sentences, as one list, or as their names.
  func report(_ deeds: [Deed]) {
    switch self[GlobalOptions.output] {
    case .table: writeText(deeds.map { $0.sentence + "\n" }.joined())
    case .name: writeText(deeds.map { $0.name + "\n" }.joined())
    case let format: writeText(documentText(.array(deeds.map(\.json)), as: format, style: style))
    }
  }
}

extension JSONValue {
  /// A text, or null.
  init(_ text: String?) { self = text.map(JSONValue.string) ?? .null }
  /// A whole number, or null.
  init(_ number: Int64?) { self = number.map(JSONValue.int) ?? .null }
  /// A number, or null.
  init(_ number: Double?) { self = number.map(JSONValue.double) ?? .null }
  /// A truth value, or null.
  init(_ flag: Bool?) { self = flag.map(JSONValue.bool) ?? .null }
  /// An instant as ISO 8601, or null.
  init(_ moment: Moment?) { self = moment.map { .string($0.iso8601) } ?? .null }
}

extension PostgresRow {
  /// A `timestamptz`.
  func moment(_ column: Int) throws(PostgresError) -> Moment { Moment(microseconds: try timestamp(column)) }
  /// A `timestamptz`, or NULL.
  func optionalMoment(_ column: Int) throws(PostgresError) -> Moment? {
    try optionalTimestamp(column).map(Moment.init(microseconds:))
  }
  /// A `jsonb`, or NULL.
  func json(_ column: Int) throws -> JSONValue {
    try optionalString(column).map { try JSONValue(parsing: $0) } ?? .null
  }
}
