public import Foundation

/// restic's own REST server on 127.0.0.1, with its data in a scratch folder. It ends with this object.
public final class RESTServer: Sendable {
  /// The TCP port on 127.0.0.1.
  public let port: Int
  /// The folder with the repositories.
  public let folder: URL
  private let program: BackgroundProgram

  /// Starts a server. Nil, with a line that says why, where it is not installed.
  /// - Parameters:
  ///   - login: asks for this name and password; nil asks for none.
  ///   - appendOnly: refuses to remove anything but locks.
  public init?(login: (name: String, password: String)? = nil, appendOnly: Bool = false) async throws {
    guard let path = TestTools.restServer.pathOrSkip else { return nil }
    folder = try scratchDirectory("rest")
    port = try freePort()
    var arguments = ["--path", folder.path, "--listen", "127.0.0.1:\(port)"]
    if let login {
      // Of the kinds of hash that the server knows, the one that openssl makes.
      let sum = try await runProgram(
        "sh", ["-c", #"printf %s "$0" | openssl dgst -sha1 -binary | base64"#, login.password]
      ).orThrow("hash a password")
      try "\(login.name):{SHA}\(sum.output)".write(
        to: folder.appendingPathComponent(".htpasswd"), atomically: true, encoding: .utf8)
    } else {
      arguments.append("--no-auth")
    }
    if appendOnly { arguments.append("--append-only") }
    program = try BackgroundProgram(path, arguments)
    try await eventually("the REST server's start") { [port] in canConnect(port) }
  }

  /// `rest:http://127.0.0.1:port/name/`, for us and for restic.
  /// - Parameters:
  ///   - port: that of a proxy in front of the server; nil is the server's own.
  ///   - user: `name:password`.
  public func location(_ name: String = "", port: Int? = nil, user: String? = nil) -> String {
    "rest:http://\(user.map { $0 + "@" } ?? "")127.0.0.1:\(port ?? self.port)/" + (name.isEmpty ? "" : name + "/")
  }
}
