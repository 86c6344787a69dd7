/// How a command writes what it found.
package enum OutputFormat: String, Sendable, CaseIterable {
  /// Aligned columns, for people.
  case table
  /// A JSON document with stable keys.
  case json
  /// The same as YAML.
  case yaml
  /// One name a line, for scripts.
  case name
}
