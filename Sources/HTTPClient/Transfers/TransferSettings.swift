/// What all transfers of a client have in common.
struct TransferSettings: Sendable {
  /// PEM certificates to trust instead of the system's.
  var caFile: String?
  /// Whether the system's are trusted besides.
  var trustsSystemToo = false
  /// PEM certificate and key to show to servers that ask who we are.
  var clientCertificate: String?
  /// Whether requests may share a connection (HTTP/2).
  var sharesConnections = true
  /// Whether bodies are many megabytes, so that larger buffers than curl's pay.
  var movesMuch = false
}
