import Foundation

/// Programs that tests compare us with or talk to, beyond Debian's packages: what `deploy/install-test-tools` put into
/// `.build/tools`, or else what `PATH` has.
public enum TestTools {
  /// A tool's place, or why there is none.
  public enum Tool: Sendable {
    /// The absolute path of the program.
    case found(String)
    /// Why the tests that need it cannot run.
    case absent(String)

    /// The program's path; nil when it isn't there, and then a line on standard output says which and why.
    public var pathOrSkip: String? {
      switch self {
      case .found(let path): return path
      case .absent(let reason):
        print("skipped: \(reason)")
        return nil
      }
    }
  }

  /// restic as Debian 13 has it (0.18).
  public static var newRestic: Tool { find("restic-0.18") }
  /// restic as this machine's Debian has it.
  public static var debianRestic: Tool { find("restic") }
  /// restic's REST server.
  public static var restServer: Tool { find("restic-rest-server") }
  /// moto's server, which answers as S3 does.
  public static var motoServer: Tool { find("moto_server") }

  /// The program `name` of our tools, or of `PATH`.
  public static func find(_ name: String) -> Tool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let folders = folders + path.split(separator: ":").map(String.init)
    if let found = folders.map({ $0 + "/" + name }).first(where: FileManager.default.isExecutableFile) {
      return .found(found)
    }
    let reason = folders.lazy.compactMap { try? String(contentsOfFile: $0 + "/\(name).absent", encoding: .utf8) }.first
    return .absent("no \(name): \(reason ?? "run deploy/install-test-tools")")
  }

  /// `HOLDFAST_TEST_TOOLS` names another place, for packages that are built elsewhere.
  private static var folders: [String] {
    let own =
      URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path + "/.build/tools"
    return [ProcessInfo.processInfo.environment["HOLDFAST_TEST_TOOLS"], own].compactMap(\.self)
  }
}
