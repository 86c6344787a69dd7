import Foundation
import Glibc
import TestSupport

/// A folder for a repository, a source to back up and a target to restore to, and both programs that work on them.
struct RepositoryPlace {
  static let password = "correct horse"

  let folder: URL
  let repository: String
  /// What the tests back up.
  let source: String

  init() throws {
    folder = try scratchDirectory("repository-command")
    repository = folder.appendingPathComponent("repository").path
    source = folder.appendingPathComponent("source").path
  }

  var environment: [String: String] {
    [
      "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin", "HOME": folder.path, "RESTIC_REPOSITORY": repository,
      "RESTIC_PASSWORD": Self.password, "RESTIC_CACHE_DIR": folder.path + "/cache", "LANG": "C.UTF-8",
    ]
  }

  /// Runs `holdfast repo`.
  func holdfast(_ arguments: String..., with more: [String: String] = [:], input: String = "") async throws
    -> ProgramResult
  {
    try await holdfast(arguments, with: more, input: input)
  }

  /// Runs `holdfast repo`.
  func holdfast(_ arguments: [String], with more: [String: String] = [:], input: String = "") async throws
    -> ProgramResult
  {
    try await runProgram(
      holdfastBinary, ["repo"] + arguments, environment: environment.merging(more) { $1 }, directory: folder,
      input: input)
  }

  /// Backs up, which must succeed, and returns the snapshot's id.
  func backedUp(_ arguments: String...) async throws -> String {
    let result = try await holdfast(["backup", "-o", "name"] + arguments)
    guard result.exitCode == 0 else { throw TestSupportError("backup \(arguments): \(result)") }
    return result.output.trimmingCharacters(in: .newlines)
  }

  /// Starts `holdfast repo`.
  func start(_ arguments: String...) throws -> BackgroundProgram {
    try BackgroundProgram(holdfastBinary, ["repo"] + arguments, environment: environment)
  }

  /// Runs restic, which must succeed.
  @discardableResult
  func restic(_ arguments: String..., program: String = "restic") async throws -> ProgramResult {
    let result = try await runProgram(program, arguments, environment: environment, directory: folder)
    guard result.exitCode == 0 else {
      throw TestSupportError("restic \(arguments.joined(separator: " ")): \(result.output)\(result.errors)")
    }
    return result
  }

  /// Runs a shell script in the folder, which must succeed, and returns what it prints.
  @discardableResult
  func shell(_ script: String) async throws -> String {
    let result = try await runProgram(
      "/bin/bash", ["-euc", script], environment: environment, directory: folder)
    guard result.exitCode == 0 else { throw TestSupportError("\(script): \(result.output)\(result.errors)") }
    return result.output
  }

  /// A source with what repositories have to keep.
  func makeSource() async throws {
    try await shell(
      #"""
      mkdir -p source/sub/empty && cd source
      printf hello >a.txt; : >nothing; head -c 3000000 /dev/urandom >random; yes text | head -c 2000000 >text
      printf x >"$(printf 'bad\xffname')"; printf x >$'new\nline'; truncate -s 20M sparse; printf end >>sparse
      ln -s a.txt link; ln a.txt hard; mkfifo fifo; chmod 4750 text; chmod 1777 sub/empty
      setfattr -n user.comment -v 'some value' a.txt; setfacl -m u:daemon:r random
      [ $(id -u) -ne 0 ] || { mknod null c 1 3; chown 12345:54321 hard; }
      touch -d '1999-01-02T03:04:05.000000001Z' nothing; touch -h -d '2001-02-03T04:05:06.7Z' link
      touch -d 2020-01-01 sub/empty sub
      """#)
  }

  /// What `diff`, `getfacl` and `getfattr` tell of a tree: the same for trees that are the same.
  func facts(_ path: String) async throws -> String {
    try await shell(
      #"""
      cd '\#(path)'
      find . -mindepth 1 -printf '%P|%y|%m|%U:%G|%T@|%n|%l|%s\n' | sed -E '/\|d\|/s/\|[0-9]+$//' | LC_ALL=C sort
      getfacl -R -n -- * 2>/dev/null; getfattr -R -h -d -m - -- * 2>/dev/null | LC_ALL=C sort
      find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
      """#)
  }

  /// The names in one of the repository's folders.
  func objects(_ kind: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: repository + "/" + kind)) ?? []
  }
}

extension ProgramResult {
  /// The last line of the output as a JSON object.
  func lastObject() throws -> [String: Any] {
    let line = output.split(separator: "\n").last.map(String.init) ?? ""
    guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
      throw TestSupportError("no object: \(line)")
    }
    return object
  }

  /// Each line of the output as a JSON object.
  func objects() throws -> [[String: Any]] {
    try output.split(separator: "\n").map { line in
      guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
        throw TestSupportError("no object: \(line)")
      }
      return object
    }
  }
}
