internal import JSON

/// What one check of `holdfast doctor` found.
struct Finding: Sendable, Equatable {
  enum State: String, Sendable, Comparable, CaseIterable {
    case ok, warning, problem

    static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
  }

  /// What was looked at, in one or two words.
  var check: String
  var state: State
  /// What is the case, without an end.
  var text: String
  /// How to mend it, without an end; empty if there is nothing to mend.
  var remedy = ""

  static func ok(_ check: String, _ text: String) -> Finding { Finding(check: check, state: .ok, text: text) }

  static func warning(_ check: String, _ text: String, _ remedy: String) -> Finding {
    Finding(check: check, state: .warning, text: text, remedy: remedy)
  }

  static func problem(_ check: String, _ text: String, _ remedy: String) -> Finding {
    Finding(check: check, state: .problem, text: text, remedy: remedy)
  }

  var json: JSONValue {
    [
      "check": .string(check), "state": .string(state.rawValue), "text": .string(text),
      "remedy": remedy.isEmpty ? .null : .string(remedy),
    ]
  }
}
