internal import CommandSyntax
internal import ObjectStores
internal import JSON
internal import ResticRepository
internal import Terminal

/// `holdfast repo init`
enum InitCommand {
  static let command = Command(
    name: "init",
    summary: "Make a new repository",
    discussion: [
      "Without the password nothing of the repository can ever be read again: keep it in a second place, away from this "
        + "machine."
    ],
    examples: [
      Example(purpose: "In a folder", line: "holdfast repo init --repo /srv/backup"),
      Example(
        purpose: "In a bucket, with the password in a file",
        line: "holdfast repo init --repo s3:https://s3.example.com/backup --password-file /etc/holdfast/password"),
    ],
    run: RepositoryCommand.action("if the place holds a config, the repository is made") { arguments in
      let display = ProgressDisplay(arguments, phase: "makes the repository", isQuiet: true)
      let store = try await arguments.store { display.warn($0) }
      let password = try await arguments.password(for: store.location, isNew: true)
      let repository = try await Repository.initialize(store, password: password)
      if arguments.isQuiet { return }
      arguments.report(
        """
        repository \(repository.id.prefix(8)) made at \(store.location)
        Keep its password in a second place: without it, nothing in the repository can be read.
        """, name: repository.id,
        [
          "message_type": "initialized", "id": .string(repository.id), "repository": .string(store.location),
        ])
    })
}
