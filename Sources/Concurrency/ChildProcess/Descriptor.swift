import CEpoll
import Glibc
import Synchronization

/// Owner of one file descriptor, which it closes once.
///
/// A class, because tasks that pump data share it with the call that started them.
package final class Descriptor: Sendable {
  /// Not to be used after `close`.
  package let number: CInt
  private let isClosed = Atomic(false)

  package init(_ number: CInt) { self.number = number }

  deinit { close() }

  /// Closes it before the last owner lets go: the other side must see the end.
  package func close() {
    if !isClosed.exchange(true, ordering: .acquiringAndReleasing) { Glibc.close(number) }
  }

  func setNonBlocking() { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }
}

/// The two ends of a pipe that no program started meanwhile inherits.
package struct PipeEnds: Sendable {
  package let reading: Descriptor
  package let writing: Descriptor

  /// Nil when the process or the system has too many open files; `errno` says which.
  package init?() {
    var numbers: [CInt] = [-1, -1]
    guard pipe2(&numbers, O_CLOEXEC) == 0 else { return nil }
    reading = Descriptor(numbers[0])
    writing = Descriptor(numbers[1])
  }
}
