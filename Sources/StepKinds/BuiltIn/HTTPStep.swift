import HTTPClient
import JSON
import StepEngine

/// `http`: sends one HTTP request.
///
/// `with`: `url`, `method` (GET, or POST with a body), `headers` (a map), `body` (a string, or a value that is sent as
/// JSON), `expectedStatus` (200, "2xx", "200-299", or a list of these; "2xx" if not given), `timeoutSeconds` (60),
/// `outputLimitBytes` (1 MiB).
///
/// Outputs: `status`, `headers` (lower-case names; no `set-cookie`, since outputs are stored), and `json` for a JSON
/// answer, else `body`. POST and PATCH carry an `Idempotency-Key` made of the step's id, since a step may run again.
struct HTTPStep: StepKind {
  let name = "http"
  private let client: HTTPClient

  init(client: HTTPClient = .shared) { self.client = client }

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(
      step.with, of: name,
      keys: ["url", "method", "headers", "body", "expectedStatus", "timeoutSeconds", "outputLimitBytes"])
    let request = try self.request(arguments, step)
    let expected = try expectedStatus(arguments)
    let response: HTTPResponse
    do {
      response = try await client.send(request)
    } catch {
      if error.kind == .cancelled { throw CancellationError() }
      throw StepFailure(error.isRetryable ? .retryable : .permanent, "\(name): \(error)")
    }
    step.log("\(request.method) \(redactedURL(request.url)): \(response.status), \(response.body.count) bytes")
    guard expected.contains(where: { $0.contains(response.status) }) else {
      let message = "\(name): \(request.method) \(redactedURL(request.url)) answered with status \(response.status)"
      throw StepFailure(classify(response), message)
    }
    return .succeeded(outputs: outputs(response))
  }

  private func request(_ arguments: StepArguments, _ step: StepContext) throws(StepFailure) -> HTTPRequest {
    let body = arguments.value("body")
    let method = try arguments.string("method") ?? (body == nil ? "GET" : "POST")
    var request = HTTPRequest(method, try arguments.requiredString("url"))
    for (key, value) in try arguments.texts("headers") ?? [:] { request.headers.append(key, value) }
    if let body {
      request.body = .text(body.string ?? body.text)
      if body.string == nil, request.headers["Content-Type"] == nil {
        request.headers["Content-Type"] = "application/json"
      }
    }
    if ["POST", "PATCH"].contains(method), request.headers["Idempotency-Key"] == nil {
      request.headers["Idempotency-Key"] = "holdfast-\(step.id)"
    }
    if let timeout = try arguments.duration("timeoutSeconds") { request.timeout = timeout }
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
