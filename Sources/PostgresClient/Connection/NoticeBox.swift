internal import CPQ
import Synchronization

/// Where libpq puts notices; owned by the connection, for as long as libpq knows its address.
final class NoticeBox: Sendable {
  private let handler: (@Sendable (PostgresNotice) -> Void)?
  /// The last fatal message that came while nothing was running: why the server closed the connection.
  private let farewell = Mutex<PostgresNotice?>(nil)

  init(_ handler: (@Sendable (PostgresNotice) -> Void)?) { self.handler = handler }

  var lastFatal: PostgresNotice? { farewell.withLock { $0 } }

  func install(on raw: OpaquePointer) {
    PQsetNoticeReceiver(
      raw,
      { box, result in
        guard let box, let result else { return }
        Unmanaged<NoticeBox>.fromOpaque(box).takeUnretainedValue().receive(result)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func receive(_ result: OpaquePointer) {
    let fields = ErrorFields(result)
    let notice = PostgresNotice(
      severity: fields.severity ?? "", sqlState: fields.sqlState ?? "", message: fields.message)
    if fields.isFatal { farewell.withLock { $0 = notice } }
    handler?(notice)
  }
}

/// What the server says in an error or notice.
struct ErrorFields {
  var severity: String?
  var sqlState: String?
  var message: String
  var detail: String?
  var hint: String?
  var constraint: String?
  var function: String?

  /// The server closes the connection after it.
  var isFatal: Bool { severity == "FATAL" || severity == "PANIC" }

  init(_ result: OpaquePointer) {
    func field(_ code: Unicode.Scalar) -> String? {
      PQresultErrorField(result, CInt(code.value)).map { String(cString: $0) }
    }
    severity = field("V")  // never translated
    sqlState = field("C")
    message = field("M") ?? String(cString: PQresultErrorMessage(result))
    detail = field("D")
    hint = field("H")
    constraint = field("n")
    function = field("R")
    while message.last?.isNewline == true { message.removeLast() }
  }
}
