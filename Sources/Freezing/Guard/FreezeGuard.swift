import Glibc

/// The process that keeps a frozen filesystem from staying frozen: the hidden command `holdfast freeze-guard`.
///
/// It is started before the freeze, in a session of its own, with a socket to its worker as descriptor 0 and an open file of the
/// filesystem as descriptor 3. It freezes, and thaws when it is told to, when the deadline passes, when the worker's process ends, or
/// when it gets SIGTERM. Between freeze and thaw it opens and writes no file but the kernel's own.
public enum FreezeGuard {
  /// The word that makes the program a guard.
  public static let command = "freeze-guard"

  /// Does the whole work of a guard; blocks its thread until the filesystem is thawed. Returns the exit code.
  public static func run() -> Int32 {
    guard case .message(let text) = receive(from: STDIN_FILENO, within: .seconds(10)),
      let order = GuardOrder(parsing: text), let control = OwnedFile(STDIN_FILENO)
    else {
      let advice = "\(command) is started by a worker when it freezes a filesystem; it is of no use by itself.\n"
      _ = write(STDERR_FILENO, advice, advice.utf8.count)
      return 2
    }
    do throws(FreezeError) {
      var process = try GuardProcess(order, control: control, filesystem: 3)
      return process.work() ? 0 : 1
    } catch {
      // Two of the same token have started at once, and this is the second.
      let answer = error.kind == .held ? GuardAnswer.refused(EALREADY) : .failed(error.description)
      send(answer.text, to: control.number)
      return 1
    }
  }
}
