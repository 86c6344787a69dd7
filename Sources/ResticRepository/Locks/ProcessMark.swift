internal import Glibc

/// Tells a process from all others: hosts can share a name, containers have process ids of their own, and ids come back.
struct ProcessMark: Equatable {
  /// The running system and the namespace of process ids.
  let machine: String
  /// When the process began, in ticks of that system.
  let started: String

  /// This process; nil where /proc doesn't tell.
  static let current: ProcessMark? = {
    guard let boot = contents("/proc/sys/kernel/random/boot_id"), let started = startTime(getpid()) else { return nil }
    var namespace = stat()
    guard stat("/proc/self/ns/pid", &namespace) == 0 else { return nil }
    return ProcessMark(machine: "\(boot)-\(namespace.st_ino)", started: started)
  }()

  init(machine: String, started: String) {
    self.machine = machine
    self.started = started
  }

  /// The mark that a lock carries; nil for anything else.
  init?(text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    self.init(machine: String(parts[0]), started: String(parts[1]))
  }

  var text: String { "\(machine)/\(started)" }

  /// Whether it runs on this system under process ids of its own, as in another container: then ours say nothing of it.
  var isOfOtherNamespace: Bool {
    guard let here = Self.current?.machine, machine != here, let end = here.lastIndex(of: "-") else { return false }
    return machine.hasPrefix(here[...end])
  }

  /// Whether the process with this mark and id is certainly gone.
  func isGone(_ id: Int) -> Bool {
    guard let here = Self.current, machine == here.machine, let id = pid_t(exactly: id), id > 0 else { return false }
    if !hasProcess(id) { return true }
    return Self.startTime(id).map { $0 != started } ?? false
  }

  /// Whether the process with this mark and id certainly runs.
  func isRunning(_ id: Int) -> Bool {
    guard let here = Self.current, machine == here.machine, let id = pid_t(exactly: id), id > 0 else { return false }
    return Self.startTime(id) == started
  }

  /// The 22nd field of its `stat`, nil if it doesn't run; the second may hold anything, even spaces, in parentheses.
  private static func startTime(_ id: pid_t) -> String? {
    guard let line = contents("/proc/\(id)/stat"), let end = line.lastIndex(of: ")") else { return nil }
    let fields = line[end...].split(separator: " ")
    // A zombie is dead already, only nobody has asked yet how it ended.
    guard fields.count > 20, fields[1] != "Z", fields[1] != "X" else { return nil }
    return String(fields[20])
  }

  private static func contents(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
    }
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }
}

/// Whether this machine has a process with this id.
func hasProcess(_ id: pid_t) -> Bool { kill(id, 0) == 0 || errno != ESRCH }
