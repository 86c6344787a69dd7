import CommandSyntax
import Testing

@Suite("Completion")
struct CompletionTests {
  private func complete(_ words: [String]) async -> Completer.Answer {
    await Completer(program: Sample.program, environment: { ["SAMPLE_URL": "env"][$0] }).answer(words)
  }

  @Test(
    "the last word is completed",
    arguments: [
      ([""], ["limits", "policy", "show", "check", "send", "vault", "draw"]),
      (["l"], ["limits"]), (["secr"], []), (["x"], []),
      (["limits", ""], ["set", "delete"]), (["limits", "s"], ["set"]),
      (["limits", "--"], ["--all", "--database", "--output", "--no-color", "--help", "--version"]),
      (["limits", "--all", "--a"], []), (["check", "-f", "x", "--fi"], ["--file"]),
      (["limits", "set", "--c"], ["--count"]), (["--out"], ["--output"]),
      (["limits", "-o", ""], ["table", "json"]), (["-o", "j"], ["json"]),
      (["limits", "--output=j"], ["--output=json"]),
      (["limits", "--output", "=", "j"], ["json"]), (["limits", "--output", "="], ["table", "json"]),
      (["limits", "set", ""], ["alpha", "beta env"]),
      (["--database", "x", "-o", "no", "limits", "set", "b"], ["beta x"]),
      (["limits", "set", "-n", "3", "al"], ["alpha"]), (["limits", "set", "-n", ""], []),
      (["limits", "set", "alpha", ""], []), (["draw", ""], ["table", "json"]), (["draw", "--", "--"], []),
      (["show", "alpha", "s"], []), (["send", "x", ""], ["after x"]),
      (["unknown", ""], ["limits", "policy", "show", "check", "send", "vault", "draw"]),
    ] as [([String], [String])])
  func words(words: [String], texts: [String]) async {
    let answer = await complete(words)
    #expect(answer.candidates.map(\.text) == texts && !answer.offersFiles)
  }

  @Test(
    "files are left to the shell",
    arguments: [["check", ""], ["check", "a", "b"], ["check", "-f", ""], ["check", "--file", "x"]])
  func files(words: [String]) async {
    #expect(await complete(words) == Completer.Answer(offersFiles: true))
    #expect(await complete(words).lines == [":file"])
  }

  @Test("names and files go together")
  func namesAndFiles() async { #expect(await complete(["send", ""]).lines == ["known\tIt", ":file"]) }

  @Test("a shell gets words and what they mean")
  func lines() async {
    #expect(await complete(["limits", ""]).lines == ["set\tSet one", "delete\tDelete one"])
  }

  @Test("scripts register the program's name and ask the program", arguments: Shell.allCases)
  func scripts(shell: Shell) {
    let script = Sample.program.completionScript(for: shell)
    #expect(script.contains("completion candidates --") && script.hasSuffix("\n"))
    #expect(
      script.contains(
        shell == .bash ? "complete -F _sample sample" : shell == .zsh ? "#compdef sample" : "complete -c sample"))
  }
}
