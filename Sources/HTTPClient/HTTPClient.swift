/// Sends HTTP requests with libcurl.
///
/// All transfers of a client run on one thread of its own, over connections that are kept and reused (HTTP/2 where the
/// server offers it). Servers' certificates are always checked. Proxies come from the environment (`https_proxy`,
/// `no_proxy`, …), as with the curl command. The thread starts with the first request and ends with the client.
public final class HTTPClient: Sendable {
  /// A client with the usual settings, for all who need no other.
  public static let shared = HTTPClient()

  private let thread: TransferThread

  /// - Parameters:
  ///   - concurrentTransfers: how many requests are under way at once; more wait their turn.
  ///   - caFile: a PEM file with the certificates to trust instead of the system's.
  ///   - trustsSystemToo: the system's are trusted besides.
  ///   - clientCertificate: a PEM file with a certificate and its key, without a passphrase, for servers that ask for one.
  ///   - forLargeBodies: large buffers, and a connection of its own for each request that is under way (HTTP/1.1), because one
  ///     connection is slower than several.
  public init(
    concurrentTransfers: Int = 32, caFile: String? = nil, trustsSystemToo: Bool = false,
    clientCertificate: String? = nil, forLargeBodies: Bool = false
  ) {
    let settings = TransferSettings(
      caFile: caFile, trustsSystemToo: trustsSystemToo, clientCertificate: clientCertificate,
      sharesConnections: !forLargeBodies, movesMuch: forLargeBodies)
    thread = TransferThread(limit: max(1, concurrentTransfers), settings)
  }

  deinit { thread.stop() }

  /// Sends `request` and returns the whole answer, whatever its status is.
  ///
  /// Does not retry; `HTTPRetryPolicy` says when to. A cancelled task gets `HTTPError.Kind.cancelled` at once, and the
  /// connection is closed; whether the server acted on the request is then unknown.
  public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    try request.validate()
    let ticket = Ticket(request)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        ticket.attach(continuation)
        thread.submit(ticket)
      }
    } onCancel: {
      ticket.cancel()
      thread.wake()
    }
    return try result.get()
  }
}
