import Foundation
import Glibc
import Synchronization

/// A thread that ends the program when one input takes too long or too much memory, and says which.
final class Watchdog: Sendable {
  /// How long one input may take.
  static let limit = Duration.seconds(2)
  /// How much larger the process may become than it was at first. A leak of 300 bytes an input shows within a million.
  static let memoryLimit = 256 << 20

  private struct State {
    var number: UInt64?
    var started = ContinuousClock.now
    var isStopped = false
  }

  private let mutator: Mutator
  private let state = Mutex(State())

  init(_ mutator: Mutator) {
    self.mutator = mutator
    _ = Memory.atStart
    Thread.detachNewThread { [self] in watch() }
  }

  func begin(_ number: UInt64) {
    state.withLock {
      $0.number = number
      $0.started = ContinuousClock.now
    }
  }

  func end() { state.withLock { $0.number = nil } }

  func stop() { state.withLock { $0.isStopped = true } }

  private func watch() {
    while true {
      usleep(50_000)
      let state = state.withLock { ($0.number, $0.started, $0.isStopped) }
      if state.2 { return }
      guard let number = state.0 else { continue }
      if ContinuousClock.now - state.1 > Self.limit { fail(number, "takes more than \(Self.limit)") }
      if Memory.growth > Self.memoryLimit {
        fail(number, "memory has grown by more than \(Self.memoryLimit >> 20) MiB")
      }
    }
  }

  private func fail(_ number: UInt64, _ what: String) -> Never {
    let input = mutator.input(number)
    let text =
      "input \(number) of seed \(mutator.seed): \(what)\n\(shown(input))\nkept as \(keep(input, number, mutator.seed))\n"
    FileHandle.standardError.write(Data(text.utf8))
    abort()
  }
}

/// How much memory the process has in RAM.
enum Memory {
  static let atStart = resident
  static var growth: Int { resident - atStart }

  private static var resident: Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    let fields = text.split(separator: " ")
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
