/// One command, described once: parsing, help, completion and the man page follow from this.
package struct Command: Sendable {
  /// The word that stands for it.
  package var name: String
  /// What it does, in one line.
  package var summary: String
  /// More about it, in paragraphs.
  package var discussion: [String]
  /// What its work can be given, beside the options of every command.
  package var options: [OptionDescription]
  /// What it and every command below it can be given.
  package var sharedOptions: [OptionDescription]
  /// What follows beside options, in this order. Only the last may be repeatable; none follows an optional one but
  /// other optional ones.
  package var operands: [OperandDescription]
  /// The commands of the group that this one names: `set` in `limits set`.
  package var subcommands: [Command]
  /// At least one for every command that does something.
  package var examples: [Example]
  /// The codes with which it and the commands below it end, where they are others than the program's.
  package var exitCodes: [ExitCode]
  /// Whether the help and completion keep quiet about it.
  package var isHidden: Bool
  /// Does it; nil for a group that does nothing by itself.
  package var run: Action?

  /// What a command does.
  package typealias Action = @Sendable (ParsedArguments) async throws -> Void

  /// A command.
  package init(
    name: String, summary: String, discussion: [String] = [], options: [OptionDescription] = [],
    sharedOptions: [OptionDescription] = [], operands: [OperandDescription] = [], subcommands: [Command] = [],
    examples: [Example] = [], exitCodes: [ExitCode] = [], isHidden: Bool = false, run: Action? = nil
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.options = options
    self.sharedOptions = sharedOptions
    self.operands = operands
    self.subcommands = subcommands
    self.examples = examples
    self.exitCodes = exitCodes
    self.isHidden = isHidden
    self.run = run
  }
}

/// A command line that can be copied, and what it does.
package struct Example: Sendable {
  /// What it does, without an end.
  package var purpose: String
  /// The line, with the program's name.
  package var line: String

  /// An example.
  package init(purpose: String, line: String) {
    self.purpose = purpose
    self.line = line
  }
}

/// A command with the groups that it stands in, outermost first: what the command line names.
package struct CommandPath: Sendable {
  /// The groups and the command.
  package private(set) var commands: [Command]

  /// The path of the program's own command `command`.
  package init(_ command: Command) { commands = [command] }

  /// The command that is meant.
  package var command: Command { commands[commands.count - 1] }
  /// As it is written: `limits set`.
  package var name: String { commands.map(\.name).joined(separator: " ") }

  /// What commands of its groups, and it itself, share with those below them.
  package var sharedOptions: [OptionDescription] { commands.flatMap(\.sharedOptions) }
  /// The codes with which it ends, where they are others than the program's.
  package var exitCodes: [ExitCode] { commands.last { !$0.exitCodes.isEmpty }?.exitCodes ?? [] }
  /// The path of one of the group's commands.
  package func appending(_ command: Command) -> CommandPath {
    var path = self
    path.commands.append(command)
    return path
  }

  /// This and everything below it, in order.
  package var all: [CommandPath] { [self] + command.subcommands.flatMap { appending($0).all } }
}
