import JSON

/// What a restore drill has shown of a restore point.
///
/// Only what the data themselves have shown speaks against a point. A drill that could not be done, for want of room or of a
/// program, says nothing of them.
enum DrillVerdict: Equatable {
  /// Every byte came back, and no hook found fault.
  case good
  /// The data are damaged, or not what the application takes: this was found.
  case bad(String)
  /// It could not be done: that is why.
  case unknown(String)

  /// - Parameters:
  ///   - restores: the outputs of the `restore-volume` steps; null for one that did not succeed.
  ///   - looks: the same of the `hook` steps that looked at the copies.
  ///   - failure: what failed first in the run; nil if nothing did.
  init(restores: [JSONValue], looks: [JSONValue], failure: String?) {
    let findings = (restores + looks).compactMap { $0["finding"]?.string }.filter { !$0.isEmpty }
    if !findings.isEmpty {
      self = .bad(findings.joined(separator: "; "))
    } else if let failure {
      self = .unknown(failure)
    } else {
      self = .good
    }
  }

  /// As workflows see it: good, bad or unknown.
  var word: String {
    switch self {
    case .good: "good"
    case .bad: "bad"
    case .unknown: "unknown"
    }
  }

  /// One sentence for people.
  func message(of point: String) -> String {
    switch self {
    case .good: "restore point \(point) is good"
    case .bad(let finding): "restore point \(point) is bad: \(finding)"
    case .unknown(let failure): "the restore drill of point \(point) could not be done: \(failure)"
    }
  }
}
