import CFreeze
import Glibc

/// Makes this process able to go on while a filesystem is frozen and memory is short.
func becomeUnstoppable() throws(FreezeError) {
  // No page of ours has to be fetched from, or first to be written to, a disk.
  guard mlockall(CInt(MCL_CURRENT | MCL_FUTURE)) == 0 else {
    throw FreezeError(
      .denied,
      "The guard can't lock its memory (\(reason(errno))): it needs root, or CAP_IPC_LOCK, or 'ulimit -l' raised.")
  }
  // Memory for what follows, kept by malloc when it is freed: it gives back only more than 128 KiB.
  if let room = malloc(96 << 10) {
    memset(room, 1, 96 << 10)
    free(room)
  }
  // Both are a help, and not allowed everywhere: reclaim that would wait for the frozen filesystem, and the killer.
  _ = freeze_shim_become_io_flusher()
  let score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
  if score >= 0 {
    _ = write(score, "-1000", 5)
    close(score)
  }
}

/// Whether a process has ended, or is ending: one of its threads may still hang in a write to the frozen filesystem,
/// and then its sockets stay open.
func isEnding(_ process: pid_t) -> Bool {
  guard process > 0 else { return false }
  guard let state = state(of: process) else { return true }
  return state == "Z" || state == "X"
}

/// What a process is at, as a letter (proc_pid_stat(5)); nil if it is gone.
func state(of process: pid_t) -> Character? {
  guard let stat = smallFile("/proc/\(process)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
  return stat[stat.index(after: end)...].first { $0 != " " }
}
