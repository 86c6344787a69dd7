/// The SQLSTATE and the sentence in what libpq says, verbosely, about a connection that failed.
///
/// There is a line for each host that was tried; those of the server read `FATAL:  28P01: password … failed`, followed by
/// a line about its source code.
func connectionFailure(_ text: String) -> (sqlState: String?, message: String) {
  var sqlState: String?
  var sentences: [String] = []
  for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("LOCATION:") {
    var words = line.split(separator: " ")[...]
    var sentence: [Substring] = []
    while let word = words.popFirst() {
      if let state = sqlStateWord(word) { sqlState = state } else { sentence.append(word) }
    }
    var joined = sentence.joined(separator: " ")
    while joined.first?.isWhitespace == true { joined.removeFirst() }
    if !joined.isEmpty { sentences.append(joined) }
  }
  return (sqlState, sentences.joined(separator: "; "))
}

/// `28P01:` is one; nothing else that libpq writes has five capitals or digits and a colon, and begins with a digit or
/// is a state of the server's own.
private func sqlStateWord(_ word: Substring) -> String? {
  guard word.utf8.count == 6, word.last == ":" else { return nil }
  let state = word.dropLast()
  guard state.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }) else { return nil }
  guard state.contains(where: \.isNumber) else { return nil }
  return String(state)
}
