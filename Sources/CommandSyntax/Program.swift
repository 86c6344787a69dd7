/// The program: everything that its command line can say.
package struct Program: Sendable {
  /// The word that starts it.
  package var name: String
  /// Its version, as `--version` shows it.
  package var version: String
  /// What it is for.
  package var summary: String
  /// Options that every command takes.
  package var options: [OptionDescription]
  /// Its commands, in the order in which the help shows them.
  package var topics: [Topic]
  /// The codes with which it ends, for the help.
  package var exitCodes: [ExitCode]
  /// Environment variables that it reads beside those of its options, and what they do.
  package var environment: [(name: String, summary: String)]
  /// The option that a URL without one was meant for: a lone URL is not shown in errors, since it may hold a password.
  package var optionForURLs: String?
  /// The code for an error that a command ended with; nil for one that says nothing of its kind.
  package var exitCodeForError: @Sendable (any Error) -> ExitCode?

  /// Commands that belong together.
  package struct Topic: Sendable {
    /// What they are about.
    package var title: String
    /// The commands.
    package var commands: [Command]

    /// A topic.
    package init(_ title: String, _ commands: [Command]) {
      self.title = title
      self.commands = commands
    }
  }

  /// A program.
  package init(
    name: String, version: String, summary: String, options: [OptionDescription], topics: [Topic],
    exitCodes: [ExitCode] = [.ok, .failed, .usage], environment: [(name: String, summary: String)] = [],
    optionForURLs: String? = nil, exitCodeForError: @escaping @Sendable (any Error) -> ExitCode? = { _ in nil }
  ) {
    self.name = name
    self.version = version
    self.summary = summary
    self.options = options
    self.topics = topics
    self.exitCodes = exitCodes
    self.environment = environment
    self.optionForURLs = optionForURLs
    self.exitCodeForError = exitCodeForError
  }

  /// The commands of all topics.
  package var commands: [Command] { topics.flatMap(\.commands) }

  /// Every command and sub-command, in the order of the help.
  package var allCommands: [CommandPath] { commands.flatMap { CommandPath($0).all } }
}
