extension YAMLSource {
  /// What the writer of the file most likely did, in place of what libyaml says.
  func explain(_ complaint: YAMLComplaint) -> YAMLError {
    error(complaint.problem, at: complaint.mark)
  }

  func unquotedExpression(at mark: YAMLMark) -> YAMLError {
    error("a value that begins with {{ must be put in quotes: '{{ … }}'", at: mark)
  }
}
