internal import CommandSyntax
internal import Cryptography
internal import JSON
internal import Maintenance
internal import ObjectStores
internal import ResticFormat
internal import ResticRepository
internal import Synchronization
internal import Terminal

/// `holdfast repo forget`
enum ForgetCommand {
  static let ids = Operand<[String]>.repeated(
    .text("SNAPSHOT"), isOptional: true, "These, whatever the rules would say: the beginnings of their ids")
  static let grouping = Option<SnapshotGrouping>.value(
    "--group-by", short: "-g", .grouping, default: SnapshotGrouping(),
    "What snapshots must have in common to be judged together: host, paths, tags, or '-' for nothing")
  static let dryRun = Option<Bool>.flag("--dry-run", short: "-n", "Only say what would go, and why the others stay")
  static let removesAll = Option<Bool>.flag(
    "--unsafe-allow-remove-all", "Without a rule, remove every snapshot that --host, --tag and --path choose")

  static let prunes = Option<Bool>.flag("--prune", "Prune afterwards, if anything was removed")

  static let command = Command(
    name: "forget",
    summary: "Remove old snapshots by rules, or by name",
    discussion: [
      "Each rule keeps snapshots; what none of them keeps goes. What only the removed ones needed stays in the repository "
        + "until 'holdfast repo prune', or --prune. DURATION is of years, months, days and hours: 1y5m7d2h. A count may be "
        + "'unlimited'.",
      "With -o json and --prune a second document tells what the prune did, as 'holdfast repo prune' does.",
    ],
    options: KeepOptions.all + [
      grouping.description, dryRun.description, removesAll.description, prunes.description,
      PruneCommand.maxUnused.description, PruneCommand.maxRepack.description,
    ] + SnapshotChoice.optionsWithoutShortForms,
    operands: [ids.description],
    examples: [
      Example(
        purpose: "See what a policy would do",
        line: "holdfast repo forget --keep-daily 7 --keep-weekly 5 --keep-yearly 3 --dry-run"),
      Example(purpose: "One snapshot", line: "holdfast repo forget 6c8b3a1f"),
    ],
    run: RepositoryCommand.action("some of the snapshots may be removed already", run))

  private static func run(_ arguments: ParsedArguments) async throws {
    let policy = KeepOptions.policy(arguments)
    let isNamed = !arguments[ids].isEmpty
    if isNamed, !policy.isEmpty { throw CommandFailure(.usage, "rules and the ids of snapshots exclude each other") }
    if !isNamed, policy.isEmpty {
      guard arguments[removesAll] else {
        throw CommandFailure(
          .usage, "no rule is given, and without one every snapshot would go; give --keep-last N or another, or ids")
      }
      guard !SnapshotChoice.filter(arguments).isEmpty else {
        throw CommandFailure(
          .usage,
          "with --unsafe-allow-remove-all and no rule every snapshot of every host would go; say which with --host, --tag "
            + "or --path")
      }
    }
    let display = ProgressDisplay(arguments, phase: "reads the snapshots")
    if arguments[dryRun] {
      let plan = try await arguments.withRepositoryToRead(display) { try await makePlan(arguments, policy, $0) }
      return write(plan, arguments, display)
    }
    let pruned = try await arguments.withRepository(.exclusive, display) { repository, lock in
      let plan = try await makePlan(arguments, policy, repository)
      var request = PruneCommand.request(arguments)
      // Who removes the last snapshot and prunes means all of it; but only if it was the last before, too.
      request.allowsNoSnapshots = try await Set(repository.list(.snapshot)) == Set(plan.removed.map(\.id))
      display.show(phase: "removes \(countText(plan.removed.count, "snapshot"))")
      try await remove(plan, from: repository, lock)
      // Before anything else can fail: it can't be found out any more.
      write(plan, arguments, display)
      return try await prune(after: plan, request, repository, lock, arguments, display)
    }
    guard let pruned, arguments[GlobalOptions.output] != .name else { return }
    if arguments[GlobalOptions.output] == .yaml { writeText("---\n") }
    PruneCommand.write(pruned, arguments, isDryRun: false)
  }

  /// Removes what goes; an error says what was removed before it.
  private static func remove(_ plan: ForgetPlan, from repository: Repository, _ lock: RepositoryLock) async throws {
    let removed = Mutex<[String]>([])
    do {
      try await plan.apply(to: repository, under: lock) { snapshot in
        removed.withLock { $0.append(snapshot.id.shortHex) }
      }
    } catch {
      let names = removed.withLock { $0 }
      if names.isEmpty || error is CancellationError { throw error }
      throw CommandFailure(
        exitCode(forError: error) ?? .failed,
        "\(names.count) of \(countText(plan.removed.count, "snapshot")) were removed (\(names.joined(separator: ", "))); then: \(error)"
      )
    }
  }

  /// Prunes if that is wanted, and there is a reason. Nil if not.
  private static func prune(
    after plan: ForgetPlan, _ request: PruneRequest, _ repository: Repository, _ lock: RepositoryLock,
    _ arguments: ParsedArguments, _ display: ProgressDisplay
  ) async throws -> PruneResult? {
    guard arguments[prunes], !plan.removed.isEmpty else { return nil }
    do {
      return try await PruneCommand.prune(repository, request, lock, display)
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      let removed = plan.removed.count
      throw CommandFailure(
        exitCode(forError: error) ?? .failed,
        "\(countText(removed, "snapshot")) \(removed == 1 ? "was" : "were") removed; prune failed: \(error)")
    }
  }

  private static func makePlan(
    _ arguments: ParsedArguments, _ policy: KeepPolicy, _ repository: Repository
  ) async throws -> ForgetPlan {
    if arguments[ids].isEmpty {
      let snapshots = try await repository.snapshots(SnapshotChoice.filter(arguments))
      return try ForgetPlan(
        snapshots, policy, grouping: arguments[grouping], mayRemoveAll: arguments[removesAll])
    }
    var named: [StoredSnapshot] = []
    for id in arguments[ids] {
      let snapshot = try await repository.snapshot(named: id, SnapshotChoice.filter(arguments))
      if !named.contains(snapshot) { named.append(snapshot) }
    }
    return ForgetPlan(removing: named)
  }

  // MARK: - What it says

  private static func write(_ plan: ForgetPlan, _ arguments: ParsedArguments, _ display: ProgressDisplay) {
    let output: String
    switch arguments[GlobalOptions.output] {
    case .table:
      guard !arguments.isQuiet else { return }
      output = text(plan, arguments.style, arguments[dryRun], advises: !arguments[prunes])
    case .name: output = plan.removed.map { $0.id.hex + "\n" }.joined()
    case let format:
      output = documentText(.array(plan.groups.map(json)), as: format, style: arguments.style)
    }
    if !output.isEmpty { display.print(String(output.dropLast())) }
  }

  /// A table of each group, and the sum.
  static func text(_ plan: ForgetPlan, _ style: TextStyle, _ isDryRun: Bool, advises: Bool) -> String {
    var lines: [String] = []
    for group in plan.groups {
      let table = Table(
        [
          .init("SNAPSHOT"), .init("TIME (UTC)"), .init("VERDICT"), .init("WHY", isFlexible: true),
          .init("TAGS", isFlexible: true, isExtra: true),
        ],
        rows: group.verdicts.map { verdict in
          [
            .init(verdict.snapshot.id.shortHex), .init(verdict.snapshot.snapshot.time.text),
            verdict.isKept ? .init("keep", .green) : .init(isDryRun ? "would go" : "removed", .yellow),
            .init(verdict.reasons.joined(separator: ", ")),
            .init(verdict.snapshot.snapshot.tags.joined(separator: ","), nil),
          ]
        })
      lines += [style.bold("\(group.key)")] + table.lines(style) + [""]
    }
    let (removed, kept) = (plan.removed.count, plan.kept.count)
    let verb = isDryRun ? "would be removed" : "removed"
    lines.append("\(countText(removed, "snapshot")) \(verb), \(groupedText(kept)) kept")
    if removed > 0, !isDryRun, advises {
      lines.append("Their data are still there; 'holdfast repo prune' removes what nothing needs any more.")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// A group, with the names of restic's.
  private static func json(_ group: ForgetPlan.Group) -> JSONValue {
    let kept = group.verdicts.filter(\.isKept)
    return [
      "host": .init(group.key.host), "paths": group.key.paths.map { .array($0.map(JSONValue.string)) } ?? .null,
      "tags": group.key.tags.map { .array($0.map(JSONValue.string)) } ?? .null,
      "keep": .array(kept.map(\.snapshot.json)),
      "remove": .array(group.verdicts.filter { !$0.isKept }.map(\.snapshot.json)),
      "reasons": .array(
        kept.map { ["snapshot": $0.snapshot.json, "matches": .array($0.reasons.map(JSONValue.string))] }),
    ]
  }
}
