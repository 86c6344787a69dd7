import CEpoll  // A build of whole modules takes timespec for its.
import Glibc

/// The time since the machine started, sleep included.
func timeSinceBoot() -> Duration {
  var time = timespec()
  clock_gettime(CLOCK_BOOTTIME, &time)
  return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

/// Changes with every start of the machine.
func bootID() -> String {
  (smallFile("/proc/sys/kernel/random/boot_id") ?? "").filter { !$0.isWhitespace }
}

/// The text of a file of the kernel's; nil if it can't be read.
func smallFile(_ path: String) -> String? {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  return contents(of: file)
}

/// All that can be read from `file`.
func contents(of file: CInt) -> String? {
  var bytes: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 16 << 10)
  while true {
    let count = read(file, &part, part.count)
    if count < 0 {
      if errno == EINTR { continue }
      return nil
    }
    if count == 0 { return String(decoding: bytes, as: UTF8.self) }
    bytes += part[..<count]
  }
}

/// Where a symbolic link leads; nil if there is none.
func linkTarget(_ path: String) -> String? {
  var target = [CChar](repeating: 0, count: 4096)
  let count = readlink(path, &target, target.count)
  return count > 0 ? String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
}

/// What the system says about an errno.
func reason(_ code: CInt) -> String { String(cString: strerror(code)) }

/// Owner of one descriptor.
final class OwnedFile: Sendable {
  let number: CInt

  /// Nil for what a failed call returned.
  init?(_ number: CInt) {
    guard number >= 0 else { return nil }
    self.number = number
  }

  deinit { close(number) }
}
