import JSON
import Log
import PostgresClient
import StepEngine
import StepKinds
import Synchronization
import TestSupport

/// How the workers of a test are.
struct Crew {
  var workers = 1
  var slots = 8
  var labels: [String: String] = [:]
  var queues: [String]?
  var lease: Duration = .seconds(30)
  var kinds: [any StepKind] = []
  /// Without notifications, so that only polling finds work.
  var listens = true
  /// Where the worker connects to, if not to the engine's own address.
  var database: PostgresConfiguration?
  var janitor: Janitor?
  var change: (inout Worker.Options) -> Void = { _ in }
}

extension Engine {
  func worker(_ crew: Crew, name: String = "worker") -> Worker {
    var options = Worker.Options()
    options.tick = .milliseconds(50)
    options.poll = .milliseconds(200)
    options.cancelGrace = .seconds(1)
    if crew.listens { options.listenDatabase = configuration }
    crew.change(&options)
    return Worker(
      database: crew.database ?? configuration,
      profile: WorkerProfile(
        name: name, slots: crew.slots, kinds: [], labels: crew.labels, queues: crew.queues, lease: crew.lease),
      kinds: builtInStepKinds + crew.kinds, janitor: crew.janitor, options: options, logger: Logger(level: .error))
  }

  /// Runs real workers while `body` runs, then drains them.
  func working(_ crew: Crew = Crew(), _ body: () async throws -> Void) async throws {
    let workers = (0..<crew.workers).map { worker(crew, name: "worker-\($0)") }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in workers { group.addTask { try await worker.run() } }
      do { try await body() } catch {
        group.cancelAll()
        throw error
      }
      for worker in workers { worker.drain() }
      try await group.waitForAll()
    }
  }
}

/// The step kind `test`, which does what a test wants.
struct TestKind: StepKind {
  let name: String
  let body: @Sendable (StepContext) async throws -> StepOutcome

  init(_ name: String = "test", _ body: @escaping @Sendable (StepContext) async throws -> StepOutcome) {
    self.name = name
    self.body = body
  }

  func run(_ step: StepContext) async throws -> StepOutcome { try await body(step) }
}

/// What steps did, in order.
final class Recorder: Sendable {
  private let all = Mutex<[String]>([])

  func note(_ what: String) { all.withLock { $0.append(what) } }

  var notes: [String] { all.withLock { $0 } }

  /// A kind that notes the names of the steps that it does.
  var kind: TestKind {
    TestKind { step in
      self.note(step.name)
      return .succeeded(outputs: nil)
    }
  }
}

/// Holds steps until it is told to let them pass.
final class Barrier: Sendable {
  private struct State {
    var arrived: [String] = []
    var open: Set<String> = []
    var isOpenForAll = false
  }

  private let state = Mutex(State())

  /// A kind whose steps wait here, and note it.
  var kind: TestKind {
    TestKind { step in
      try await self.pass(step.name)
      return .succeeded(outputs: nil)
    }
  }

  func pass(_ name: String) async throws {
    state.withLock { $0.arrived.append(name) }
    while !state.withLock({ $0.isOpenForAll || $0.open.contains(name) }) { try await Task.sleep(for: .milliseconds(2)) }
  }

  func open(_ name: String) { state.withLock { _ = $0.open.insert(name) } }
  func openAll() { state.withLock { $0.isOpenForAll = true } }

  /// Who has come so far, in order.
  var arrived: [String] { state.withLock { $0.arrived } }

  func wait(for name: String) async throws {
    try await eventually("the arrival of \(name)") { arrived.contains(name) }
  }
}
