internal import CommandSyntax
internal import ObjectStores
internal import Cryptography
internal import JSON
internal import ResticFormat
internal import ResticRepository
internal import Terminal

/// `holdfast repo key`: the passwords.
enum KeyCommand {
  static let newPasswordFile = Option<String?>.optional(
    "--new-password-file", .file, "A file that holds the new password; otherwise it is asked for")
  static let id = Operand<String>.required(.text("ID"), "The key: the beginning of its id")

  static let command = Command(
    name: "key",
    summary: "List, add, remove and change passwords",
    discussion: [
      "Each password has a key of its own, which opens the same repository. Removing a key takes the password's access."
    ],
    subcommands: [list, add, remove, passwd])

  private static let list = Command(
    name: "list",
    summary: "List the keys; an asterisk marks the one in use",
    examples: [Example(purpose: "Who has a password", line: "holdfast repo key list")],
    run: RepositoryCommand.action { arguments in
      let display = ProgressDisplay(arguments, phase: "opens the repository")
      let (keys, current) = try await arguments.withRepositoryToRead(display) { repository in
        (try await KeyRing(repository.store).list(notice: { display.warn($0) }), repository.keyID)
      }
      arguments.write(keys, as: listing(current))
    })

  private static func listing(_ current: FileID) -> Listing<KeyRing.Entry> {
    Listing(
      nothing: "no keys",
      columns: [
        (.init("KEY"), { .init(($0.id == current ? "*" : " ") + $0.id.shortHex, $0.id == current ? .bold : nil) }),
        (.init("USER"), { .init($0.username) }), (.init("HOST"), { .init($0.hostname) }),
        (.init("CREATED"), { .init(Snapshot.Moment(rfc3339: $0.created)?.text ?? $0.created) }),
      ],
      name: { $0.id.hex },
      json: { key in
        [
          "current": .bool(key.id == current), "id": .string(key.id.hex), "userName": .string(key.username),
          "hostName": .string(key.hostname), "created": .string(key.created),
        ]
      })
  }

  private static let add = Command(
    name: "add",
    summary: "Add a password",
    options: [newPasswordFile.description],
    examples: [
      Example(purpose: "One more password", line: "holdfast repo key add --new-password-file /etc/holdfast/second")
    ],
    run: RepositoryCommand.action { arguments in
      let display = ProgressDisplay(arguments, phase: "opens the repository", isQuiet: true)
      let id = try await arguments.withRepository(.shared, display) { repository, _ in
        try await repository.addKey(try await newPassword(arguments, repository))
      }
      arguments.report(
        "key \(id.shortHex) added: its password opens the repository, too", name: id.hex, ["id": .string(id.hex)])
    })

  private static let remove = Command(
    name: "remove",
    summary: "Remove a key, and with it what its password opens",
    operands: [id.description],
    examples: [Example(purpose: "Remove one", line: "holdfast repo key remove 5c65c0a1")],
    run: RepositoryCommand.action { arguments in
      let display = ProgressDisplay(arguments, phase: "opens the repository")
      let id = try await arguments.withRepository(.exclusive, display) { repository, lock in
        let id = try await repository.fileID(.key, startingWith: arguments[Self.id])
        try lock.checkHeld()
        try await repository.removeKey(id)
        return id
      }
      arguments.report(
        "key \(id.shortHex) removed: its password opens nothing any more", name: id.hex, ["id": .string(id.hex)])
    })

  private static let passwd = Command(
    name: "passwd",
    summary: "Change the password: the new one takes the place of the one in use",
    options: [newPasswordFile.description],
    examples: [Example(purpose: "Change it", line: "holdfast repo key passwd")],
    run: RepositoryCommand.action("the old password still opens the repository") { arguments in
      let display = ProgressDisplay(arguments, phase: "opens the repository", isQuiet: true)
      let id = try await arguments.withRepository(.exclusive, display) { repository, lock in
        let password = try await newPassword(arguments, repository)
        try lock.checkHeld()
        return try await repository.changePassword(password)
      }
      arguments.report("the password is changed; its key is \(id.shortHex)", name: id.hex, ["id": .string(id.hex)])
    })

  private static func newPassword(_ arguments: ParsedArguments, _ repository: Repository) async throws -> Password {
    let source = arguments[newPasswordFile].map(PasswordSource.file) ?? .terminal
    return try await source.password("new password of \(repository.store.location)", isNew: true)
  }
}
