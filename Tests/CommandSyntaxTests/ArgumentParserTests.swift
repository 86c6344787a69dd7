import CommandSyntax
import Terminal
import Testing

@Suite("Command lines")
struct ArgumentParserTests {
  @Test(
    "commands and sub-commands are found by their words",
    arguments: [
      ("limits", "limits"), ("limits --all", "limits"), ("limits set a 1", "limits set"),
      ("-o json limits delete a", "limits delete"), ("limits -o json delete a", "limits delete"),
      ("policy run a", "policy run"), ("secret", "secret"),
      ("show set", "show"), ("show -- -x", "show"),
    ])
  func paths(line: String, path: String) throws { #expect(try parse(line).0 == path) }

  @Test(
    "help is had in every way that people try",
    arguments: [
      ("--help", ""), ("-h", ""), ("help", ""), ("--help --help", ""), ("limits --help", "limits"),
      ("limits -h", "limits"), ("help limits set", "limits set"), ("--help limits", "limits"),
      ("limits set --help", "limits set"), ("limits --help set", "limits set"),
      ("limits set a --help --none", "limits set"),
      ("policy -h", "policy"), ("show -n 3 --help --nonsense", "show"), ("help show NAME", "show"),
    ])
  func help(line: String, path: String) throws { #expect(try parse(line).0 == "help:" + path) }

  @Test("the version is had before and after a command", arguments: ["--version", "limits --version"])
  func version(line: String) throws { #expect(try parse(line).0 == "version") }

  @Test(
    "short options take their value with a space, with '=' or at once",
    arguments: ["show a -n 10", "show a -n10", "show a -n=10", "-o json show -n 10 a", "show a --count=10"])
  func short(line: String) throws {
    let arguments = try parse(line).1
    #expect(arguments[Sample.count] == 10)
    #expect(arguments[Sample.format] == (line.contains("json") ? .json : .table))
  }

  @Test("operands are typed, optional or repeated, and mix with options")
  func operands() throws {
    var arguments = try parse("limits set -n 4 alpha 7").1
    #expect(arguments[Sample.name] == "alpha" && arguments[Sample.number] == 7)
    arguments = try parse("show a").1
    #expect(arguments[Sample.step] == nil)
    arguments = try parse("show a b").1
    #expect(arguments[Sample.name] == "a" && arguments[Sample.step] == "b")
    arguments = try parse("check a -f x b -- -c").1
    #expect(arguments[Sample.paths] == ["a", "b", "-c"] && arguments[Sample.files] == ["x"])
    #expect(try parse("draw json").1[Sample.shape] == .json)
    #expect(try parse("check -").1[Sample.paths] == ["-"])
  }

  @Test("what is not given has its default; an option knows whether it was given")
  func defaults() throws {
    let arguments = try parse("show a").1
    #expect(arguments[Sample.count] == 3 && !arguments.isGiven(Sample.count) && arguments[Sample.database] == nil)
    let given = try parse("show a -n 3", environment: ["SAMPLE_URL": "x"]).1
    #expect(given.isGiven(Sample.count) && given[Sample.database] == "x")
  }

  @Test(
    "mistakes get one sentence and the nearest name",
    arguments: [
      ("", "no command is given", nil),
      ("limts", "unknown command 'limts'; did you mean 'limits'?", nil),
      ("limits sett", "unknown command 'sett' of 'limits'; did you mean 'set'?", "limits"),
      ("limits xyzzy", "unknown command 'xyzzy' of 'limits'; 'limits' has 'set' or 'delete'", "limits"),
      ("policy", "'policy' needs one of its commands: 'run'", "policy"),
      ("limits set", "NAME is missing", "limits set"), ("limits set a", "NUMBER is missing", "limits set"),
      ("limits set a x", "NUMBER: 'x' is not a whole number from 0 to 9", "limits set"),
      ("limits set a 1 2", "unexpected argument '2'", "limits set"),
      ("limits --all set a 1", "option '--all' belongs to 'limits'; 'limits set' does not take it", "limits set"),
      ("limits set a 1 --al", "unknown option '--al'; did you mean '--all'?", "limits set"),
      ("policy run a --all", "option '--all' belongs to 'limits'; 'policy run' does not take it", "policy run"),
      (
        "-n 3 show a",
        "option '-n' belongs to 'limits set', 'policy run', 'show', 'check' or 'vault put'; write it after the command",
        nil
      ),
      ("show a -n", "option '-n' needs a value: N", "show"), ("show a -n=", "option '-n' needs a value: N", "show"),
      ("show a -n 0", "option '--count': '0' is not a whole number from 1 to 100", "show"),
      ("show a -n 1 --count 2", "option '--count' is given twice", "show"),
      ("limits -a=yes", "option '-a' takes no value", "limits"), ("limits -ax", "unknown option '-ax'", "limits"),
      ("check", "FILE is missing", "check"),
      ("draw jsn", "SHAPE: 'jsn' is not 'table' or 'json'; did you mean 'json'?", "draw"),
      ("show a b postgres://u:secret@h", "unexpected argument (a URL); write it after '--database'", "show"),
    ] as [(String, String, String?)])
  func mistakes(line: String, message: String, command: String?) {
    let error = #expect(throws: UsageError.self) { try parse(line) }
    #expect(error == UsageError(message: message, command: command))
  }

  @Test(
    "what a group shares, its commands take, before and after their names",
    arguments: ["vault put a -r x", "vault -r x put a", "vault --folder=x put a"])
  func shared(line: String) throws {
    let (path, arguments) = try parse(line, environment: ["NEW_FOLDER": "new"])
    #expect(path == "vault put" && arguments[Sample.folder] == "x" && arguments.variable(of: Sample.folder) == nil)
  }

  @Test("of several environment variables the first that is set counts, and the command knows which it was")
  func variables() throws {
    var arguments = try parse("vault put a", environment: ["NEW_FOLDER": "new", "OLD_FOLDER": "old"]).1
    #expect(arguments[Sample.folder] == "new" && arguments.variable(of: Sample.folder) == "NEW_FOLDER")
    arguments = try parse("vault put a", environment: ["NEW_FOLDER": "", "OLD_FOLDER": "old"]).1
    #expect(arguments[Sample.folder] == "old" && arguments.variable(of: Sample.folder) == "OLD_FOLDER")
    arguments = try parse("vault put a").1
    #expect(arguments[Sample.folder] == nil && arguments.variable(of: Sample.folder) == nil)
  }

  @Test("options of another group are refused, and their owner is named")
  func foreignGroup() {
    #expect(
      throws: UsageError(message: "option '--folder' belongs to 'vault'; 'show' does not take it", command: "show")
    ) {
      try parse("show a --folder x")
    }
  }

  @Test("help names shared options and codes: in full for the group, in short for its commands")
  func sharedHelp() throws {
    let help = HelpPage(program: Sample.program, style: TextStyle())
    let paths = Sample.program.allCommands
    let group = help.page(of: try #require(paths.first { $0.name == "vault" }))
    #expect(group.contains("-r, --folder FILE  Where it is kept (default: $NEW_FOLDER, $OLD_FOLDER)"))
    #expect(group.contains("EXIT CODES\n  10  no vault"))
    let command = help.page(of: try #require(paths.first { $0.name == "vault put" }))
    #expect(command.contains("'vault' COMMAND\n  -r, --folder FILE\n  'sample vault --help' tells what they do."))
    #expect(!command.contains("Where it is kept") && !command.contains("EXIT CODES"))
  }
}
