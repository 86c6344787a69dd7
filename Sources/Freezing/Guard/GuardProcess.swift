import CEpoll
import CFreeze
import Glibc

/// A guard at work.
struct GuardProcess {
  private let order: GuardOrder
  private let filesystem: CInt
  private let runtime: RuntimeFolder
  private let lock: OwnedFile
  private let listening: OwnedFile
  private let timer: OwnedFile
  private let signals: OwnedFile
  /// The connection whose end means that the worker has died.
  private var control: OwnedFile
  private var worker: pid_t
  /// Others that ask.
  private var clients: [OwnedFile] = []
  private var record: FreezeRecord

  /// How often it looks whether the worker is ending.
  private static let tick: CInt = 250
  private static let maximumClients = 32

  /// Gets everything ready that a freeze needs.
  init(_ order: GuardOrder, control: OwnedFile, filesystem: CInt) throws(FreezeError) {
    func opened(_ number: CInt) throws(FreezeError) -> OwnedFile {
      guard let file = OwnedFile(number) else {
        throw FreezeError(.system, "The guard has no room for what it needs: \(reason(errno)).")
      }
      return file
    }
    _ = chdir("/")
    self.order = order
    self.filesystem = filesystem
    self.control = control
    worker = freeze_shim_peer(control.number)
    signals = try opened(Self.takeSignals())
    timer = try opened(timerfd_create(CLOCK_BOOTTIME, CInt(TFD_CLOEXEC)))
    runtime = try RuntimeFolder(order.runtimeFolder)
    guard let lock = try runtime.lock(order.token) else {
      throw FreezeError(.held, "Another guard is at work under the token \(order.token).")
    }
    self.lock = lock
    record = FreezeRecord(
      token: order.token, path: order.path, mountPoint: order.mountPoint, device: order.device,
      filesystem: order.filesystem, bootID: bootID(), since: timeSinceBoot(), deadline: order.deadline,
      guardProcess: getpid(), workerProcess: worker)
    try runtime.write(record)
    listening = try runtime.listen(order.token)
    try becomeUnstoppable()
  }

  /// From the freeze to the thaw.
  /// - Returns: false if it was never frozen.
  mutating func work() -> Bool {
    guard send(GuardAnswer.ready.text, to: control.number),
      receive(from: control.number, within: .seconds(60)) == .message(GuardRequest.freeze.rawValue)
    else { return forget() }
    // What is dirty is written before writers are stopped: they are stopped for less long.
    _ = freeze_shim_sync(filesystem)
    if receive(from: control.number, within: .zero) == .end { return forget() }

    record.since = timeSinceBoot()
    record.hasBegun = true
    // Failing that, a guard that gets stuck is only found by its worker.
    try? runtime.write(record)
    guard setTimer() else { return refuse(errno) }
    while freeze_shim_freeze(filesystem) != 0 {
      if errno != EINTR { return refuse(errno) }
    }
    send(GuardAnswer.frozen(since: record.since).text, to: control.number)
    finish(waitForReason())
    return true
  }

  private func refuse(_ code: CInt) -> Bool {
    // First: whoever finds the record of a guard that is gone thaws, and here that would be somebody else's freeze.
    _ = forget()
    send(GuardAnswer.refused(code).text, to: control.number)
    return false
  }

  private func forget() -> Bool {
    runtime.remove(order.token)
    return false
  }

  // MARK: Frozen

  private mutating func waitForReason() -> ThawReason {
    while true {
      var wanted = [timer, signals, control, listening].map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
      wanted += clients.map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
      let ready = poll(&wanted, nfds_t(wanted.count), Self.tick)
      if ready <= 0 {
        if ready == 0, isEnding(worker) { return .workerDied }
        continue
      }
      if wanted[0].revents != 0 { return .deadline }
      if wanted[1].revents != 0 { return .guardEnded }
      if wanted[2].revents != 0, let reason = answerWorker() { return reason }
      if wanted[3].revents != 0 { accept() }
      for (client, state) in zip(clients, wanted[4...]) where state.revents != 0 {
        if let reason = answer(client) { return reason }
      }
    }
  }

  private mutating func answerWorker() -> ThawReason? {
    switch receive(from: control.number, within: .zero) {
    case .end: .workerDied
    case .timedOut: nil
    case .message(let text): answer(GuardRequest(rawValue: text), control)
    }
  }

  private mutating func accept() {
    guard let client = OwnedFile(Glibc.accept(listening.number, nil, nil)) else { return }
    if clients.count == Self.maximumClients { clients.removeFirst() }
    clients.append(client)
  }

  private mutating func answer(_ client: OwnedFile) -> ThawReason? {
    switch receive(from: client.number, within: .zero) {
    case .timedOut: return nil
    case .message(let text): return answer(GuardRequest(rawValue: text), client)
    case .end:
      clients.removeAll { $0 === client }
      return nil
    }
  }

  private mutating func answer(_ request: GuardRequest?, _ asking: OwnedFile) -> ThawReason? {
    switch request {
    case .thaw: return .worker
    case .check:
      guard isFrozen() else { return .other }
      send(GuardAnswer.frozen(since: record.since).text, to: asking.number)
    case .adopt:
      guard asking !== control else { break }
      send(GuardAnswer.moved.text, to: control.number)
      clients.removeAll { $0 === asking }
      control = asking
      worker = freeze_shim_peer(asking.number)
      record.workerProcess = worker
      send(GuardAnswer.frozen(since: record.since).text, to: asking.number)
    case .freeze, nil: break
    }
    return nil
  }

  /// The kernel has no question for this: a second freeze is refused as long as the first lasts.
  private func isFrozen() -> Bool { freeze_shim_freeze(filesystem) != 0 && errno == EBUSY }

  // MARK: Thawing

  private mutating func finish(_ reason: ThawReason) {
    let wasFrozen = thaw(filesystem) == .thawed
    let end = FreezeRecord.End(
      reason: wasFrozen ? reason : .other, frozenFor: timeSinceBoot() - record.since)
    record.end = end
    // If it can't be written: who asks later finds a record without an end and no guard, and thaws once more.
    try? runtime.write(record)
    for file in [control] + clients {
      send(GuardAnswer.thawed(end.reason, frozenFor: end.frozenFor).text, to: file.number)
    }
  }

  // MARK: Preparing

  private func setTimer() -> Bool {
    let end = (record.since + order.deadline).nanoseconds
    var setting = itimerspec()
    setting.it_value.tv_sec = Int(end / 1_000_000_000)
    setting.it_value.tv_nsec = Int(end % 1_000_000_000)
    return timerfd_settime(timer.number, CInt(TFD_TIMER_ABSTIME), &setting, nil) == 0
  }

  /// Signals that would end it become readable instead: it thaws first.
  private static func takeSignals() -> CInt {
    var taken = sigset_t()
    sigemptyset(&taken)
    for number in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM] { sigaddset(&taken, number) }
    sigprocmask(SIG_BLOCK, &taken, nil)
    return signalfd(-1, &taken, CInt(SFD_CLOEXEC))
  }
}
