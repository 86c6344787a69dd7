import Foundation
import TestSupport

/// A data folder, the `holdfast up` that serves it, and commands that find its database there.
struct UpInstance {
  let folder: URL
  /// Where steps leave what they did.
  let effects: URL

  /// A folder that is still empty.
  init() throws {
    folder = try scratchDirectory("up")
    effects = try scratchDirectory("effects")
  }

  /// Starts `holdfast up`; returns at once.
  func start(_ more: [String] = []) throws -> BackgroundProgram {
    try BackgroundProgram(holdfastBinary, ["up", "--grace", "600", "--lease", "10"] + more, environment: environment)
  }

  /// Starts `holdfast up` and waits until it says that it is up.
  func up(_ more: [String] = []) async throws -> BackgroundProgram {
    let program = try start(more)
    do {
      try await eventually(within: .seconds(120), "a ready 'holdfast up'") {
        if program.hasEnded { throw TestSupportError("'holdfast up' has ended") }
        return program.output.contains("Holdfast is up")
      }
    } catch { throw TestSupportError("\(error)\n\(program.errors)") }
    return program
  }

  /// Runs a command of `holdfast` that is told of nothing but the folder.
  func run(_ arguments: [String], _ more: [String: String] = [:]) async throws -> ProgramResult {
    try await runProgram(holdfastBinary, arguments, environment: environment.merging(more) { $1 })
  }

  /// What a query gives, through `holdfast sql`.
  @discardableResult
  func sql(_ statement: String) async throws -> String {
    let result = try await run(["sql", "--", "-XAt", "-v", "ON_ERROR_STOP=1", "-c", statement])
    guard result.exitCode == 0 else { throw TestSupportError("\(statement): \(result.errors)") }
    return result.output.split(separator: "\n").joined(separator: "\n")
  }

  /// Submits a run of one `exec` step with this script.
  func submit(_ script: String) async throws -> String {
    let with: [String: Any] = [
      "command": ["sh", "-c", script], "environment": ["EFFECTS": effects.path],
    ]
    return try await sql(
      "select holdfast.submit(\(Plan("up", [["name": "step", "uses": "exec", "with": with]]).literal))")
  }

  /// Waits until a run has ended, and returns how.
  func end(of run: String) async throws -> String {
    var state = ""
    try await eventually(within: .seconds(120), "the end of run \(run)") {
      state = (try? await sql("select state from run_status where run_id = \(run) and finished_at is not null")) ?? ""
      return !state.isEmpty
    }
    return state
  }

  func attempts() async throws -> String {
    try await sql("select string_agg(state::text, ' ' order by fence) from holdfast.attempt")
  }

  /// How many lines the steps have left.
  var effectCount: Int {
    (try? String(contentsOf: effects.appendingPathComponent("done"), encoding: .utf8))?.split(separator: "\n").count
      ?? 0
  }

  /// The processes of its PostgreSQL: the postmaster first.
  func servers() -> [Int32] {
    let cluster = folder.appendingPathComponent("postgres").path
    let pids = processes()
    let postmaster = pids.filter { arguments(of: $0).contains("\0-D\0" + cluster + "\0") }
    return postmaster
      + pids.filter { pid in
        !postmaster.contains(pid)
          && workingDirectory(of: pid) == cluster
      }
  }

  /// Whether an initdb is at work, or what it has started, for whomever.
  func isMaking() -> Bool {
    let unfinished = folder.path + "/postgres.new-"
    return processes().contains { pid in
      arguments(of: pid).contains("\0-D\0" + unfinished) || workingDirectory(of: pid).hasPrefix(unfinished)
    }
  }

  private func processes() -> [Int32] {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }) ?? []
  }

  private func arguments(of pid: Int32) -> String {
    (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
  }

  private func workingDirectory(of pid: Int32) -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")) ?? ""
  }

  private var environment: [String: String] {
    ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "HOLDFAST_DATA": folder.path]
  }
}
