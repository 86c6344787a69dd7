/// Sends HTTP requests with libcurl.
///
/// All transfers of a client run on one thread of its own, over connections that are kept and reused (HTTP/2 where the
/// server offers it). Servers' certificates are always checked. Proxies come from the environment (`https_proxy`,
/// `no_proxy`, …), as with the curl command. The thread starts with the first request and ends with the client.
public final class HTTPClient: Sendable {
  /// A client with the usual settings, for all who need no other.
  public static let shared = HTTPClient()

  /// One for each way to trust servers, in the order in which they are tried.
  private let threads: [TransferThread]

  /// - Parameters:
  ///   - concurrentTransfers: how many requests are under way at once; more wait their turn.
  ///   - caFile: a PEM file with the certificates to trust instead of the system's.
  ///   - trustsSystemToo: a server that the system's vouch for is trusted, too; the file's are tried first.
  ///   - clientCertificate: a PEM file with a certificate and its key, without a passphrase, for servers that ask for one.
  ///   - forLargeBodies: large buffers, and a connection of its own for each request that is under way (HTTP/1.1), because one
  ///     connection is slower than several.
  public convenience init(
    concurrentTransfers: Int = 32, caFile: String? = nil, trustsSystemToo: Bool = false,
    clientCertificate: String? = nil, forLargeBodies: Bool = false
  ) {
    let settings = TransferSettings(
      clientCertificate: clientCertificate, sharesConnections: !forLargeBodies, movesMuch: forLargeBodies)
    self.init(
      concurrentTransfers: concurrentTransfers, trying: settings.trusting(caFile, systemToo: trustsSystemToo))
  }

  /// - Parameter settings: at least one; the next one is for servers that are not trusted with the one before.
  init(concurrentTransfers: Int, trying settings: [TransferSettings]) {
    threads = settings.map { TransferThread(limit: max(1, concurrentTransfers), $0) }
  }

  deinit {
    for thread in threads { thread.stop() }
  }

  /// Sends `request` and returns the whole answer, whatever its status is.
  ///
  /// Does not retry; `HTTPRetryPolicy` says when to. A cancelled task gets `HTTPError.Kind.cancelled` at once, and the
  /// connection is closed; whether the server acted on the request is then unknown.
  public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    try request.validate()
    let deadline = request.timeout.map { ContinuousClock.now + $0 }
    var result = await send(request, until: deadline, by: threads[0])
    for thread in threads.dropFirst() {
      // The certificate comes before the request, which nobody has seen yet then.
      guard case .failure(let error) = result, error.kind == .untrusted else { break }
      let next = await send(request, until: deadline, by: thread)
      // What the file's authorities say of it is nearer to the cause.
      if case .failure(let other) = next, other.kind == .untrusted { continue }
      result = next
    }
    return try result.get()
  }

  private func send(
    _ request: HTTPRequest, until deadline: ContinuousClock.Instant?, by thread: TransferThread
  ) async -> Result<HTTPResponse, HTTPError> {
    let ticket = Ticket(request, deadline: deadline)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        ticket.attach(continuation)
        thread.submit(ticket)
      }
    } onCancel: {
      ticket.cancel()
      thread.wake()
    }
  }
}
