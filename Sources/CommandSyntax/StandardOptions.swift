/// Options that a program's `options` list if it wants them; the parser and `Program.run` know what they mean.
package enum StandardOptions {
  /// Shows the help of the program or the command.
  package static let help = Option<Bool>.flag("--help", short: "-h", "Show this help")
  /// Shows the version.
  package static let version = Option<Bool>.flag("--version", "Show the version")
  /// Keeps colours away, as `NO_COLOR` does.
  package static let noColor = Option<Bool>.flag(
    "--no-color", "Write no colours, as with NO_COLOR set; there are none except on a terminal")
}
