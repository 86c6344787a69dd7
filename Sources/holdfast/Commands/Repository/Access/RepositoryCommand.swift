internal import CommandSyntax

/// `holdfast repo`: everything about repositories in restic's format.
enum RepositoryCommand {
  static let command = Command(
    name: "repo",
    summary: "Back up to, restore from and look after a repository in restic's format",
    discussion: [
      "The repository is one of restic's, of version 2: restic and rustic read, check and restore what is written here, and "
        + "the other way round. restic may work with it at the same time; rustic, too, but not while a prune runs: rustic takes "
        + "no locks and heeds none, so that the prune would remove what it has just stored.",
      "The password comes from a file, a command or the environment, else it is asked for; never from the arguments, which "
        + "others can see. Options count more than Holdfast's variables, and those more than restic's: RESTIC_REPOSITORY, "
        + "RESTIC_PASSWORD_FILE and so on are enough for both. HOLDFAST_PASSWORD and RESTIC_PASSWORD hold the password itself.",
      "With -o json each command writes one JSON document, with the names of restic's; those that take long write an object "
        + "a second about how far they are, and a summary as the last.",
    ],
    sharedOptions: RepositoryOptions.all,
    subcommands: [
      InitCommand.command,
      BackupCommand.command,
      SnapshotsCommand.command,
      ListCommand.command,
      FindCommand.command,
      SnapshotDiffCommand.command,
      RestoreCommand.command,
      DumpCommand.command,
      ForgetCommand.command,
      PruneCommand.command,
      CheckCommand.command,
      RepairCommand.command,
      StatsCommand.command,
      CatCommand.command,
      KeyCommand.command,
      LocksCommand.command,
      UnlockCommand.command,
    ],
    exitCodes: ExitCode.ofRepository)

  /// What a command does, until a signal ends it.
  /// - Parameter aftermath: what is left after a signal, as the end of a sentence.
  static func action(
    _ aftermath: String = "nothing was changed", _ work: @escaping @Sendable (ParsedArguments) async throws -> Void
  ) -> Command.Action {
    { arguments in try await untilInterrupted(aftermath) { try await work(arguments) } }
  }
}
