internal import CommandSyntax
internal import FileSystem

/// The lines of a file as texts.
///
/// Text can't hold what is not UTF-8, nor a path a NUL byte: what such a line says would be another path, or another pattern.
/// - Parameters:
///   - what: the file, for messages: `list of paths /tmp/list`.
///   - advice: what to do about a line that is not UTF-8, as the end of a sentence.
/// - Throws: `CommandFailure` for the first line that is no text.
func textLines(
  _ lines: [ArraySlice<UInt8>], _ what: String, advice: String
) throws(CommandFailure) -> [String] {
  var texts: [String] = []
  for line in lines {
    guard !line.contains(0) else {
      throw CommandFailure(
        .usage, "the \(what) has a NUL byte in '\(printablePath(Array(line)))'; end lines with line feeds")
    }
    guard let text = String(validating: line, as: UTF8.self) else {
      throw CommandFailure(.usage, "'\(printablePath(Array(line)))' in the \(what) is not UTF-8; \(advice)")
    }
    texts.append(text)
  }
  return texts
}
