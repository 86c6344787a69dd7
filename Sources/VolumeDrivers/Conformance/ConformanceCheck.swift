/// One thing that drivers must do, and whether this one does.
public struct ConformanceCheck: Sendable, Equatable {
  /// How it went.
  public enum Outcome: Sendable, Equatable {
    /// The driver does it.
    case passed
    /// It doesn't; why, in a sentence.
    case failed(String)
    /// It could not be looked at; why not.
    case skipped(String)
  }

  /// What the driver must do: `makes a snapshot`.
  public let title: String
  /// How it went.
  public let outcome: Outcome

  /// A check and its outcome.
  public init(_ title: String, _ outcome: Outcome) {
    self.title = title
    self.outcome = outcome
  }
}

/// What a driver did that it should not have done.
struct Unmet: Error {
  let text: String

  init(_ text: String) { self.text = text }
}

/// Runs checks one by one, keeps their outcomes, and hands each on as soon as it is there.
struct CheckList {
  private(set) var checks: [ConformanceCheck] = []
  private let report: (ConformanceCheck) -> Void

  init(report: @escaping (ConformanceCheck) -> Void) { self.report = report }

  /// Runs one check. Returns what `body` returns; nil if it fails.
  mutating func check<T>(_ title: String, _ body: () async throws -> T) async -> T? {
    do {
      let result = try await body()
      add(ConformanceCheck(title, .passed))
      return result
    } catch let unmet as Unmet {
      add(ConformanceCheck(title, .failed(unmet.text)))
    } catch {
      add(ConformanceCheck(title, .failed("\(error)")))
    }
    return nil
  }

  /// Says why checks are left out.
  mutating func skip(_ title: String, _ reason: String) { add(ConformanceCheck(title, .skipped(reason))) }

  private mutating func add(_ check: ConformanceCheck) {
    checks.append(check)
    report(check)
  }
}

/// Runs what must fail with an error of one kind.
func expectError(_ kind: DriverError.Kind, _ body: () async throws(DriverError) -> Void) async throws {
  do throws(DriverError) {
    try await body()
  } catch {
    guard error.kind == kind else { throw Unmet("it gives a \(error.kind) error, not a \(kind) one: \(error)") }
    return
  }
  throw Unmet("it succeeds, where a \(kind) error is due")
}
