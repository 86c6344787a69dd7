import Glibc

/// Says at a crash which input it was, and lets the crash go on.
enum CrashNote {
  /// The number of the current input. A signal handler may touch nothing but plain memory.
  nonisolated(unsafe) static let number: UnsafeMutablePointer<UInt64> = {
    let number = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    number.initialize(to: 0)
    return number
  }()

  /// What handled each signal before, by number: Swift's backtraces.
  nonisolated(unsafe) private static let earlier = UnsafeMutablePointer<sigaction>.allocate(capacity: 65)

  /// Handles traps, bad memory and full stacks.
  static func install() {
    _ = number
    // A stack that is full has no room for the handler.
    let size = 64 << 10
    var stack = stack_t(
      ss_sp: UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16), ss_flags: 0, ss_size: size)
    sigaltstack(&stack, nil)
    for signal in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { signal in
        note(CrashNote.number.pointee)
        sigaction(signal, CrashNote.earlier + Int(signal), nil)
        raise(signal)
      }
      action.sa_flags = SA_ONSTACK
      sigaction(signal, &action, earlier + Int(signal))
    }
  }
}

/// Writes without allocating: `crashed at input 123`.
private func note(_ number: UInt64) {
  let words: StaticString = "crashed; look at it with --count 1 --show and the seed above, --first "
  write(2, words.utf8Start, words.utf8CodeUnitCount)
  var divisor: UInt64 = 1
  while number / divisor >= 10 { divisor *= 10 }
  while divisor > 0 {
    var digit = UInt8(ascii: "0") + UInt8(number / divisor % 10)
    write(2, &digit, 1)
    divisor /= 10
  }
  var end = UInt8(ascii: "\n")
  write(2, &end, 1)
}
