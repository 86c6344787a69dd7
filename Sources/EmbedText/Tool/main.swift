import Foundation

// Usage: embed-text OUTPUT FOLDER FILE…
// Writes `embeddedText`, the files' texts by their path below FOLDER, in the order of the paths.

/// A raw string literal that holds `text` whatever it contains.
func literal(_ text: String) -> String {
  var fence = "#"
  while text.contains("\"\"\"" + fence) || text.contains("\\" + fence) { fence += "#" }
  return "\(fence)\"\"\"\n\(text)\n\"\"\"\(fence)"
}

let arguments = CommandLine.arguments
guard arguments.count >= 3 else {
  FileHandle.standardError.write(Data("usage: embed-text OUTPUT FOLDER FILE…\n".utf8))
  exit(2)
}
let prefix = arguments[2].hasSuffix("/") ? arguments[2] : arguments[2] + "/"
let entries = try arguments.dropFirst(3).map { path in
  let name = path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  return "  (\"\(name)\", \(literal(try String(contentsOfFile: path, encoding: .utf8)))),\n"
}
let source = """
  /// The text files of this target by their path below its folder, sorted by path.
  public let embeddedText: [(path: String, text: String)] = [
  \(entries.joined())]

  """
try source.write(toFile: arguments[1], atomically: true, encoding: .utf8)
