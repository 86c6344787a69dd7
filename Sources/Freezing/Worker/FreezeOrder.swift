import Glibc

/// One freeze, as the process sees it that asked for it. It blocks its thread.
struct FreezeOrder: Sendable {
  let path: String
  let deadline: Duration
  let token: String
  let runtimeFolder: String
  let guardCommand: [String]
  let refusals: Refusals

  /// Freezes, reports, and then watches the guard until the end.
  func perform(_ report: (Result<FrozenState, FreezeError>) -> Void) {
    do throws(FreezeError) {
      let held = try begin()
      report(.success(held.state))
      held.watch()
    } catch {
      report(.failure(error))
    }
  }

  private func begin() throws(FreezeError) -> HeldFreeze {
    let runtime = try RuntimeFolder(runtimeFolder)
    // Open before the freeze: it is what we thaw with if the guard can't.
    guard let file = OwnedFile(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) else {
      throw FreezeError(
        errno == ENOENT ? .missing : .system, "Can't freeze the filesystem of '\(path)': \(reason(errno)).")
    }
    guard let target = MountedFilesystem(of: file.number) else {
      throw FreezeError(.system, "Can't freeze the filesystem of '\(path)': /proc does not say which one that is.")
    }
    try refusals.check(target, at: path)
    let end = timeSinceBoot() + .seconds(60)
    while timeSinceBoot() < end {
      if let lock = try runtime.lock(token) {
        defer { withExtendedLifetime(lock) {} }
        if let record = runtime.record(token), record.end == nil, try runtime.thaw(record) == nil {
          throw record.outOfSight
        }
      } else {
        if let held = try adopt(runtime, file, target) { return held }
        usleep(20_000)
        continue
      }
      if let held = try start(runtime, file, target) { return held }
    }
    throw FreezeError(.system, "Another guard is at work under the token \(token) and does not answer.")
  }

  /// Takes a freeze over that lives already under our token.
  private func adopt(
    _ runtime: RuntimeFolder, _ file: OwnedFile, _ target: MountedFilesystem
  ) throws(FreezeError) -> HeldFreeze? {
    guard let socket = runtime.connect(token), let record = runtime.record(token), record.end == nil else { return nil }
    guard record.device == target.device else {
      throw FreezeError(
        .refused,
        "The token \(token) is in use for another filesystem (\(record.mountPoint)), so it can't freeze '\(path)'.")
    }
    guard send(GuardRequest.adopt.rawValue, to: socket.number),
      case .message(let text) = receive(from: socket.number, within: .seconds(60)),
      case .frozen(let since) = GuardAnswer(text)
    else { return nil }
    var state = record.state
    state = FrozenState(
      token: token, path: state.path, device: state.device, filesystem: state.filesystem, since: since,
      deadline: state.deadline, guardProcess: state.guardProcess)
    return HeldFreeze(runtime: runtime, filesystem: file, link: socket, state: state, child: nil)
  }

  /// Starts a guard and lets it freeze.
  /// - Returns: nil if another guard was faster, under the same token.
  private func start(
    _ runtime: RuntimeFolder, _ file: OwnedFile, _ target: MountedFilesystem
  ) throws(FreezeError) -> HeldFreeze? {
    let order = GuardOrder(
      token: token, path: path, mountPoint: target.mountPoint, device: target.device, filesystem: target.type,
      deadline: deadline, runtimeFolder: runtimeFolder)
    for isLastTry in [false, true] {
      let guardProcess = try GuardChild(guardCommand + [token, target.mountPoint], order, filesystem: file)
      do throws(FreezeError) {
        let since = try guardProcess.freeze(target, at: path, filesystem: file)
        return HeldFreeze(
          runtime: runtime, filesystem: file, link: guardProcess.link,
          state: FrozenState(
            token: token, path: path, device: target.device, filesystem: target.type, since: since, deadline: deadline,
            guardProcess: guardProcess.process),
          child: guardProcess.process)
      } catch {
        guardProcess.end()
        if error.kind == .held { return nil }
        guard error.kind == .busy else { throw error }
        let mayRetry = isLastTry ? false : try thawAbandoned(runtime, target.device)
        guard mayRetry else { throw busy(runtime, target) }
      }
    }
    throw busy(runtime, target)
  }

  /// Thaws what guards left behind that were killed together with their workers.
  private func thawAbandoned(_ runtime: RuntimeFolder, _ device: String) throws(FreezeError) -> Bool {
    var found = false
    for other in runtime.tokens() {
      guard let record = runtime.record(other), record.end == nil, record.device == device,
        let lock = try runtime.lock(other)
      else { continue }
      if try runtime.thaw(record) != nil { found = true }
      withExtendedLifetime(lock) {}
    }
    return found
  }

  private func busy(_ runtime: RuntimeFolder, _ target: MountedFilesystem) -> FreezeError {
    let holder = runtime.tokens().lazy.compactMap(runtime.record).first {
      $0.device == target.device && $0.end == nil && $0.token != token
    }
    let subject = "Can't freeze the filesystem of '\(path)' (mounted at \(target.mountPoint))"
    if let holder {
      return FreezeError(
        .held,
        "\(subject): Holdfast has it frozen under the token \(holder.token), for at most \(holder.deadline).")
    }
    return FreezeError(
      .busy,
      "\(subject): somebody else has it frozen (thaw it with 'fsfreeze --unfreeze \(target.mountPoint)' if nobody should)."
    )
  }
}
