internal import CommandSyntax
internal import ResticFormat
internal import Cryptography
internal import JSON
internal import ResticRepository
internal import Terminal

/// `holdfast repo locks`
enum LocksCommand {
  static let command = Command(
    name: "locks",
    summary: "List who works with the repository",
    discussion: [
      "A lock is stale if its process is dead, or did not refresh it for half an hour: 'holdfast repo unlock' removes it."
    ],
    examples: [Example(purpose: "Who is in the way", line: "holdfast repo locks")],
    run: RepositoryCommand.action { arguments in
      let display = ProgressDisplay(arguments, phase: "opens the repository")
      // Without a lock of its own: it is for when others are in the way.
      let locks = try await arguments.withOpenRepository(display) { try await $0.locks() }
      arguments.write(locks, as: listing(now: .now))
    })

  private static func listing(now: Moment) -> Listing<StoredLock> {
    Listing(
      nothing: "no locks: nobody works with the repository",
      columns: [
        (.init("LOCK"), { .init($0.id.shortHex) }),
        (.init("KIND"), { .init($0.lock.exclusive ? "exclusive" : "shared") }),
        (.init("STATE"), { $0.isStale() ? .init("stale", .yellow) : .init("live", .green) }),
        (.init("USER", isExtra: true), { .init($0.lock.username) }),
        (.init("HOST", isFlexible: true), { .init($0.lock.hostname) }),
        (.init("PROCESS", isRight: true), { "\($0.lock.pid)" }),
        (.init("SEEN"), { .init(Moment(seconds: $0.lock.time.seconds).ago(from: now)) }),
      ],
      name: { $0.id.hex },
      json: { stored in
        [
          "id": .string(stored.id.hex), "time": .string(stored.lock.time.rfc3339),
          "exclusive": .bool(stored.lock.exclusive), "hostname": .string(stored.lock.hostname),
          "username": .string(stored.lock.username), "pid": .int(Int64(stored.lock.pid)),
          "stale": .bool(stored.isStale()),
        ]
      })
  }
}

/// `holdfast repo unlock`
enum UnlockCommand {
  static let removeAll = Option<Bool>.flag(
    "--remove-all", "Remove every lock, also those of processes that are alive: only if you know that none is")

  static let command = Command(
    name: "unlock",
    summary: "Remove locks of processes that are dead",
    options: [removeAll.description],
    examples: [
      Example(purpose: "After a machine has died", line: "holdfast repo unlock"),
      Example(purpose: "When nothing works with the repository for certain", line: "holdfast repo unlock --remove-all"),
    ],
    run: RepositoryCommand.action("some locks may be removed") { arguments in
      let display = ProgressDisplay(arguments, phase: "opens the repository")
      let (removed, left) = try await arguments.withOpenRepository(display) { repository in
        let removed = try await repository.unlock(all: arguments[removeAll])
        return (removed, try await repository.locks().count)
      }
      let rest = left == 0 ? "" : "; \(countText(left, "lock")) of living processes left"
      arguments.report(
        (removed.isEmpty ? "no stale locks" : "\(countText(removed.count, "lock")) removed") + rest,
        name: "\(removed.count)",
        ["removed": .array(removed.map { .string($0.hex) }), "left": .int(Int64(left))])
    })
}
