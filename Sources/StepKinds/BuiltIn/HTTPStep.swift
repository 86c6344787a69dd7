import HTTPClient
import JSON
import StepEngine
import WorkflowDSL

/// `http`: sends one HTTP request.
///
/// `with`: `url`, or `urlFrom` (a reference to a secret, as the URL of a webhook is one), `method` (GET, or POST with a body), `headers` (a map), `secretHeaders` (a map of references to secrets), `body` (a string, or a value that is sent as
/// JSON), `expectedStatus` (200, "2xx", "200-299", or a list of these; "2xx" if not given), `timeout` (60s),
/// `outputLimitBytes` (1 MiB).
///
/// Outputs: `status`, `headers` (lower-case names; no `set-cookie`, since outputs are stored), and `json` for a JSON
/// answer, else `body`. POST and PATCH carry an `Idempotency-Key` made of the step's id, since a step may run again.
struct HTTPStep: StepKind {
  static let signature = StepSignature(
    "http", "Sends one HTTP request",
    inputs: [
      .optional("url", .text, "where to"),
      .optional("urlFrom", .object(secretShape), "where to, if that is a secret, by reference"),
      .optional("method", .text, "GET, or POST with a body"),
      .optional("headers", .map(keys: .any, values: .text), "header fields"),
      .optional(
        "secretHeaders", .map(keys: .any, values: .object(secretShape)),
        "header fields with secret values, by reference"),
      .optional("body", .anything, "what is sent; a value that is no text is sent as JSON"),
      .optional(
        "expectedStatus", .oneOrList(of: .text), default: "2xx", "200, 2xx, 200-299, or a list of these"),
      .optional("timeout", .duration, default: "60s", "how long the request may take"),
      .optional("outputLimitBytes", .integer(0...(16 << 20)), default: .int(1 << 20), "how much of an answer is read"),
    ],
    outputs: [
      OutputField("status", .integer, "the status"),
      OutputField("headers", .map, "header fields of the answer, in lower case"),
      OutputField("json", .any, "the answer, if it is JSON"), OutputField("body", .string, "the answer, if it isn't"),
    ])

  let name = signature.kind
  private let client: HTTPClient

  init(client: HTTPClient = .shared) { self.client = client }

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let secrets = try await SecretTexts.reading(arguments, "secretHeaders")
    let secretURL = try await SecretTexts.reading(arguments, one: "urlFrom")
    let request = try self.request(arguments, secrets, secretURL.values["urlFrom"], step)
    let place = secretURL.values.isEmpty ? redactedURL(request.url) : "the URL in 'urlFrom'"
    let expected = try expectedStatus(arguments)
    let response: HTTPResponse
    do {
      response = try await client.send(request)
    } catch {
      if error.kind == .cancelled { throw CancellationError() }
      let message = "\(name): \(error.method) \(place): \(secretURL.hidden(in: error.detail))"
      throw StepFailure(error.isRetryable ? .retryable : .permanent, message)
    }
    step.log("\(request.method) \(place): \(response.status), \(response.body.count) bytes")
    guard expected.contains(where: { $0.contains(response.status) }) else {
      let message = "\(name): \(request.method) \(place) answered with status \(response.status)"
      throw StepFailure(classify(response), message)
    }
    // A server may send back what it was sent.
    return .succeeded(outputs: secretURL.hidden(in: secrets.hidden(in: outputs(response))))
  }

  private func request(
    _ arguments: StepArguments, _ secrets: SecretTexts, _ secretURL: String?, _ step: StepContext
  ) throws(StepFailure) -> HTTPRequest {
    if secretURL != nil, arguments.value("url") != nil {
      throw StepFailure(.permanent, "\(name): 'with' has both 'url' and 'urlFrom'; one of them says where to")
    }
    let body = arguments.value("body")
    let method = try arguments.string("method") ?? (body == nil ? "GET" : "POST")
    let url = if let secretURL { secretURL } else { try arguments.requiredString("url") }
    var request = HTTPRequest(method, url)
    for (key, value) in try arguments.texts("headers") ?? [:] { request.headers.append(key, value) }
    for (key, value) in secrets.values { request.headers.append(key, value) }
    if let body {
      request.body = .text(body.string ?? body.text)
      if body.string == nil, request.headers["Content-Type"] == nil {
        request.headers["Content-Type"] = "application/json"
      }
    }
    if ["POST", "PATCH"].contains(method), request.headers["Idempotency-Key"] == nil {
      request.headers["Idempotency-Key"] = "holdfast-\(step.id)"
    }
    if let timeout = try arguments.duration("timeout") { request.timeout = timeout }
    request.responseLimit = try arguments.integer("outputLimitBytes", in: 0...(16 << 20)) ?? 1 << 20
    return request
  }

  private func classify(_ response: HTTPResponse) -> StepFailure.Class {
    let retryAfter = RetryAfter.of(response)
    if response.status == 429 || (response.status == 503 && retryAfter != nil) { return .throttled(after: retryAfter) }
    return response.status >= 500 || [408, 425].contains(response.status) ? .retryable : .permanent
  }

  private func outputs(_ response: HTTPResponse) -> JSONValue {
    var headers: [String: JSONValue] = [:]
    for name in Set(response.headers.fields.map { $0.name.lowercased() }) where name != "set-cookie" {
      headers[name] = .string(storable(response.headers.values(name).joined(separator: ", ")))
    }
    var result: [String: JSONValue] = ["status": .int(Int64(response.status)), "headers": .object(headers)]
    let type = (response.headers["Content-Type"] ?? "").lowercased().prefix { $0 != ";" }.filter { $0 != " " }
    if type == "application/json" || type.hasSuffix("+json"), let json = try? JSONValue(parsing: response.text) {
      result["json"] = storable(json)
    } else {
      result["body"] = .string(storable(response.text))
    }
    return .object(result)
  }

  private func expectedStatus(_ arguments: StepArguments) throws(StepFailure) -> [ClosedRange<Int>] {
    guard let value = arguments.value("expectedStatus") else { return [200...299] }
    let forms = value.array ?? [value]
    let ranges = forms.compactMap(statusRange)
    guard ranges.count == forms.count, !ranges.isEmpty else {
      throw arguments.failure("expectedStatus", mustBe: "like 200, \"2xx\", \"200-299\", or a list of these")
    }
    return ranges
  }
}

/// `200`, `"200"`, `"2xx"` or `"200-299"`.
private func statusRange(_ value: JSONValue) -> ClosedRange<Int>? {
  guard let text = scalarText(value)?.lowercased() else { return nil }
  if text.count == 3, text.hasSuffix("xx"), let hundred = text.first?.wholeNumberValue, (1...5).contains(hundred) {
    return hundred * 100...hundred * 100 + 99
  }
  let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
  guard ends.count <= 2, let first = ends.first, let last = ends.last, first <= last, first >= 100, last <= 599 else {
    return nil
  }
  return first...last
}
