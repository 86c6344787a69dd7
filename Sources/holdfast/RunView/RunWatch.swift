internal import Concurrency
internal import Glibc
internal import PostgresClient
internal import StepEngine
internal import Synchronization
internal import Terminal

/// Follows a run until it is over: as a picture on a terminal, line by line anywhere else.
struct RunWatch: Sendable {
  /// What the watching ended with.
  enum End: Sendable, Equatable {
    case over(RunState)
    /// Somebody pressed Ctrl-C.
    case interrupted
    /// The run is not kept any more.
    case gone
  }

  let reader: RunReader
  let run: Int64
  let style: TextStyle
  let isLive: Bool
  /// Where changes go as lines: not to standard output if that is for a document.
  var lineStream = STDOUT_FILENO

  /// The shortest time between two looks at the database; slow looks are further apart.
  static let pace = Duration.milliseconds(300)
  /// How often the picture is drawn anew.
  static let frame = Duration.milliseconds(250)
  /// How long the database may take, before those who watch are told.
  static let patience = (connection: Duration.seconds(2), answer: Duration.seconds(20))

  /// What is known at a moment.
  private struct Known: Sendable {
    var snapshot: RunSnapshot?
    /// When it came.
    var lookedAt = ContinuousClock.now
    /// Why there is nothing newer.
    var problem: String?
  }

  /// What the part that looks tells the part that draws.
  private final class Board: Sendable {
    let known = Mutex(Known())
  }

  /// Follows the run.
  func follow() async throws -> End {
    let board = Board()
    if isLive { writeText(LiveFrame.hideCursor) }
    defer { if isLive { writeText(LiveFrame.showCursor) } }
    return try await withThrowingTaskGroup(of: End?.self) { group in
      group.addTask { try await look(board) }
      group.addTask {
        for await _ in terminationSignals() { return .interrupted }
        return nil
      }
      if isLive { group.addTask { try await draw(board) } }
      defer { group.cancelAll() }
      while let end = try await group.next() {
        if let end { return end }
      }
      return .interrupted
    }
  }

  /// Looks at the run until it is over.
  private func look(_ board: Board) async throws -> End {
    var changes = RunChanges()
    var last: RunSnapshot?
    var failed = false
    while true {
      var pause = Self.pace
      do {
        var wish = RunReader.Wish()
        wish.needs = isLive && last == nil
        if !isLive {
          // Every change is a line, so what has ended meanwhile counts; a little more, since commits come late.
          wish.endedSince = changes.seenAt.map { Moment(microseconds: $0.microseconds - 5_000_000) }
          wish.limit = 100_000
        }
        guard var snapshot = try await reader.snapshot(of: run, wish, patience: Self.patience) else { return .gone }
        if isLive, let last, last.run.steps.total != snapshot.run.steps.total || last.run.state != snapshot.run.state {
          wish.needs = true
          snapshot = try await reader.snapshot(of: run, wish, patience: Self.patience) ?? snapshot
        }
        if !wish.needs, let last { snapshot.needs = last.needs }
        last = snapshot
        if !isLive {
          if failed { writeText("\(timeOfDay(snapshot.now)) the database answers again\n", to: STDERR_FILENO) }
          for line in changes.lines(snapshot) { writeText(line + "\n", to: lineStream) }
        }
        failed = false
        let seen = Known(snapshot: snapshot)
        board.known.withLock { $0 = seen }
        // A slow database is not kept busy by those who look on.
        pause = max(Self.pace, min(.seconds(10), snapshot.cost * 4))
        if snapshot.run.state.isOver { return .over(snapshot.run.state) }
      } catch {
        guard let problem = Self.problem(error) else { throw error }
        if !isLive, !failed {
          writeText("\(timeOfDay(.now)) the database does not answer: \(problem); trying again\n", to: STDERR_FILENO)
        }
        failed = true
        board.known.withLock { $0.problem = problem }
      }
      try await Task.sleep(for: pause)
    }
  }

  /// What is wrong with the database for now; nil for an error that will not pass.
  private static func problem(_ error: any Error) -> String? {
    let storeError: StoreError
    switch error {
    case let error as PostgresError:
      if error.kind == .timedOut { return "no answer in time" }
      storeError = StoreError(error)
    case let error as StoreError: storeError = error
    default: return nil
    }
    return [.unreachable, .outcomeUnknown, .full].contains(storeError.kind) ? storeError.description : nil
  }

  /// Draws until the task is cancelled; then only what ended stays on the screen, as the caller writes it.
  private func draw(_ board: Board) async throws -> End? {
    var frame = LiveFrame()
    var drawing = RunDrawing(columns: nil)
    while !Task.isCancelled {
      let known = board.known.withLock { $0 }
      let size = LiveFrame.Size(terminal: STDOUT_FILENO)
      if drawing.columns != size.columns - 1 { drawing = RunDrawing(columns: size.columns - 1) }
      writeText(frame.show(picture(known, &drawing, size), style, in: size))
      try? await Task.sleep(for: Self.frame)
    }
    let known = board.known.withLock { $0 }
    // What ended is shown whole by the caller; what goes on stays as it was last seen.
    if known.snapshot?.run.state.isOver ?? false { writeText(frame.clear()) }
    return nil
  }

  private func picture(_ known: Known, _ drawing: inout RunDrawing, _ size: LiveFrame.Size) -> [StyledLine] {
    let silence = ContinuousClock.now - known.lookedAt
    let problem = known.problem.map {
      StyledLine("! no answer from the database since \(growingText(silence)), trying again: \(singleLine($0))", .red)
    }
    guard let snapshot = known.snapshot else {
      return problem.map { [$0] } ?? [StyledLine("looks at run \(run) …", .faint)]
    }
    let now = Moment(microseconds: snapshot.now.microseconds + Int64(silence / .microseconds(1)))
    return drawing.picture(snapshot, at: now, rows: size.rows - 1, status: problem)
  }
}

extension LiveFrame.Size {
  /// The size of a terminal; a usual one if it does not tell.
  init(terminal descriptor: Int32) {
    var size = winsize()
    let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
    self.init(columns: isKnown ? max(20, Int(size.ws_col)) : 80, rows: isKnown ? max(4, Int(size.ws_row)) : 24)
  }
}
