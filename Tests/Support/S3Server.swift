import Foundation

/// A real S3 server (moto, in memory) on 127.0.0.1 that checks signatures and hashes. It has one bucket, and ends with this
/// object.
public final class S3Server: Sendable {
  /// A key of the server.
  public struct Key: Sendable, Decodable {
    /// The access key's ID.
    public let id: String
    /// The secret access key.
    public let secret: String
    /// The session token of temporary credentials.
    public let token: String?

    /// As AWS's programs, and restic, expect it in the environment.
    public var environment: [String: String] {
      var variables = ["AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret]
      if let token { variables["AWS_SESSION_TOKEN"] = token }
      return variables
    }
  }

  private struct Announcement: Decodable {
    let port: Int
    let writer: Key
    let stranger: Key
    let role: Key
  }

  /// The TCP port on 127.0.0.1.
  public var port: Int { announcement.port }
  /// The bucket that is there.
  public let bucket: String
  /// Credentials that may do everything.
  public var writer: Key { announcement.writer }
  /// Credentials that the server knows and that may do nothing.
  public var stranger: Key { announcement.stranger }
  /// Temporary credentials, with a session token, that may do everything.
  public var role: Key { announcement.role }
  private let announcement: Announcement
  private let script: HelperScript

  /// Starts a server. Nil, with a line that says why, where moto is not installed.
  /// - Parameters:
  ///   - locksObjects: makes the bucket with Object Lock.
  ///   - refusesChecksums: knows no checksums in headers of their own, as Backblaze's.
  public init?(bucket: String = "holdfast", locksObjects: Bool = false, refusesChecksums: Bool = false) async throws {
    guard let program = TestTools.motoServer.pathOrSkip else { return nil }
    // Beside the server lies the Python that has it installed.
    let python = URL(fileURLWithPath: program).resolvingLastLink.deletingLastPathComponent().path + "/python3"
    let (script, line) = try await HelperScript.start(
      "s3_server.py", [bucket] + (locksObjects ? ["locked"] : []) + (refusesChecksums ? ["plain"] : []), python: python)
    self.script = script
    self.bucket = bucket
    announcement = try JSONDecoder().decode(Announcement.self, from: Data(line.utf8))
  }

  /// `s3:http://127.0.0.1:port/bucket/prefix`, for us and for restic.
  /// - Parameter port: that of a proxy in front of the server; nil is the server's own.
  public func location(prefix: String = "", port: Int? = nil) -> String {
    "s3:http://127.0.0.1:\(port ?? self.port)/\(bucket)" + (prefix.isEmpty ? "" : "/" + prefix)
  }
}

extension URL {
  /// What a link names, without following links of the folders on the way: a venv's `python3` is itself a link out of it.
  fileprivate var resolvingLastLink: URL {
    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return self }
    return URL(fileURLWithPath: target, relativeTo: deletingLastPathComponent()).absoluteURL
  }
}
