internal import HTTPClient
internal import Synchronization
internal import Wording

/// Sends requests until they are answered for good, or the time for it is over.
///
/// Between attempts it waits longer and longer, with jitter, and at least as long as the server asks for.
final class RetryingClient: Sendable {
  /// What became of one attempt.
  enum Verdict<Value: Sendable>: Sendable {
    /// It is done.
    case done(Value)
    /// Trying again makes no sense.
    case failed(StoreError)
    /// Trying again may help; `after` is what the server asks to wait at least.
    case again(reason: String, after: Duration? = nil)
  }

  private let client: HTTPClient
  private let options: StoreOptions
  private let policy: HTTPRetryPolicy
  private let hasBeenAnswered = Atomic(false)

  init(_ options: StoreOptions, connections: Int) {
    client = HTTPClient(
      concurrentTransfers: connections, caFile: options.caFile, clientCertificate: options.clientCertificate,
      forLargeBodies: true)
    self.options = options
    policy = HTTPRetryPolicy(firstDelay: options.firstRetryDelay, longestDelay: .seconds(20))
  }

  /// Makes attempts until one is final.
  /// - Parameters:
  ///   - object: what it is about, for errors.
  ///   - attempt: makes one attempt; its number counts from 1.
  func run<Value: Sendable>(
    _ object: String, _ attempt: (_ number: Int) async -> Verdict<Value>
  ) async throws(StoreError) -> Value {
    var firstFailure: ContinuousClock.Instant?
    var number = 1
    while true {
      guard !Task.isCancelled else { throw StoreError(.cancelled, object, "cancelled") }
      switch await attempt(number) {
      case .done(let value): return value
      case .failed(let error): throw error
      case .again(let reason, let floor):
        let begin = firstFailure ?? .now
        firstFailure = begin
        var random = SystemRandomNumberGenerator()
        let wait = policy.wait(after: number, atLeast: floor ?? .zero, using: &random)
        guard .now - begin + wait <= limit else {
          throw StoreError(
            .unreachable, object, "\(reason); gave up after \(number == 1 ? "one attempt" : "\(number) attempts")")
        }
        options.report?("\(object): \(reason); trying again")
        do { try await Task.sleep(for: wait) } catch { throw StoreError(.cancelled, object, "cancelled") }
      }
      number += 1
    }
  }

  /// Sends one request; nil with the verdict when there is no answer.
  func send(_ request: HTTPRequest, about object: String) async -> Result<HTTPResponse, AttemptFailure> {
    var request = request
    request.timeout = nil  // the stall limit and the retries' limit bound it
    request.stallLimit = options.stallLimit
    // Else each object would be sent in a burst; all connections together are limited by `RateLimitedStore`.
    request.speedLimit = (options.uploadLimit, options.downloadLimit)
    request.redirectLimit = 0
    do throws(HTTPError) {
      let response = try await client.send(request)
      hasBeenAnswered.store(true, ordering: .relaxed)
      return .success(response)
    } catch {
      return .failure(AttemptFailure(error, object, stallLimit: options.stallLimit))
    }
  }

  /// A host that never answered is probably a wrong name: nobody should wait for that as long as for an outage.
  private var limit: Duration {
    hasBeenAnswered.load(ordering: .relaxed) ? options.retryLimit : min(options.retryLimit, .seconds(20))
  }
}

/// An attempt without an answer.
struct AttemptFailure: Error {
  /// The error, if trying again makes no sense.
  let final: StoreError?
  /// What happened.
  let reason: String

  init(_ error: HTTPError, _ object: String, stallLimit: Duration) {
    switch error.kind {
    case .timedOut:
      reason = "the connection stood still (\(error.detail))"
      final = nil
    case .untrusted:
      reason = "the server's certificate is not trusted (\(error.detail)); name its authority with a CA file"
      final = StoreError(.denied, object, reason)
    case .refused:
      reason =
        "the server asks for a client's certificate that it trusts (\(error.detail)); name a file with yours and its key: --tls-client-cert, or RESTIC_TLS_CLIENT_CERT"
      final = StoreError(.denied, object, reason)
    case .cancelled:
      reason = "cancelled"
      final = StoreError(.cancelled, object, reason)
    case .badURL, .badRequest:
      reason = error.detail
      final = StoreError(.badLocation, object, reason)
    case .resolve, .connect, .tls, .interrupted, .tooLarge, .tooManyRedirects, .protocolError, .local:
      reason = error.detail
      final = error.isRetryable ? nil : StoreError(.failed, object, error.detail)
    }
  }

  /// A failure that trying again doesn't mend.
  init(_ error: StoreError) {
    final = error
    reason = error.detail
  }

  func verdict<Value>() -> RetryingClient.Verdict<Value> {
    final.map { .failed($0) } ?? .again(reason: reason)
  }
}
