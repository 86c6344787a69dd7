import JSON

/// What a guard is told when it starts.
struct GuardOrder: Sendable, Equatable {
  var token: String
  var path: String
  var mountPoint: String
  var device: String
  var filesystem: String
  var deadline: Duration
  var runtimeFolder: String

  var json: JSONValue {
    [
      "token": .string(token), "path": .string(path), "mountPoint": .string(mountPoint), "device": .string(device),
      "filesystem": .string(filesystem), "deadline": .int(deadline.nanoseconds),
      "runtimeFolder": .string(runtimeFolder),
    ]
  }
}

extension GuardOrder {
  /// Nil for a text that is no order.
  init?(parsing text: String) {
    guard let json = try? JSONValue(parsing: text), let token = json["token"]?.string, let path = json["path"]?.string,
      let mountPoint = json["mountPoint"]?.string, let device = json["device"]?.string,
      let filesystem = json["filesystem"]?.string, let deadline = json["deadline"]?.int,
      let runtimeFolder = json["runtimeFolder"]?.string
    else { return nil }
    self.init(
      token: token, path: path, mountPoint: mountPoint, device: device, filesystem: filesystem,
      deadline: .nanoseconds(deadline), runtimeFolder: runtimeFolder)
  }
}

/// What a guard says.
enum GuardAnswer: Equatable {
  /// It lives, and will see to it.
  case ready
  case frozen(since: Duration)
  case thawed(ThawReason, frozenFor: Duration)
  /// Another process has taken over.
  case moved
  /// The freeze failed; the errno.
  case refused(CInt)
  /// It could not even begin.
  case failed(String)

  /// Without JSON: it is said while a filesystem is frozen.
  var text: String {
    switch self {
    case .ready: "ready"
    case .frozen(let since): "frozen \(since.nanoseconds)"
    case .thawed(let reason, let length): "thawed \(reason.rawValue) \(length.nanoseconds)"
    case .moved: "moved"
    case .refused(let code): "refused \(code)"
    case .failed(let sentence): "failed \(sentence)"
    }
  }

  init?(_ text: String) {
    let words = text.split(separator: " ", maxSplits: 1)
    let rest = words.count > 1 ? words[1] : ""
    switch words.first {
    case "ready": self = .ready
    case "moved": self = .moved
    case "frozen":
      guard let since = Int64(rest) else { return nil }
      self = .frozen(since: .nanoseconds(since))
    case "thawed":
      let parts = rest.split(separator: " ")
      guard parts.count == 2, let reason = ThawReason(rawValue: String(parts[0])), let length = Int64(parts[1]) else {
        return nil
      }
      self = .thawed(reason, frozenFor: .nanoseconds(length))
    case "refused":
      guard let code = CInt(rest) else { return nil }
      self = .refused(code)
    case "failed": self = .failed(String(rest))
    default: return nil
    }
  }
}

/// What a guard is asked.
enum GuardRequest: String {
  /// By the process that started it, once: freeze now.
  case freeze
  /// Thaw now.
  case thaw
  /// Is it still frozen?
  case check
  /// From now on, the sender is the process whose end ends the freeze.
  case adopt
}
