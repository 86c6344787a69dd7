/// The text of the file at `path` below `sql/`, or nil.
public func sqlFile(_ path: String) -> String? {
  embeddedText.first { $0.path == path }?.text
}
