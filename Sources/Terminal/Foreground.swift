internal import Glibc

/// Whether this process may ask on its terminal, and so may its children if they are in its process group.
package var isInForeground: Bool {
  let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
  guard terminal >= 0 else { return false }
  defer { close(terminal) }
  return tcgetpgrp(terminal) == getpgrp()
}
