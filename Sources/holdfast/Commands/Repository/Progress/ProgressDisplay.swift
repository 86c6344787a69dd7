internal import CommandSyntax
internal import Glibc
internal import JSON
internal import Synchronization
internal import Terminal

/// Shows what a long command does while it does it: a few lines that are drawn over on a terminal, a JSON object a second
/// for programs that asked for JSON, and nothing anywhere else.
final class ProgressDisplay: Sendable {
  /// Where the progress goes.
  enum Form: Sendable, Equatable {
    case picture, json, nothing
  }

  private struct Board {
    var state: @Sendable () -> WorkState
    var status: (@Sendable (WorkPace) -> JSONValue)?
    var frame = LiveFrame()
    var meter = RateMeter()
    /// What the meter measures: the rate of one stage says nothing of the next.
    var title: String?
    var start = ContinuousClock.now
    /// Nothing is drawn any more: what follows on the screen must not be drawn over.
    var isOver = false
  }

  private let board: Mutex<Board>
  private let form: Form
  private let style: TextStyle

  private static let drawing = Duration.milliseconds(120)
  private static let reporting = Duration.seconds(1)
  /// What is done at once needs no picture.
  private static let patience = Duration.milliseconds(250)

  /// - Parameter isQuiet: nothing is drawn, for commands whose output is long and comes at once.
  init(_ arguments: ParsedArguments, phase: String, isQuiet: Bool = false) {
    let dumb = getenv("TERM").map { String(cString: $0) } ?? "dumb"
    let isForeground = isatty(STDERR_FILENO) == 1 && tcgetpgrp(STDERR_FILENO) == getpgrp()
    if isQuiet || arguments[RepositoryOptions.quiet] {
      form = .nothing
    } else if arguments.writesJSON {
      form = .json
    } else {
      form = isForeground && !["", "dumb"].contains(dumb) ? .picture : .nothing
    }
    style = arguments.style(of: STDERR_FILENO)
    board = Mutex(Board(state: { .phase(phase) }))
  }

  /// Whether anybody is shown anything.
  var isVisible: Bool { form != .nothing }

  /// How long it has been going on; a password that had to be typed first doesn't count.
  var elapsed: Duration { board.withLock { .now - $0.start } }

  /// From now on shows what this tells.
  /// - Parameter status: the object for programs; nil for none.
  func show(_ state: @escaping @Sendable () -> WorkState, status: (@Sendable (WorkPace) -> JSONValue)? = nil) {
    board.withLock {
      $0.state = state
      $0.status = status
      $0.meter = RateMeter()
    }
  }

  /// From now on shows only what is going on.
  func show(phase: String) { show({ .phase(phase) }) }

  /// Writes a line to standard error, above the picture.
  func say(_ line: String) {
    board.withLock { board in
      writeText((form == .picture && !board.isOver ? board.frame.clear() : "") + line + "\n", to: STDERR_FILENO)
    }
  }

  /// Writes a line to standard output, above the picture.
  func print(_ line: String) {
    board.withLock { board in
      if form == .picture, !board.isOver { writeText(board.frame.clear(), to: STDERR_FILENO) }
      writeText(line + "\n")
    }
  }

  /// Writes what went another way than usual.
  func warn(_ sentence: String) { say("\(style.emphasized("note:", .yellow)) \(singleLine(sentence))") }

  /// Writes what is wrong with a single thing; the command goes on.
  func complain(_ sentence: String) { say("\(style.red("error:")) \(singleLine(sentence))") }

  /// Shows progress while `body` runs; the picture is gone when this returns or throws.
  func during<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    board.withLock { $0.start = .now }
    guard form != .nothing else { return try await body() }
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.run() }
      defer {
        group.cancelAll()
        end()
      }
      return try await body()
    }
  }

  private func run() async {
    try? await Task.sleep(for: form == .json ? Self.reporting : Self.patience)
    while !Task.isCancelled {
      update()
      try? await Task.sleep(for: form == .json ? Self.reporting : Self.drawing)
    }
  }

  private func update() {
    board.withLock { board in
      guard !board.isOver else { return }
      let elapsed = ContinuousClock.now - board.start
      let state = board.state()
      if state.title != board.title { (board.title, board.meter) = (state.title, RateMeter()) }
      board.meter.note(Double(state.bytes), at: elapsed)
      let pace = WorkPace(elapsed: elapsed, rate: board.meter.perSecond)
      if form == .json {
        if let status = board.status { writeText(status(pace).text + "\n") }
        return
      }
      let size = LiveFrame.Size(terminal: STDERR_FILENO)
      let lines = ProgressPicture.lines(state, pace, columns: size.columns - 1)
      writeText(board.frame.show(Array(lines.prefix(size.rows - 1)), style, in: size), to: STDERR_FILENO)
    }
  }

  private func end() {
    board.withLock { board in
      if form == .picture { writeText(board.frame.clear(), to: STDERR_FILENO) }
      board.isOver = true
    }
  }
}
