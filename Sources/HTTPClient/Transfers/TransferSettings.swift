/// What all transfers of a client have in common.
struct TransferSettings: Sendable {
  /// PEM certificates to trust instead of the system's.
  var caFile: String?
  /// PEM certificate and key to show to servers that ask who we are.
  var clientCertificate: String?
  /// Whether requests may share a connection (HTTP/2).
  var sharesConnections = true
  /// Whether bodies are many megabytes, so that larger buffers than curl's pay.
  var movesMuch = false

  /// The same with the certificates of a file to trust. Where the system's count as well, these settings come after
  /// those: libcurl reads one file, and many machines have the system's certificates nowhere but in such a one.
  func trusting(_ caFile: String?, systemToo: Bool) -> [TransferSettings] {
    var others = self
    others.caFile = caFile
    return systemToo && caFile != nil ? [others, self] : [others]
  }
}
