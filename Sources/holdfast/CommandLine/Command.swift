/// The program: everything that its command line can say.
struct Program: Sendable {
  var name: String
  var version: String
  var summary: String
  /// Options that every command takes.
  var options: [OptionDescription]
  var commands: [Command]
}

/// One command, described once: parsing and help follow from this, completion and the man page can.
struct Command: Sendable {
  var name: String
  /// What it does, in one line.
  var summary: String
  /// More about it, in paragraphs.
  var discussion: [String] = []
  var options: [OptionDescription]
  /// What may follow beside options; nil if nothing may.
  var operand: OperandDescription?
  var examples: [Example] = []
  /// Does it.
  var run: @Sendable (ParsedArguments) async throws -> Void
}

/// What a command takes beside options: names of files or runs.
struct OperandDescription: Sendable {
  /// What stands for it: `FILE`.
  var placeholder: String
  var summary: String
  /// How many there may be.
  var count: ClosedRange<Int>
}

/// A command line that can be copied, and what it does.
struct Example: Sendable {
  var purpose: String
  var line: String
}
