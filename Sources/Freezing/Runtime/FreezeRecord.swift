import JSON

/// What a guard leaves in the runtime folder for whoever comes after it. Written before the freeze and after the thaw,
/// never between.
struct FreezeRecord: Sendable, Equatable {
  var token: String
  var path: String
  var mountPoint: String
  var device: String
  var filesystem: String
  /// The boot under which this was written; a restart thaws everything.
  var bootID: String
  /// When the freeze was about to begin, on CLOCK_BOOTTIME.
  var since: Duration
  var deadline: Duration
  var guardProcess: Int32
  var workerProcess: Int32
  /// Whether the freeze itself has begun. Until then what is dirty is written, which may take any time.
  var hasBegun = false
  /// How it ended; nil while the guard is at it, or if it was killed.
  var end: End?

  struct End: Sendable, Equatable {
    var reason: ThawReason
    var frozenFor: Duration
  }

  var outcome: ThawOutcome? {
    end.map { ThawOutcome(token: token, path: path, frozenFor: $0.frozenFor, endedBy: $0.reason) }
  }

  var state: FrozenState {
    FrozenState(
      token: token, path: path, device: device, filesystem: filesystem, since: since, deadline: deadline,
      guardProcess: guardProcess)
  }
}

extension FreezeRecord {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "token": .string(token), "path": .string(path), "mountPoint": .string(mountPoint), "device": .string(device),
      "filesystem": .string(filesystem), "bootID": .string(bootID), "since": .int(since.nanoseconds),
      "deadline": .int(deadline.nanoseconds), "guard": .int(Int64(guardProcess)), "worker": .int(Int64(workerProcess)),
    ]
    if hasBegun { members["begun"] = true }
    if let end {
      members["endedBy"] = .string(end.reason.rawValue)
      members["frozenFor"] = .int(end.frozenFor.nanoseconds)
    }
    return .object(members)
  }

  /// Nil for a file that is not ours.
  init?(json: JSONValue) {
    func text(_ key: String) -> String? { json[key]?.string }
    func number(_ key: String) -> Int64? { json[key]?.int }
    guard let token = text("token"), let path = text("path"), let mountPoint = text("mountPoint"),
      let device = text("device"), let filesystem = text("filesystem"), let bootID = text("bootID"),
      let since = number("since"), let deadline = number("deadline"),
      let guardProcess = number("guard").flatMap(Int32.init(exactly:)),
      let workerProcess = number("worker").flatMap(Int32.init(exactly:))
    else { return nil }
    self.init(
      token: token, path: path, mountPoint: mountPoint, device: device, filesystem: filesystem, bootID: bootID,
      since: .nanoseconds(since), deadline: .nanoseconds(deadline), guardProcess: guardProcess,
      workerProcess: workerProcess)
    hasBegun = json["begun"]?.bool ?? false
    if let reason = text("endedBy").flatMap(ThawReason.init), let frozenFor = number("frozenFor") {
      end = End(reason: reason, frozenFor: .nanoseconds(frozenFor))
    }
  }
}

extension Duration {
  /// Whole nanoseconds: it is a time since the boot or part of an hour.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
