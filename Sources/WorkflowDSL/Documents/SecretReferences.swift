internal import YAML

/// Checks what the shape of references to secrets can't say.
struct SecretReferences {
  let findings: Findings

  func check(_ node: YAMLNode?) {
    guard let node, case .mapping(let pairs) = node.content, pairs.count != 1 else { return }
    findings.error("a reference to a secret needs one of 'file', 'env' and 'secret'", at: node)
  }

  /// That a URL is one of HTTP, and has no password in it: documents are kept in PostgreSQL.
  func checkURL(_ node: YAMLNode?, advice: String) {
    guard let node, let text = node.text else { return }
    guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else {
      findings.error("a URL has to begin with https:// or http://", at: node)
      return
    }
    if text.dropFirst(scheme.count).prefix(while: { $0 != "/" }).contains("@") {
      findings.error(
        "user and password can't stand in a URL, since documents are kept in PostgreSQL: \(advice)", at: node)
    }
  }
}
