internal import Freezing
internal import Glibc

/// `holdfast freeze-guard`, which no help mentions: the process that keeps a frozen filesystem from staying frozen.
///
/// It is no `Command`: it must be at work before anything else in this program starts a thread or opens a file.
enum FreezeGuardCommand {
  /// Becomes a guard if the arguments say so, and then does not return.
  static func runIfAsked(_ arguments: [String]) {
    if arguments.first == FreezeGuard.command { exit(FreezeGuard.run()) }
  }
}
