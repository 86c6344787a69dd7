internal import JSON
internal import YAML

/// Warnings about arguments that are legal and likely to hurt.
struct KindAdvice {
  let findings: Findings

  private static let secretWords = [
    "PASSWORD", "PASSWD", "SECRET", "TOKEN", "APIKEY", "API_KEY", "PRIVATE_KEY", "AUTHORIZATION",
  ]

  func check(_ kind: String, _ with: YAMLNode?) {
    guard let with else { return }
    switch kind {
    case "exec":
      checkShell(with["command"]?.items ?? [])
      checkSecrets(with["environment"], advice: "name where it is under 'secrets'")
    case "hook":
      for hook in with["hooks"]?.items ?? [] { check("exec", hook["exec"]) }
    case "http":
      checkSecrets(with["headers"], advice: "name where it is under 'secretHeaders'")
    default: break
    }
  }

  /// A value that is put into a shell's text becomes program text.
  private func checkShell(_ command: [YAMLNode]) {
    guard let flag = command.firstIndex(where: { ["-c", "-ec", "-euc", "-lc"].contains($0.text) }), flag > 0,
      command.indices.contains(flag + 1), command[flag + 1].holdsExpression
    else { return }
    findings.warning(
      "the shell would run whatever the expression gives; pass it in 'environment' and write \"$NAME\" here",
      at: command[flag + 1])
  }

  private func checkSecrets(_ node: YAMLNode?, advice: String) {
    for pair in node?.entries ?? [] {
      guard let key = pair.key.text?.uppercased(), Self.secretWords.contains(where: { key.contains($0) }),
        let value = pair.value.text, !value.isEmpty, !value.contains("{{")
      else { continue }
      findings.warning(
        "'\(pair.key.text ?? "")' looks like a secret, and documents are kept in PostgreSQL: \(advice)", at: pair.key)
    }
  }
}
