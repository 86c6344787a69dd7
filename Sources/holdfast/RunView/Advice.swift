/// The command lines that help texts name, in one place, so that they can be copied and stay right.
struct Advice: Sendable {
  var run: Int64

  var watch: String { "holdfast watch \(run)" }
  var retry: String { "holdfast retry \(run)" }
  var cancel: String { "holdfast cancel \(run)" }
  var explain: String { "holdfast explain \(run)" }
  func explain(_ step: String) -> String { "holdfast explain \(run) \(quoted(step))" }
  func logs(_ step: String) -> String { "holdfast logs \(run) \(quoted(step))" }
  func approve(_ step: String) -> String { "holdfast approve \(run) \(quoted(step))" }
  func signal(_ name: String) -> String { "holdfast signal \(run) \(quoted(name))" }

  static func explain(run: Int64) -> String { "holdfast explain \(run)" }
  static func resume(_ scope: String, _ name: String) -> String { "holdfast resume \(scope) \(quoted(name))" }
  static func raise(limit: String, to capacity: Int) -> String { "holdfast limits set \(quoted(limit)) \(capacity)" }
  /// A worker that could do a step of this kind with these labels.
  static func worker(kind: String, labels: [String: String]) -> String {
    let labels = labels.sorted { $0.key < $1.key }.map { " --label \(quoted("\($0.key)=\($0.value)"))" }.joined()
    return "holdfast worker\(labels)"
  }
}

/// The text as one word of a shell.
private func quoted(_ text: String) -> String {
  let isPlain = text.unicodeScalars.allSatisfy { scalar in
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
      || "-_.:/=@,+".unicodeScalars.contains(scalar)
  }
  return isPlain && !text.isEmpty
    ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
}
