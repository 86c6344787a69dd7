import CCurl
import CCurlShims
import Glibc

/// One request as a curl handle. Owned and used by the client's thread alone.
///
/// The callbacks hold no reference to this object: it has to outlive its handle's place in the multi handle.
final class Transfer {
  let ticket: Ticket
  let handle: UnsafeMutableRawPointer
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private let errorText: UnsafeMutablePointer<CChar>

  private var head = ResponseHead()
  // The two ends of the body. Streams would replace these fields and the two callbacks which use them.
  private var body: [UInt8] = []
  private var sent = 0
  /// Why a callback stopped the transfer; curl itself only knows that it did.
  private var refusal: HTTPError?

  init(_ ticket: Ticket, _ settings: TransferSettings) throws(HTTPError) {
    guard let handle = curl_easy_init() else {
      throw HTTPError(.local, ticket.request, "no memory for a transfer")
    }
    self.ticket = ticket
    self.handle = handle
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    try configure(settings)
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(headerList)
    errorText.deallocate()
  }

  /// The answer, or why there is none, once curl is done with the handle.
  func result(_ code: CURLcode) -> Result<HTTPResponse, HTTPError> {
    if let refusal { return .failure(refusal) }
    guard code == CURLE_OK else {
      if String(cString: errorText).hasPrefix("Unsupported proxy") { return .failure(badProxy) }
      return .failure(HTTPError(kind(of: code), ticket.request, sentence(about: code)))
    }
    var status = 0
    _ = curl_shim_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    return .success(HTTPResponse(status: status, headers: head.headers, body: body))
  }

  // MARK: - Settings

  private func configure(_ settings: TransferSettings) throws(HTTPError) {
    let request = ticket.request
    let me = Unmanaged.passUnretained(self).toOpaque()
    try set(CURLOPT_URL, request.url)
    try set(CURLOPT_PROTOCOLS_STR, "http,https")
    try set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    try set(CURLOPT_SSL_VERIFYPEER, 1)
    try set(CURLOPT_SSL_VERIFYHOST, 2)
    try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if let caFile = settings.caFile {
      try set(CURLOPT_CAINFO, caFile)
      // Debian's curl looks into the folder of the system's authorities besides.
      try check(curl_shim_set_string(handle, CURLOPT_CAPATH, nil))
    }
    if let file = settings.clientCertificate {
      try set(CURLOPT_SSLCERT, file)
      // Else OpenSSL would ask the terminal for the passphrase of a key that has one.
      try set(CURLOPT_KEYPASSWD, "")
    }
    try set(CURLOPT_HTTP_VERSION, Int(settings.sharesConnections ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1))
    if settings.movesMuch {
      try set(CURLOPT_BUFFERSIZE, 512 << 10)
      try set(CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
    }
    if request.bypassesProxies { try set(CURLOPT_NOPROXY, "*") }
    try set(CURLOPT_USERAGENT, "holdfast")
    try set(CURLOPT_NOSIGNAL, 1)
    // Else a cancelled transfer waits for its name lookup, and with it every other transfer of this thread.
    try set(CURLOPT_QUICK_EXIT, 1)
    try set(CURLOPT_TCP_KEEPALIVE, 1)
    try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    try set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connectTimeout))
    if let deadline = ticket.deadline { try set(CURLOPT_TIMEOUT_MS, milliseconds(deadline - .now)) }
    if let limit = request.stallLimit {
      try set(CURLOPT_LOW_SPEED_LIMIT, 1000)
      try set(CURLOPT_LOW_SPEED_TIME, max(1, milliseconds(limit) / 1000))
    }
    if let limit = request.speedLimit.send {
      try check(curl_shim_set_offset(handle, CURLOPT_MAX_SEND_SPEED_LARGE, curl_off_t(max(1, limit))))
    }
    if let limit = request.speedLimit.receive {
      try check(curl_shim_set_offset(handle, CURLOPT_MAX_RECV_SPEED_LARGE, curl_off_t(max(1, limit))))
      // libcurl looks at the limit only after a hundred reads in a row, so they must be small.
      try set(CURLOPT_BUFFERSIZE, min(max(limit / 200, 1024), 512 << 10))
    }
    try check(curl_shim_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText))

    try configureMethod(request)
    try configureHeaders(request)

    try check(curl_shim_set_pointer(handle, CURLOPT_HEADERDATA, me))
    try check(curl_shim_set_data_callback(handle, CURLOPT_HEADERFUNCTION, onHeader))
    try check(curl_shim_set_pointer(handle, CURLOPT_WRITEDATA, me))
    try check(curl_shim_set_data_callback(handle, CURLOPT_WRITEFUNCTION, onBody))
    try check(curl_shim_set_pointer(handle, CURLOPT_READDATA, me))
    try check(curl_shim_set_data_callback(handle, CURLOPT_READFUNCTION, onSend))
    try check(curl_shim_set_pointer(handle, CURLOPT_SEEKDATA, me))
    try check(curl_shim_set_seek_callback(handle, onSeek))
  }

  private func configureMethod(_ request: HTTPRequest) throws(HTTPError) {
    // Without an empty body these would go out without Content-Length, which some servers refuse.
    let body = request.body.bytes ?? (["POST", "PUT", "PATCH"].contains(request.method) ? [] : nil)
    if let body {
      try set(CURLOPT_UPLOAD, 1)
      try check(curl_shim_set_offset(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(body.count)))
      try set(CURLOPT_CUSTOMREQUEST, request.method)
      return
    }
    switch request.method {
    case "GET": try set(CURLOPT_HTTPGET, 1)
    case "HEAD": try set(CURLOPT_NOBODY, 1)
    default:
      try set(CURLOPT_CUSTOMREQUEST, request.method)
      return
    }
    // At a limit of 0 the 3xx answer itself is the result; curl would make it an error.
    guard request.redirectLimit > 0 else { return }
    try set(CURLOPT_FOLLOWLOCATION, 1)
    try set(CURLOPT_MAXREDIRS, min(request.redirectLimit, 100))
  }

  private func configureHeaders(_ request: HTTPRequest) throws(HTTPError) {
    var lines = request.headers.fields.map { field in
      // In curl's lists `Name:` removes a header, and `Name;` sends an empty one.
      field.value.allSatisfy { $0 == " " || $0 == "\t" } ? field.name + ";" : field.name + ": " + field.value
    }
    // Servers that ignore it would cost a second.
    if request.headers["Expect"] == nil { lines.append("Expect:") }
    for line in lines {
      guard let longer = curl_slist_append(headerList, line) else {
        throw HTTPError(.local, request, "no memory for the headers")
      }
      headerList = longer
    }
    try check(curl_shim_set_list(handle, CURLOPT_HTTPHEADER, headerList))
  }

  private func set(_ option: CURLoption, _ value: Int) throws(HTTPError) {
    try check(curl_shim_set_long(handle, option, value))
  }

  private func set(_ option: CURLoption, _ value: String) throws(HTTPError) {
    try check(curl_shim_set_string(handle, option, value))
  }

  private func check(_ code: CURLcode) throws(HTTPError) {
    guard code == CURLE_OK else {
      throw HTTPError(.local, ticket.request, "curl refused a setting: " + String(cString: curl_easy_strerror(code)))
    }
  }

  // MARK: - What curl calls, on the client's thread

  fileprivate func received(header line: UnsafeRawBufferPointer) -> Bool {
    if head.take(line) { return true }
    refusal = HTTPError(.tooLarge, ticket.request, "the answer's headers exceed \(ResponseHead.limit) bytes")
    return false
  }

  fileprivate func received(body bytes: UnsafeRawBufferPointer) -> Bool {
    let limit = ticket.request.responseLimit
    // Not CURLOPT_MAXFILESIZE: it would refuse the answer to a HEAD request for something large.
    let announced = body.isEmpty ? head.headers["Content-Length"].flatMap(Int.init) ?? 0 : 0
    guard body.count + bytes.count <= limit, announced <= limit else {
      refusal = HTTPError(.tooLarge, ticket.request, "the answer exceeds the limit of \(limit) bytes")
      return false
    }
    if announced > 0 { body.reserveCapacity(announced) }
    body.append(contentsOf: bytes)
    return true
  }

  fileprivate func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard let bytes = ticket.request.body.bytes else { return 0 }
    let count = min(buffer.count, bytes.count - sent)
    bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + count])) }
    sent += count
    return count
  }

  /// curl sends the body again when a kept connection turned out to be dead.
  fileprivate func rewind(to offset: Int) -> Bool {
    guard offset >= 0, offset <= ticket.request.body.bytes?.count ?? 0 else { return false }
    sent = offset
    return true
  }

  private func kind(of code: CURLcode) -> HTTPError.Kind {
    if isRefusedAsClient(code) { return .refused }
    return switch code {
    case CURLE_URL_MALFORMAT: .badURL
    // The scheme was checked before; only a redirect can name another.
    case CURLE_UNSUPPORTED_PROTOCOL: .protocolError
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
    case CURLE_COULDNT_CONNECT: .connect
    case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: .tls
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS: .untrusted
    case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT:
      .local
    case CURLE_OPERATION_TIMEDOUT: .timedOut
    case CURLE_TOO_MANY_REDIRECTS: .tooManyRedirects
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM:
      .interrupted
    default: .protocolError
    }
  }

  /// Whether the server asked for a certificate and did not like what it got. curl has no code for that: in TLS 1.3 it comes with the
  /// first bytes that are read (RFC 8446, section 6.2).
  private func isRefusedAsClient(_ code: CURLcode) -> Bool {
    guard [CURLE_SSL_CONNECT_ERROR, CURLE_RECV_ERROR, CURLE_SEND_ERROR].contains(code) else { return false }
    let said = String(cString: errorText)
    return ["certificate required", "bad certificate", "certificate expired", "certificate revoked", "unknown ca"]
      .contains { said.contains("alert \($0)") }
  }

  /// curl would show the proxy's URL with its password.
  private var badProxy: HTTPError {
    HTTPError(
      .local, ticket.request,
      "the proxy's URL in https_proxy, http_proxy or all_proxy is none that can be used: write http://host:port, and percent-encode what is special in a password"
    )
  }

  private func sentence(about code: CURLcode) -> String {
    let said = String(cString: errorText)
    let meaning = String(cString: curl_easy_strerror(code))
    return said.isEmpty || said == meaning ? meaning : "\(meaning): \(said)"
  }
}

/// curl's milliseconds, of which 0 would mean no limit.
private func milliseconds(_ duration: Duration) -> Int {
  let (seconds, attoseconds) = duration.components
  guard seconds >= 0 else { return 1 }
  return max(1, Int(min(seconds, 1 << 31)) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
  context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

private let onHeader: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
  data, size, count, context in
  let line = UnsafeRawBufferPointer(start: data, count: size * count)
  return transfer(context)?.received(header: line) == true ? line.count : 0
}

private let onBody: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
  data, size, count, context in
  let bytes = UnsafeRawBufferPointer(start: data, count: size * count)
  return transfer(context)?.received(body: bytes) == true ? bytes.count : 0
}

private let onSend: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
  data, size, count, context in
  transfer(context)?.fill(UnsafeMutableRawBufferPointer(start: data, count: size * count)) ?? 0
}

private let onSeek: @convention(c) (UnsafeMutableRawPointer?, curl_off_t, Int32) -> Int32 = { context, offset, origin in
  guard origin == SEEK_SET, transfer(context)?.rewind(to: Int(offset)) == true else { return CURL_SEEKFUNC_FAIL }
  return CURL_SEEKFUNC_OK
}
