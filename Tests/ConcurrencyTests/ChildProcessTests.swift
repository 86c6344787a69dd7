import Concurrency
import Foundation
import Synchronization
import Testing

private let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"]

private func shell(_ script: String) -> ChildProcess { ChildProcess("sh", ["-c", script], environment: environment) }

private func failure(of child: ChildProcess) async -> ChildProcessError? {
  do throws(ChildProcessError) {
    _ = try await child.run()
    return nil
  } catch {
    return error
  }
}

/// Whether a process is there and not only waiting to be reaped.
private func isAlive(_ process: pid_t) -> Bool {
  guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
  return stat.split(separator: ")").last?.split(separator: " ").first != "Z"
}

private func eventually(_ condition: () throws -> Bool) async rethrows -> Bool {
  for _ in 0..<1500 {
    if try condition() { return true }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return try condition()
}

/// Runs a program until its time limit ends it: the shortest of several within which it got as far as `isReady` says. A limit
/// counts from before the program is loaded, which takes long on a busy machine.
private func runToLimit(
  _ child: ChildProcess, once isReady: (ChildProcess.Outcome) -> Bool
) async throws -> (outcome: ChildProcess.Outcome, limit: Duration) {
  var child = child
  var limit = Duration.milliseconds(300)
  while true {
    child.timeLimit = limit
    let outcome = try await child.run()
    if isReady(outcome) || limit > .seconds(20) { return (outcome, limit) }
    limit = limit * 3
  }
}

@Suite("child processes")
struct ChildProcessTests {
  @Test("exit code, both streams and their lines arrive")
  func output() async throws {
    let lines = Mutex<[String]>([])
    let outcome = try await shell("echo one; echo two >&2; printf 'three\\r\\n\\nlast'; exit 7").run { stream, line in
      lines.withLock { $0.append("\(stream) \(line)") }
    }
    #expect(outcome.ending == .exited(7))
    #expect(outcome.output.text == "one\nthree\r\n\nlast")
    #expect(outcome.error.text == "two\n")
    #expect(Set(lines.withLock { $0 }) == ["output one", "error two", "output three", "output ", "output last"])
    #expect(lines.withLock { $0 }.filter { $0.hasPrefix("output") }.first == "output one")
  }

  @Test("the environment is exactly what is given, and so are the working directory and the arguments")
  func surroundings() async throws {
    var child = ChildProcess("/usr/bin/env", environment: ["A": "1", "B": "x=y z"])
    #expect(Set(try await child.run().output.text.split(separator: "\n")) == ["A=1", "B=x=y z"])
    child = shell("pwd; echo \"$0|$1|$2\"")
    child.directory = "/usr/lib"
    child.arguments += ["a b", "", "*"]
    #expect(try await child.run().output.text == "/usr/lib\na b||*\n")
  }

  @Test("one that shares our group is in it, and is ended alone")
  func sharedGroup() async throws {
    var child = shell("cut -d ' ' -f 5 /proc/$$/stat")
    #expect(try await child.run().output.text != "\(getpgrp())\n")
    child.sharesGroup = true
    #expect(try await child.run().output.text == "\(getpgrp())\n")
    child = shell("exec sleep 1000")
    child.sharesGroup = true
    child.timeLimit = .milliseconds(100)
    #expect(try await child.run().ending == .stopped(.timeLimit))
  }

  @Test("standard error goes to the descriptor that is given for it")
  func errorDescriptor() async throws {
    // Not a pipe: programs that other tests start at this moment would keep it open.
    let errors = FileManager.default.temporaryDirectory.appendingPathComponent("errors-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: errors) }
    try Data().write(to: errors)
    let file = try FileHandle(forWritingTo: errors)
    var child = shell("printf question >&2; echo answer")
    child.errorDescriptor = file.fileDescriptor
    let outcome = try await child.run()
    try file.close()
    #expect(outcome.output.text == "answer\n" && outcome.error.text.isEmpty)
    #expect(try Data(contentsOf: errors) == Data("question".utf8))
  }

  @Test("a relative path is meant from the working directory")
  func relativePath() async throws {
    #expect(try await ChildProcess("./true", environment: [:], directory: "/bin").run().ending == .exited(0))
    #expect(await failure(of: ChildProcess("./true", environment: [:], directory: "/tmp"))?.kind == .notFound)
  }

  @Test("the child has no descriptors but its three, no blocked and no ignored signals, and its own group")
  func clean() async throws {
    ignoreBrokenPipes()
    let leaky = open("/dev/null", O_RDONLY)  // not close-on-exec, as a library might open it
    defer { close(leaky) }
    let outcome = try await shell("ls /proc/self/fd; grep -E 'Sig(Blk|Ign)' /proc/self/status; ps -o pgid=,pid= -p $$")
      .run()
    let words = outcome.output.text.split(whereSeparator: \.isWhitespace)
    // ls itself opens the fourth.
    #expect(words.prefix(5) == ["0", "1", "2", "3", "SigBlk:"])
    #expect(words[5] == "0000000000000000")
    // 32 and 33 are glibc's own, which it ignores in what posix_spawn starts.
    #expect((UInt64(words[7], radix: 16) ?? .max) & 0x7fff_ffff == 0)
    if words.count == 10 { #expect(words[8] == words[9]) }
  }

  @Test("a flood of 100 MB ends, keeps its first and last part, and counts the rest")
  func flood() async throws {
    let lines = Mutex(0)
    var child = shell(
      "yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -c 100000000; echo; echo end")
    child.outputLimit = 10_000
    let outcome = try await child.run { _, _ in lines.withLock { $0 += 1 } }
    #expect(outcome.ending == .exited(0))
    #expect(outcome.output.first.count == 5000 && outcome.output.last.count == 5000)
    #expect(outcome.output.droppedBytes == 100_000_005 - 10_000)
    #expect(outcome.output.text.hasPrefix("0123456789") && outcome.output.text.hasSuffix("\nend\n"))
    #expect(outcome.output.text.contains("\n… 99990005 bytes left out …\n"))
    #expect(lines.withLock { $0 } == 100_000_000 / 71 + 2)
  }

  @Test("a line without end is cut")
  func longLine() async throws {
    var child = shell("head -c 1000000 /dev/zero | tr '\\0' x")
    child.lineLimit = 100
    let lines = Mutex<[String]>([])
    _ = try await child.run { _, line in lines.withLock { $0.append(line) } }
    #expect(lines.withLock { $0 } == [String(repeating: "x", count: 100) + "… (999900 bytes more)"])
  }

  @Test("huge input arrives whole, and a program that does not read it does no harm")
  func input() async throws {
    var child = shell("wc -c")
    child.input = [UInt8](repeating: 1, count: 30_000_000)
    #expect(try await child.run().output.text.filter(\.isNumber) == "30000000")
    child = shell("exec 0<&-; echo closed; exit 3")
    child.input = [UInt8](repeating: 1, count: 30_000_000)
    #expect(try await child.run().ending == .exited(3))
    child = shell("cat; echo done")
    child.input = [UInt8](repeating: 65, count: 5_000_000)  // flows both ways at once
    #expect(try await child.run().output.last.suffix(5) == Array("done\n".utf8)[...])
    #expect(try await shell("cat").run().output.text == "")
  }

  @Test("death by a signal is told apart from exit codes")
  func signalled() async throws {
    #expect(try await shell("kill -9 $$").run().ending == .signalled(9))
    #expect(try await shell("kill -TERM $$").run().ending == .signalled(15))
    #expect(try await shell("exit 137").run().ending == .exited(137))
  }

  @Test("what cannot start says why, without arguments and environment")
  func errors() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-child-\(UUID())").path()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func file(_ name: String, _ text: String, _ mode: Int) throws -> String {
      let path = folder + "/" + name
      try text.write(toFile: path, atomically: false, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      return path
    }
    let cases: [(ChildProcess, ChildProcessError.Kind)] = [
      (ChildProcess("no-such-program", ["s3cret"], environment: ["PATH": "/bin", "K": "s3cret"]), .notFound),
      (ChildProcess("true", environment: ["PATH": "bin:"]), .notFound),
      (ChildProcess("/no/such/program", environment: [:]), .notFound),
      (ChildProcess("", environment: [:]), .notFound),
      (ChildProcess(try file("plain", "text", 0o644), environment: [:]), .notExecutable),
      (ChildProcess("plain", environment: ["PATH": folder]), .notExecutable),
      (ChildProcess("/tmp", environment: [:]), .notExecutable),
      (ChildProcess(try file("no-format", "echo s3cret", 0o755), environment: [:]), .notExecutable),
      (ChildProcess(try file("no-interpreter", "#!/no/such/interpreter\n", 0o755), environment: [:]), .notExecutable),
      (ChildProcess("true", environment: environment, directory: "/no/such/directory"), .noSuchDirectory),
      (ChildProcess("true", environment: environment, directory: folder + "/plain"), .noSuchDirectory),
      (ChildProcess("true", ["s3cret\0b"], environment: environment), .badArguments),
      (ChildProcess("true", environment: ["A=B": "s3cret"]), .badArguments),
      (ChildProcess("true", [String(repeating: "s3cret", count: 1 << 20)], environment: environment), .badArguments),
    ]
    for (child, kind) in cases {
      var error = await failure(of: child)
      // What another test starts just now may still hold our new file open for writing.
      for _ in 0..<1000 where error?.kind == .noResources {
        try await Task.sleep(for: .milliseconds(10))
        error = await failure(of: child)
      }
      #expect(error?.kind == kind, "\(child.program): \(String(describing: error))")
      #expect(error?.description.contains("s3cret") == false)
    }
    #expect("\(await failure(of: cases[0].0)?.description ?? "")" == "no program 'no-such-program' in PATH")
  }

  @Test("many at once, with no zombie and no open descriptor left")
  func many() async throws {
    func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
    func zombies() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }.filter { number in
        let stat = (try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)) ?? ""
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 1 && fields[0] == "Z" && fields[1] == "\(getpid())"
      }.count
    }
    let before = try descriptors()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<200 {
        group.addTask {
          var child = shell("cat; echo \(number) >&2; exit \(number)")
          child.input = Array("input \(number)".utf8)
          let outcome = try await child.run()
          return outcome.ending == .exited(number) && outcome.output.text == "input \(number)"
            && outcome.error.text == "\(number)\n"
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
    for _ in 0..<50 { #expect(await failure(of: ChildProcess("/no/such", environment: [:])) != nil) }
    // Tests that run beside this one have some, too, but a leak here would be 800 or more.
    #expect(try await eventually { try descriptors() < before + 200 })
    #expect(try await eventually { try zombies() == 0 })
  }
}

@Suite("ending child processes")
struct ChildProcessEndTests {
  @Test("a cancelled task ends its child at once")
  func cancelled() async throws {
    let started = Mutex<pid_t>(0)
    let task = Task {
      try await shell("echo $$; exec sleep 100").run { _, line in started.withLock { $0 = pid_t(line) ?? -1 } }
    }
    #expect(await eventually { started.withLock { $0 } > 0 })
    let start = ContinuousClock.now
    task.cancel()
    #expect(try await task.value.ending == .stopped(.cancelled))
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(!isAlive(started.withLock { $0 }))
  }

  @Test("a task that is already cancelled starts nothing")
  func cancelledEarly() async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "holdfast-\(UUID())").path()
    let task = Task {
      try? await Task.sleep(for: .seconds(100))
      return try await ChildProcess("touch", [path], environment: environment).run().ending
    }
    task.cancel()
    #expect(try await task.value == .stopped(.cancelled))
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("the time limit counts as stopped, even if the program makes an exit code 0 of it")
  func timeLimit() async throws {
    var child = shell("trap 'echo cleaned; exit 0' TERM; echo started; while :; do sleep 0.05; done")
    child.grace = .seconds(60)
    let (outcome, limit) = try await runToLimit(child) { $0.output.text.hasPrefix("started\n") }
    #expect(outcome.ending == .stopped(.timeLimit))
    #expect(outcome.output.text == "started\ncleaned\n")
    #expect(outcome.duration >= limit && outcome.duration < limit + .seconds(30))
  }

  @Test("a program that ignores SIGTERM is killed after the grace, with its whole group")
  func ignoresTerm() async throws {
    var child = shell("trap '' TERM; sh -c 'echo $$; while :; do sleep 1; done' & echo $$; while :; do sleep 1; done")
    child.grace = .milliseconds(500)
    let (outcome, limit) = try await runToLimit(child) { $0.output.text.split(separator: "\n").count == 2 }
    #expect(outcome.ending == .stopped(.timeLimit))
    #expect(outcome.duration >= limit + .milliseconds(500) && outcome.duration < limit + .seconds(30))
    let group = outcome.output.text.split(separator: "\n").compactMap { pid_t($0) }
    #expect(group.count == 2)
    #expect(await eventually { !group.contains(where: isAlive) })
  }

  @Test("a stopped program and one whose leader is gone end, too")
  func leftovers() async throws {
    var child = shell("kill -STOP $$")
    child.grace = .seconds(60)
    child.timeLimit = .milliseconds(200)
    #expect(try await child.run().duration < .seconds(20))
    // The leader dies of SIGTERM; the other one cleans up within the grace.
    child = shell(
      "sh -c 'trap \"sleep 0.3; echo cleaned; exit\" TERM; echo ready; while :; do sleep 0.05; done' & wait")
    child.grace = .seconds(60)
    let (outcome, limit) = try await runToLimit(child) { $0.output.text.hasPrefix("ready\n") }
    #expect(outcome.output.text == "ready\ncleaned\n")
    #expect(outcome.duration < limit + .seconds(30))
  }

  @Test("a background process that holds the streams does not hold us")
  func grandchild() async throws {
    let outcome = try await shell("sleep 100 & echo $!; exit 4").run()
    #expect(outcome.ending == .exited(4))
    #expect(outcome.duration < .seconds(20))
    let left = try #require(pid_t(outcome.output.text.dropLast()))
    #expect(isAlive(left))  // it was left behind on purpose by a program that ended well
    kill(left, SIGKILL)
  }

  @Test("a background process that floods the streams does not hold us either")
  func floodingGrandchild() async throws {
    let outcome = try await shell("trap '' PIPE; (yes & echo $! >&2); exit 0").run()
    #expect(outcome.ending == .exited(0))
    #expect(outcome.duration < .seconds(20))
    if let left = pid_t(outcome.error.text.split(separator: "\n").first ?? "") { kill(left, SIGKILL) }
  }

  @Test("all output of a program that ended is there, however late we read")
  func nothingLost() async throws {
    var child = shell("head -c 60000 /dev/zero; sleep 2 & exit 0")
    child.outputLimit = 200_000
    child.drain = .zero
    let outcome = try await child.run()
    #expect(outcome.output.first.count + outcome.output.last.count == 60000)
  }
}
