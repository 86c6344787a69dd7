import Glibc

/// Why a program could not be started. It names the program, never its arguments or environment.
public struct ChildProcessError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is missing.
  public enum Kind: Sendable, Equatable {
    /// No such program: not in PATH, or no file of that path.
    case notFound
    /// The file is there, but it is no program, or we may not run it.
    case notExecutable
    /// The working directory does not exist, is no directory, or is closed to us.
    case noSuchDirectory
    /// An argument or variable holds a zero byte, a variable's name is empty or holds `=`, or all are too long.
    case badArguments
    /// The system has no room for another process, too many files are open, or somebody writes the program just now. Trying
    /// again later may help.
    case noResources
    /// Anything else that the system reports.
    case system
  }

  /// What is missing.
  public let kind: Kind
  /// One sentence.
  public let description: String

  /// Whether starting the same program later may succeed by itself.
  public var isRetryable: Bool { kind == .noResources }

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// From an errno of `posix_spawn` or what prepares it.
  init(errno code: CInt, starting program: String) {
    let reason = String(cString: strerror(code))
    switch code {
    case ENOENT:
      self.init(.notExecutable, "cannot run '\(program)': the interpreter that its first line names does not exist")
    case EACCES, EPERM, ENOEXEC, ELIBBAD, EISDIR: self.init(.notExecutable, "cannot run '\(program)': \(reason)")
    case E2BIG: self.init(.badArguments, "cannot run '\(program)': its arguments and environment are too long")
    case EAGAIN, ENOMEM, EMFILE, ENFILE, ETXTBSY: self.init(.noResources, "cannot run '\(program)' now: \(reason)")
    default: self.init(.system, "cannot run '\(program)': \(reason)")
    }
  }
}
