import Foundation
import Glibc

/// Runs the programs of servers that refuse to be root, as the user `postgres` if we are root and else as ourselves.
struct ServerProgram: Sendable {
  private let folder: String
  private let user: (name: String, id: uid_t, group: gid_t)?

  init(folder: String) throws {
    self.folder = folder
    guard getuid() == 0 else {
      user = nil
      return
    }
    guard let entry = getpwnam("postgres") else {
      throw TestSupportError("there is no user postgres to run PostgreSQL as: apt-get install postgresql")
    }
    user = ("postgres", entry.pointee.pw_uid, entry.pointee.pw_gid)
  }

  func path(_ name: String) -> String { folder + "/" + name }

  /// Runs a program of the server's folder, or else of `PATH`, in a small environment of its own.
  func run(_ name: String, _ arguments: [String], directory: URL = Scratch.root) async throws -> ProgramResult {
    let own = path(name)
    var command = [FileManager.default.isExecutableFile(atPath: own) ? own : name] + arguments
    if let user {
      command = ["setpriv", "--reuid=\(user.name)", "--regid=\(user.name)", "--init-groups", "--"] + command
    }
    let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": Scratch.root.path]
    return try await runProgram(
      "/usr/bin/env", command, environment: environment, directory: directory)
  }

  /// Makes a folder that belongs to the server's user and that others may only enter.
  func makeFolder(_ folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    guard let user else { return }
    guard chown(folder.path, user.id, user.group) == 0 else {
      throw TestSupportError("cannot hand \(folder.path) to the user \(user.name)")
    }
  }
}

extension ProgramResult {
  /// Itself, or what the program complained about as an error.
  @discardableResult
  public func orThrow(_ action: String) throws -> ProgramResult {
    guard exitCode == 0 else { throw TestSupportError("cannot \(action) (exit code \(exitCode)): \(errors)\(output)") }
    return self
  }
}

/// A TCP port of 127.0.0.1 that is free just now, and that nobody who takes any port gets for a minute.
///
/// A connection over it has just ended, which the system remembers for so long. Servers may listen there nonetheless, as they
/// set SO_REUSEADDR.
func freePort() throws -> Int {
  let (listener, client) = (tcpSocket(), tcpSocket())
  defer { for descriptor in [listener, client] { close(descriptor) } }
  var yes: Int32 = 1
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = inet_addr("127.0.0.1")
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isConnected = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(listener, $0, length) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &length) == 0
        && connect(client, $0, length) == 0
    }
  }
  let accepted = isConnected ? accept(listener, nil, nil) : -1
  guard accepted >= 0 else { throw TestSupportError("there is no free TCP port on 127.0.0.1") }
  // Who ends a connection first is the one that remembers it.
  close(accepted)
  return Int(UInt16(bigEndian: address.sin_port))
}

private func tcpSocket() -> Int32 { socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) }
