import CFreeze
import Glibc

/// What came of an attempt to thaw.
enum Thawing: Equatable {
  case thawed
  /// It was not frozen.
  case wasNotFrozen
  /// We may not; an errno.
  case failed(CInt)
}

/// Thaws, and does not give up where trying again can help: there is nothing better to do.
func thaw(_ filesystem: CInt) -> Thawing {
  while freeze_shim_thaw(filesystem) != 0 {
    switch errno {
    case EINTR: continue
    case EINVAL: return .wasNotFrozen
    case EPERM, EBADF, ENOTTY, EOPNOTSUPP: return .failed(errno)
    default: usleep(50_000)
    }
  }
  return .thawed
}

extension RuntimeFolder {
  /// Thaws in the place of a guard that is gone, and writes down how it ended. Only for whoever holds the token's lock.
  /// - Returns: nil, with the record as it was, if it may be frozen where we don't see it: in another mount namespace, or mounted
  ///   nowhere, since an unmount does not thaw.
  func thaw(_ record: FreezeRecord) throws(FreezeError) -> ThawOutcome? {
    var record = record
    var end = FreezeRecord.End(reason: .guardEnded, frozenFor: timeSinceBoot() - record.since)
    if record.bootID != bootID() {
      end = FreezeRecord.End(reason: .workerDied, frozenFor: .zero)
    } else if let file = open(record) {
      if case .failed(let code) = Freezing.thaw(file.number) {
        throw FreezeError(
          .denied,
          "Can't thaw \(record.mountPoint) in the place of its guard, which is gone: \(reason(code)). Run 'fsfreeze --unfreeze \(record.mountPoint)' as root."
        )
      }
    } else if !isGone(record.device) {
      return nil
    }
    record.end = end
    try write(record)
    return ThawOutcome(token: record.token, path: record.path, frozenFor: end.frozenFor, endedBy: end.reason)
  }

  /// Thaws what was left frozen under a token, and forgets it a week after its end.
  /// - Returns: nil if there was nothing to thaw.
  func thawStale(_ token: String) throws(FreezeError) -> ThawOutcome? {
    let free = try self.lock(token)
    guard let lock = try free == nil ? lockOfStuckGuard(token) : free else { return nil }
    defer { withExtendedLifetime(lock) {} }
    guard let record = self.record(token) else { return nil }
    if record.end == nil { return try thaw(record) }
    if let age = self.age(of: token), age > .seconds(7 * 24 * 3600) { remove(token) }
    return nil
  }

  /// The filesystem of a record; nil if it is not mounted where we see it.
  private func open(_ record: FreezeRecord) -> OwnedFile? {
    let places = [record.path, MountedFilesystem.mountPoint(ofDevice: record.device)].compactMap { $0 }
    for place in places {
      guard let file = OwnedFile(Glibc.open(place, O_RDONLY | O_NONBLOCK | O_CLOEXEC)),
        MountedFilesystem(of: file.number)?.device == record.device
      else { continue }
      return file
    }
    return nil
  }
}

extension FreezeRecord {
  /// Why nobody here can thaw it.
  var outOfSight: FreezeError {
    FreezeError(
      .system,
      "Can't thaw \(mountPoint) in the place of its guard, which is gone: no filesystem of the device \(device) is mounted where this process sees it. Run 'fsfreeze --unfreeze' where it is mounted, or mount it again."
    )
  }
}

/// Whether a block device is there no more, and what was on it with it. Of a filesystem without one (the first number is 0) that
/// can't be told.
private func isGone(_ device: String) -> Bool {
  let known = "/sys/dev/block"
  guard !device.hasPrefix("0:"), access(known, F_OK) == 0 else { return false }
  return access("\(known)/\(device)", F_OK) != 0 && errno == ENOENT
}
