import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// The tour of the README, as a new user takes it, in two terminals.
  @Suite("A terminal")
  struct TerminalStoryTests {
    @Test("a new user follows the README: three mistakes, a run, a broken step, a retry, and what a run waits for")
    func story() async throws {
      guard let tmux = TerminalWindow.tmux else {
        print("The story in a terminal is left out: tmux is not installed (deploy/test-packages).")
        return
      }
      let story = try await Story(tmux)
      do { try await tell(story) } catch {
        await story.end()
        throw error
      }
      await story.end()
      #expect(story.instance.servers() == [])
    }

    private func tell(_ story: Story) async throws {
      try await story.start()
      try await mistakes(story)
      try await failure(story)
      try await repair(story)
      try await waits(story)
      try await story.stop()
    }

    private func mistakes(_ story: Story) async throws {
      try await story.types("mkdir -p tour/data && cd tour")
      try await story.types("echo 'id,total' | tee data/orders.csv >data/users.csv")
      try story.writes("tour.yaml")
      let told = try await story.types("holdfast validate tour.yaml", code: 1)
      // The terminal breaks the longest of them.
      let unbroken = told.replacing("\n", with: "")
      for line in story.readme.messages { #expect(unbroken.contains(line), "\(line)") }
      #expect(story.readme.messages.last == "holdfast: 3 mistakes")

      try await story.types("sed -i 's/fnd/find/; s/timout/timeout/; s/soon/1m/' tour.yaml")
      let mended = try await story.types("holdfast validate tour.yaml")
      #expect(mended.contains("no mistakes"))
      let applied = try await story.types("holdfast apply tour.yaml")
      #expect(applied.contains("workflow/tour created, version 1"))
    }

    private func failure(_ story: Story) async throws {
      // What is to be seen lasts for seconds only, or a random time: it begins once it is watched, and lasts.
      try await story.instance.sql("select holdfast.pause('queue', 'default')")
      try await story.instance.sql(
        """
        create function public.longer() returns trigger language plpgsql as
          $$ begin new.wake_at := greatest(new.wake_at, now() + interval '15 s'); return new; end $$;
        create trigger longer before insert on holdfast.parked
          for each row when (new.cause = 'retry') execute function public.longer();
        """)
      try await story.types(#"holdfast submit tour -p folder="$PWD""#)
      let watched = try await story.types("holdfast watch latest", code: 1, seeing: ["1 queued"]) { shell in
        try await story.instance.sql("select holdfast.resume('queue', 'default')")
        for text in ["[0].settle", "of 3 failed"] { story.record(try await shell.wait(for: text)) }
      }
      #expect(watched.contains("✓ files") && watched.contains("✗ sign") && watched.contains("- report"))
      #expect(watched.contains("cat: key: No such file or directory"))
      #expect(watched.contains("holdfast retry "))
      #expect(!watched.contains("[0].settle"), "the live picture left something behind")

      let shown = try await story.types("holdfast show latest")
      #expect(shown.contains("✗ sign"))
      let explained = try await story.types("holdfast explain latest")
      #expect(explained.contains("sign (exec) failed at ") && explained.contains("holdfast retry "))
      let logs = try await story.types("holdfast logs latest sign")
      #expect(logs.contains("cat: key: No such file or directory"))
    }

    private func repair(_ story: Story) async throws {
      try await story.types("echo secret >key")
      let retried = try await story.types("holdfast retry latest --from sign")
      #expect(retried.contains("is retried: 2 steps"))
      let watched = try await story.types("holdfast watch latest")
      #expect(watched.contains("succeeded after") && watched.contains("9 of 9 steps"))
      #expect(try story.text("signature").hasSuffix("bundle\n"))
      let runs = try await story.types("holdfast runs")
      #expect(runs.contains("tour") && runs.contains("succeeded"))
    }

    private func waits(_ story: Story) async throws {
      try story.writes("waits.yaml")
      try await story.types("holdfast limits set tapes 1")
      try await story.types("holdfast submit waits.yaml")
      let watch = "holdfast watch waits"
      try await story.types(watch, code: 130, seeing: ["waits for limit tapes"]) { shell in
        // Narrow and low, and back: nothing of the old pictures stays.
        try await shell.resize(columns: 56, rows: 12)
        func isClean(_ screen: String) -> Bool { screen.components(separatedBy: "no worker with").count == 2 }
        story.record(try await shell.wait(for: "1 waiti…", isClean))
        try await shell.resize(columns: 100, rows: 36)
        story.record(try await shell.wait(for: "2 queued", isClean))
        try await shell.interrupt()
      }
      let explained = try await story.types("holdfast explain waits")
      #expect(explained.contains("waits for approval: overwrite the live data?"))
      #expect(explained.contains("holdfast approve ") && explained.contains("holdfast worker --label node=db-7"))
      #expect(explained.contains("limit tapes is held by run ") && explained.contains("holdfast limits set tapes 2"))
      let approved = try await story.types(#"holdfast approve waits --comment "seen and agreed""#)
      #expect(approved.contains("approved agree of run "))
      try await story.types("holdfast cancel waits")
      let end = try await story.types(watch, code: 5)
      #expect(end.contains("✓ agree") && end.contains("⊘ dump"))
    }
  }

  /// The two terminals, and the README that the user reads.
  struct Story {
    let instance: UpInstance
    let readme: Readme
    private let home: URL
    /// Where `holdfast up` runs.
    private let server: TerminalWindow
    private let shell: TerminalWindow

    init(_ tmux: String) async throws {
      instance = try UpInstance()
      readme = try Readme()
      home = try scratchDirectory("home")
      let environment = [
        "PATH": URL(fileURLWithPath: holdfastBinary).deletingLastPathComponent().path + ":/usr/local/bin:/usr/bin:/bin",
        "HOME": home.path, "USER": "newcomer", "HOLDFAST_DATA": instance.folder.path,
      ]
      server = try await TerminalWindow(tmux, columns: 100, rows: 36, directory: home.path, environment: environment)
      shell = try await TerminalWindow(tmux, columns: 100, rows: 36, directory: home.path, environment: environment)
      if let path = Self.screensPath { try Data().write(to: URL(fileURLWithPath: path)) }
    }

    /// Starts Holdfast in the first terminal.
    func start() async throws {
      #expect(readme.commands.contains("holdfast up"))
      try await server.enter("holdfast up")
      record(try await server.wait(for: "Holdfast is up"))
      try await server.wait(for: "registered")
    }

    /// Ends it with Ctrl-C; `isUrgent`: without waiting for steps that run.
    func stop(isUrgent: Bool = false) async throws {
      let before = server.count
      try await server.interrupt()
      if isUrgent {
        try await server.wait(for: "stopping")
        try await server.interrupt()
      }
      let (screen, code) = try await server.end(after: before, of: "holdfast up")
      record(screen)
      #expect(code == 0, "\(screen)")
    }

    /// Leaves nothing running, whatever happened.
    func end() async {
      await shell.close()
      if !instance.servers().isEmpty { try? await stop(isUrgent: true) }
      await server.close()
      for process in instance.servers() { kill(process, SIGQUIT) }
    }

    /// Types a command of the README; returns the screen when it has ended with this exit code.
    /// - Parameters:
    ///   - seeing: What has to show up before, in this order.
    ///   - body: What is done then, while it still runs.
    @discardableResult
    func types(
      _ command: String, code: Int = 0, seeing texts: [String] = [],
      _ body: (TerminalWindow) async throws -> Void = { _ in }
    ) async throws -> String {
      #expect(readme.commands.contains(command), "the README does not have '\(command)'")
      let before = shell.count
      try await shell.enter(command)
      for text in texts { record(try await shell.wait(for: text)) }
      try await body(shell)
      let (screen, exitCode) = try await shell.end(after: before, of: command)
      record(screen)
      #expect(exitCode == code, "\(screen)")
      return screen
    }

    /// Saves the README's text of a file in the tour's folder.
    func writes(_ name: String) throws {
      let text = try #require(readme.files[name], "the README has no \(name)")
      try text.write(to: home.appendingPathComponent("tour/\(name)"), atomically: true, encoding: .utf8)
    }

    /// What a file in the tour's folder holds.
    func text(_ name: String) throws -> String {
      try String(contentsOf: home.appendingPathComponent("tour/\(name)"), encoding: .utf8)
    }

    private static let screensPath = ProcessInfo.processInfo.environment["HOLDFAST_SCREENS"]

    /// Keeps a screen for people who want to see it.
    func record(_ screen: String) {
      guard let path = Self.screensPath, let file = FileHandle(forWritingAtPath: path) else { return }
      file.seekToEndOfFile()
      file.write(Data((screen + "\n" + String(repeating: "─", count: 100) + "\n").utf8))
      try? file.close()
    }
  }

  /// The tour of the README: what it has the user type and write, and what it promises to show.
  struct Readme {
    /// The lines of the shell blocks, without remarks.
    let commands: Set<String>
    /// The files by name, in the order of `Write this as`.
    let files: [String: String]
    /// What `validate` says about the mistakes.
    let messages: [String]

    init() throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      let text = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
      let tour = text.components(separatedBy: "\n## ").first { $0.hasPrefix("A tour") } ?? ""
      // Text and blocks take turns.
      let parts = tour.components(separatedBy: "```")
      var (commands, files, messages): (Set<String>, [String: String], [String]) = ([], [:], [])
      for (before, block) in zip(parts, parts.dropFirst()).enumerated().filter({ $0.offset % 2 == 0 }).map(\.element) {
        let lines = block.components(separatedBy: "\n")
        let content = lines.dropFirst().dropLast()
        switch lines[0] {
        case "sh":
          commands.formUnion(content.map { $0.components(separatedBy: "  #")[0].trimmingCharacters(in: .whitespaces) })
        case "yaml":
          let name = before.components(separatedBy: "Write this as `").last?.components(separatedBy: "`").first ?? ""
          files[name] = content.joined(separator: "\n") + "\n"
        default: messages += content
        }
      }
      (self.commands, self.files, self.messages) = (commands, files, messages)
    }
  }
}
