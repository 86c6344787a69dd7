internal import Cryptography

/// The names of a backup's journals: whose they are, which attempt's, and which of it.
struct JournalName {
  let backup: String
  let attempt: String

  /// - Parameter backupKey: what the attempts at the same backup have in common, such as host and paths.
  init(_ repository: Repository, backupKey: [UInt8]) {
    let digest = hmacSHA256(key: repository.secret(for: "journal names"), backupKey)
    backup = digest.withUnsafeBytes { String(SHA256Digest(bytes: $0).hex.prefix(32)) }
    attempt = String(UInt64.random(in: 0...UInt64.max), radix: 36)
  }

  /// The name of an attempt's object.
  func object(_ number: Int) -> String { "\(backup)-\(attempt)-\(number)" }

  /// The backup that an object is of.
  static func backup(of name: String) -> Substring { name.prefix { $0 != "-" } }

  /// Whether an object is of this backup, of whatever attempt.
  func isOfBackup(_ name: String) -> Bool { name.hasPrefix(backup + "-") }
}
