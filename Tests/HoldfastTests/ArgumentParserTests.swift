import CommandSyntax
import Log
import Testing

@testable import holdfast

@Suite("The command line")
struct ArgumentParserTests {
  static func parse(_ line: String, environment: [String: String] = [:]) throws(UsageError) -> Invocation {
    let parser = ArgumentParser(program: .holdfast, environment: { environment[$0] })
    return try parser.parse(line.split(separator: " ").map(String.init))
  }

  func arguments(_ line: String, environment: [String: String] = [:]) throws -> (
    command: String, values: ParsedArguments
  ) {
    guard case .run(let command, let arguments) = try Self.parse(line, environment: environment) else {
      throw UsageError(message: "not run: \(line)")
    }
    return (command.name, arguments)
  }

  @Test("options stand before and after the command, with '=' or a space")
  func values() throws {
    let (command, values) = try arguments(
      "--log-level debug worker --slots=8 --label zone=eu-1 --label=node=db=1 --kinds a,b --poll 250 --lease 2.5 --pooled "
        + "--database postgres://u:p@h/d?x=1 --log-format json")
    #expect(command == "worker")
    #expect(values[GlobalOptions.logLevel] == .debug && values[GlobalOptions.logFormat] == .json)
    #expect(values[WorkerCommand.slots] == 8)
    #expect(values[WorkerCommand.labels] == [Label(key: "zone", value: "eu-1"), Label(key: "node", value: "db=1")])
    #expect(values[WorkerCommand.kinds] == ["a", "b"])
    #expect(values[WorkerCommand.poll] == .milliseconds(250) && values[WorkerCommand.lease] == .milliseconds(2500))
    #expect(values[WorkerCommand.pooled] && !values[WorkerCommand.noScheduler])
    #expect(try values.databaseURL() == "postgres://u:p@h/d?x=1")
  }

  @Test("what is not given has its default")
  func defaults() throws {
    let values = try arguments("worker").values
    #expect(
      values[WorkerCommand.slots] == 16 && values[WorkerCommand.labels] == [] && values[WorkerCommand.name] == nil)
    #expect(values[WorkerCommand.lease] == .seconds(30) && values[WorkerCommand.kinds] == nil)
    #expect(values[GlobalOptions.logLevel] == .info)
    #expect(try arguments("migrate").values[MigrateCommand.appRoles])
    #expect(try arguments("migrate --no-roles").values[MigrateCommand.appRoles] == false)
  }

  @Test("the database comes from the command line, else from the environment")
  func database() throws {
    let environment = ["HOLDFAST_DATABASE_URL": "postgres://env/d"]
    #expect(try arguments("bench", environment: environment).values.databaseURL() == "postgres://env/d")
    #expect(try arguments("bench --database x", environment: environment).values.databaseURL() == "x")
    let none = try arguments("bench", environment: ["HOLDFAST_DATABASE_URL": ""]).values
    let failure = #expect(throws: CommandFailure.self) { try none.databaseURL() }
    #expect(failure?.exitCode == .usage && failure?.message.contains("HOLDFAST_DATABASE_URL") == true)
  }

  @Test(
    "help is had in every way that people try",
    arguments: [
      ("--help", ""), ("-h", ""), ("help", ""), ("--help --help", ""), ("worker --help", "worker"),
      ("worker -h", "worker"),
      ("help worker", "worker"), ("--help worker", "worker"), ("worker --slots 3 --help --nonsense", "worker"),
    ])
  func help(line: String, command: String) throws {
    guard case .help(let found) = try Self.parse(line) else {
      Issue.record("no help: \(line)")
      return
    }
    #expect((found?.name ?? "") == command)
  }

  @Test("the version is had before and after a command", arguments: ["--version", "worker --version"])
  func version(line: String) throws {
    guard case .version = try Self.parse(line) else {
      Issue.record("no version: \(line)")
      return
    }
  }

  @Test(
    "mistakes get one sentence and the nearest name",
    arguments: [
      ("", "no command is given"), ("--pooled", "option '--pooled' belongs to 'worker'; write it after the command"),
      ("wroker", "unknown command 'wroker'; did you mean 'worker' or 'workers'?"), ("xyzzy", "unknown command 'xyzzy'"),
      ("worker --databse x", "unknown option '--databse'; did you mean '--data' or '--database'?"),
      (
        "worker --database:postgres://u:secret@h", "unknown option '--database'; did you mean '--data' or '--database'?"
      ),
      ("worker --databse=postgres://u:secret@h", "unknown option '--databse'; did you mean '--data' or '--database'?"),
      ("migrate --no-role", "unknown option '--no-role'; did you mean '--no-roles' or '--no-color'?"),
      ("bench --pooled", "option '--pooled' belongs to 'worker'; 'bench' does not take it"),
      ("worker -Z", "unknown option '-Z'"), ("worker -dpostgres://u:secret@h", "unknown option '-dpostgres'"),
      ("worker --slots", "option '--slots' needs a value: N"), ("worker --slots=", "option '--slots' needs a value: N"),
      ("worker --name --slots 3", "option '--name' needs a value: NAME"),
      ("worker --slots 0", "option '--slots': '0' is not a whole number from 1 to 1000"),
      ("worker --slots 4x", "option '--slots': '4x' is not a whole number from 1 to 1000"),
      ("worker --slots 1 --slots 2", "option '--slots' is given twice"),
      ("worker --pooled=yes", "option '--pooled' takes no value"),
      ("migrate --app-roles --no-roles", "options '--app-roles' and '--no-roles' exclude each other"),
      ("worker --label zone", "option '--label': 'zone' is not KEY=VALUE"),
      ("worker --label =x", "option '--label': '=x' is not KEY=VALUE"),
      ("worker --kinds a,,b", "option '--kinds': 'a,,b' is not a list of names with commas between them"),
      ("worker --lease nan", "option '--lease': 'nan' is not a number of seconds from 1 to 3600"),
      ("worker --lease 1e9", "option '--lease': '1e9' is not a number of seconds from 1 to 3600"),
      (
        "worker --log-level inf",
        "option '--log-level': 'inf' is not 'debug', 'info', 'warning' or 'error'; did you mean 'info'?"
      ),
      ("worker fast", "unexpected argument 'fast'"), ("worker -- --slots", "unexpected argument '--slots'"),
      ("worker postgres://u:secret@h", "unexpected argument (a URL); write it after '--database'"),
      ("postgres://u:secret@h", "unknown command (a URL); write it after '--database'"),
    ])
  func mistakes(line: String, message: String) {
    let error = #expect(throws: UsageError.self) { try Self.parse(line) }
    #expect(error?.message == message)
    #expect(error.map(Program.holdfast.exitCode(for:)) == .usage)
  }

  @Test("exit codes follow from errors")
  func exitCodes() {
    struct Other: Error {}
    let program = Program.holdfast
    #expect(program.exitCode(for: CommandFailure(.databaseUnreachable, "x")) == .databaseUnreachable)
    #expect(program.exitCode(for: Other()) == .failed)
    #expect(program.exitCodes.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 130])
  }

  @Test(
    "every command has an example, and every example is a command line of that command that works",
    arguments: Program.holdfast.allCommands)
  func examples(path: CommandPath) throws {
    #expect(!path.command.examples.isEmpty || path.command.run == nil)
    for example in path.command.examples {
      // What follows is for the shell.
      let line = example.line.prefix { !"<>|&".contains($0) }
      let words = shellWords(line)
      #expect(words.first == "holdfast")
      guard case .run(let found, _) = try ArgumentParser(program: .holdfast).parse(Array(words.dropFirst())) else {
        Issue.record("not a run: \(example.line)")
        return
      }
      #expect(found.name == path.name)
    }
  }

  @Test("names are unique, and everything has a summary", arguments: Program.holdfast.allCommands)
  func descriptions(path: CommandPath) {
    let options = Program.holdfast.options + path.sharedOptions + path.command.options
    let names = options.flatMap(\.names) + path.command.subcommands.map(\.name)
    #expect(Set(names).count == names.count)
    let operands = path.command.operands
    #expect(Set(operands.map(\.placeholder)).count == operands.count)
    #expect(operands.dropLast().allSatisfy { !$0.isRepeatable })
    let summaries = [path.command.summary] + options.map(\.summary) + operands.map(\.summary)
    #expect(summaries.allSatisfy { !$0.isEmpty && !$0.hasSuffix(".") })
    #expect(path.command.examples.allSatisfy { !$0.purpose.hasSuffix(".") })
  }
}

extension CommandPath: CustomTestStringConvertible {
  /// As it is written.
  public var testDescription: String { name }
}

/// The words of a line, where a quoted one may hold spaces.
private func shellWords(_ line: Substring) -> [String] {
  var words: [String] = []
  var word: String?
  var quote: Character?
  for character in line {
    switch character {
    case quote: quote = nil
    case "\"" where quote == nil, "'" where quote == nil:
      quote = character
      word = word ?? ""
    case " " where quote == nil:
      if let word { words.append(word) }
      word = nil
    default: word = (word ?? "") + String(character)
    }
  }
  return words + (word.map { [$0] } ?? [])
}
