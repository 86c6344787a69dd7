import Foundation

/// A real HTTP server (`server.py`) for tests. It ends with this object, and with the test process.
public final class HTTPTestServer: Sendable {
  /// `127.0.0.1:port`.
  public let authority: String
  private let lifeline: FileHandle

  /// Starts the server and waits until it listens.
  /// - Parameters:
  ///   - certificate: PEM files of a certificate and its key, to speak TLS.
  ///   - clientAuthority: the PEM file of the authority from which clients need a certificate.
  public init(certificate: (chain: String, key: String)? = nil, clientAuthority: String? = nil) throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "server.py").path()
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["python3", script] + [certificate?.chain, certificate?.key, clientAuthority].compactMap(\.self)
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    lifeline = input.fileHandleForWriting
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    authority = "127.0.0.1:" + line.filter(\.isNumber)
  }

  deinit { try? lifeline.close() }

  /// The URL of a path of this server.
  public func url(_ path: String, scheme: String = "http") -> String { "\(scheme)://\(authority)/\(path)" }
}
