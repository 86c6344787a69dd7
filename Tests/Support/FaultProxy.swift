import Foundation
import Glibc

/// A proxy in front of an HTTP server on 127.0.0.1 that injects faults and limits the speed of each connection. It ends with
/// this object.
public final class FaultProxy: Sendable {
  /// What the proxy does to one request.
  public enum Fault: String, Sendable {
    /// Nothing.
    case pass
    /// Answers 500 itself.
    case internalError = "500"
    /// Answers 503 itself.
    case unavailable = "503"
    /// Answers 503 with S3's `SlowDown` and `Retry-After: 1`.
    case slowDown = "slow-down"
    /// Answers 429 with `Retry-After: 1`.
    case tooMany = "429"
    /// Answers that the clock is wrong.
    case clockSkew = "skew"
    /// Answers that the token has expired.
    case expiredToken = "expired"
    /// Answers that the bucket is in eu-north-1.
    case wrongRegion = "region"
    /// Answers 403 with a page for people, as a proxy refuses.
    case forbidden = "403"
    /// Answers that there is no such thing.
    case notFound = "404"
    /// Answers 200 with a page for people.
    case loginPage = "html"
    /// Resets the connection before the server sees the request.
    case resetBefore = "reset-before"
    /// Resets it in the middle of the request's body.
    case resetUpload = "reset-upload"
    /// Resets it after the server has done what was asked.
    case resetAfter = "reset-after"
    /// Resets it in the middle of the answer.
    case resetInBody = "reset-in-body"
    /// Closes it in the middle of the answer.
    case truncate
    /// Never answers.
    case stallBefore = "stall-before"
    /// Stops in the middle of the answer.
    case stall
    /// Flips a bit in the middle of the answer.
    case corrupt
  }

  /// What passed the proxy.
  public struct Counts: Sendable, Decodable {
    /// Requests.
    public let requests: Int
    /// Requests that met a fault.
    public let faults: Int
    /// Connections made.
    public let connections: Int
    /// Connections open at once, at most.
    public let mostOpen: Int
    /// Bytes of request bodies.
    public let up: Int
    /// Bytes of answers' bodies.
    public let down: Int
  }

  /// The TCP port on 127.0.0.1.
  public let port: Int
  private let script: HelperScript

  /// Starts a proxy.
  /// - Parameters:
  ///   - target: the server's port on 127.0.0.1.
  ///   - certificate: PEM files of a certificate and its key, to speak TLS with clients.
  public init(to target: Int, certificate: (chain: String, key: String)? = nil) throws {
    script = try HelperScript("fault_proxy.py", ["\(target)"] + (certificate.map { [$0.chain, $0.key] } ?? []))
    guard let port = Int(try script.line()) else { throw TestSupportError("the proxy did not start") }
    self.port = port
  }

  /// From now on these faults come, one for each request in turn, over and over.
  /// - Parameter methods: the methods concerned; none means all.
  /// - Returns: what passed since the last command.
  @discardableResult
  public func inject(_ faults: [Fault], methods: [String] = []) throws -> Counts {
    try command(["faults": faults.map(\.rawValue), "methods": methods])
  }

  /// Limits every connection to this many bytes per second in each direction; nil sets no limit.
  @discardableResult
  public func limit(bytesPerSecond: Int?, latency: Double = 0) throws -> Counts {
    try command(["rate": bytesPerSecond.map { $0 as Any } ?? NSNull(), "latency": latency])
  }

  /// What passed since the last command.
  public func counts() throws -> Counts { try command([:]) }

  private func command(_ settings: [String: Any]) throws -> Counts {
    let line = String(decoding: try JSONSerialization.data(withJSONObject: settings), as: UTF8.self)
    return try JSONDecoder().decode(Counts.self, from: Data(try script.ask(line).utf8))
  }
}

/// Whether something listens on a TCP port of 127.0.0.1.
func canConnect(_ port: Int) -> Bool {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = inet_addr("127.0.0.1")
  address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}
