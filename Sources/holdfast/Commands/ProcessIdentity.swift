internal import Glibc

/// Who this process is, for names in the status.
enum ProcessIdentity {
  static let host: String = {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
    return buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "unknown" }
  }()

  static let processID = getpid()

  /// `HOST-PID`, unless the command line gives a name.
  static func name(_ given: String?) -> String { given ?? "\(host)-\(processID)" }
}
