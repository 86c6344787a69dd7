import GoTemplate
import JSON
import Testing

@Suite("Errors in templates")
struct TemplateErrorTests {
  let data = Value(
    .object([
      "Params": .object(["name": .string("pg"), "count": .int(3)]), "nothing": .null, "list": .array([.int(1)]),
    ]))

  /// The error of a template; a failed test if there is none.
  private func failure(of text: String, missingKey: MissingKey = .error) -> TemplateError? {
    do {
      let output = try Template(text).render(data, options: RenderOptions(missingKey: missingKey))
      Issue.record("no error, but \(output)")
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "a mistake in the text is told in words",
    arguments: [
      ("{{ uppr .x }}", "the function 'uppr' does not exist; did you mean 'upper'?"),
      ("{{ name }}", "for a field of the data put a dot before it"),
      ("{{ .Steps.my-step }}", #"use index .Steps "my-step""#),
      ("{{ .Steps.my-step.out.id }}", #"use (index .Steps "my-step").out.id"#),
      ("{{ $x := . }}{{ $x.my-step }}", #"use index $x "my-step""#),
      ("{{ .my-step }}", #"use index . "my-step""#),
      ("{{ .a-}}", "put a space before '-}}'"),
      ("{{ .a == 1 }}", "to compare, write: eq A B"),
      ("{{ .a + 1 }}", "'+' is not a number"),
      ("{{ 1+2 }}", "use add and sub"),
      ("{{ add(1, 2) }}", "'(' cannot be used in an expression"),
      ("{{ add 1, 2 }}", "arguments have spaces between them"),
      ("{{ “a” }}", "use straight quotes"),
      ("{{ if .a }}x", "the text ends within 'if'; add {{ end }}"),
      ("{{ end }}", "'end' without an 'if', 'with' or 'range'"),
      ("{{ else }}", "'else' without an 'if', 'with' or 'range'"),
      ("{{ break }}", "'break' has to stand within 'range'"),
      ("{{ $y }}", "the variable '$y' is not declared here"),
      ("{{ .a", "an action is not closed"),
      ("{{ (.a }}", "a parenthesis is not closed"),
      ("{{ if }}{{ end }}", "a value is missing in 'if'"),
      (#"{{ "a }}"#, "a quote is not closed on its line"),
      ("{{ 'ab' }}", "put text in double quotes"),
      (#"{{ define "x" }}1{{ end }}{{ define "x" }}2{{ end }}"#, "the template 'x' is defined twice"),
    ])
  func parsing(_ text: String, _ wanted: String) throws {
    let error = try #require(failure(of: text))
    #expect(error.isParseError)
    #expect(error.message.contains(wanted), "\(error.message)")
  }

  @Test(
    "a mistake that the data shows is told in words",
    arguments: [
      ("{{ .Params.x }}", "'.Params.x' is missing in the data"),
      ("{{ .Params.nam }}", "'.Params.nam' is missing in the data; did you mean 'name'?"),
      ("{{ $p := .Params }}{{ $p.nam.x }}", "'$p.nam' is missing in the data; did you mean 'name'?"),
      ("{{ .nothing.x }}", "'.nothing.x' cannot be read: '.nothing' is null"),
      ("{{ .Params.name.x }}", "'.Params.name' is the text 'pg'"),
      (
        "{{ eq .Params.name .Params.count }}",
        "eq: cannot compare string with int; turn the other into text with toString"
      ),
      ("{{ eq .Params.count 3.0 }}", "eq: cannot compare int with float64"),
      ("{{ index .list 1 }}", "index: there is no position 1: it has 1 element, counted from 0"),
      ("{{ index .list \"a\" }}", "index: a position has to be a whole number; got string"),
      ("{{ range .Params.name }}{{ end }}", "'range' takes a list, a map or a whole number; got the text 'pg'"),
      ("{{ not 1 2 }}", "'not' takes 1 argument, and got 2"),
      (
        "{{ printf .Params.count }}",
        "'printf' takes text here, not the number 3 (int); turn it into text with toString"
      ),
      (#"{{ template "nope" }}"#, "the template 'nope' is not defined"),
      ("{{ $x = 1 }}", "the variable '$x' is not declared"),
    ])
  func rendering(_ text: String, _ wanted: String) throws {
    let error = try #require(failure(of: text))
    #expect(!error.isParseError)
    #expect(error.message.contains(wanted), "\(error.message)")
  }

  @Test(
    "an error knows its place; columns count characters, offsets count bytes",
    arguments: [
      ("{{ uppr }}", 3, 1, 4), ("a\nä {{ uppr }}", 8, 2, 6), ("{{ .Params.x }}", 3, 1, 4),
      ("ok\n{{ if true }}\n  {{ upper .Params.x }}{{ end }}", 28, 3, 12), ("{{ .Params.my-step }}", 13, 1, 14),
      ("{{ if true }}", 13, 1, 14), ("text {{ .a", 5, 1, 6),
    ])
  func places(_ text: String, offset: Int, line: Int, column: Int) throws {
    let error = try #require(failure(of: text))
    #expect(error.offset == offset)
    #expect(error.line == line)
    #expect(error.column == column)
    #expect(error.description.hasPrefix("line \(line), column \(column): "))
  }

  @Test("a mistake inside of a block inside of other blocks is told, and nothing else happens")
  func mistakeInNestedBlock() {
    #expect(throws: TemplateError.self) {
      try Template(#"{{ with $a := .x }}{{ with .y }}{{ block "t" . }}{{ e"#)
    }
  }

  @Test("random texts have a longest length")
  func longRandomText() {
    let error = #expect(throws: TemplateError.self) { try Template("{{ randAlpha 100000 }}").render(.null) }
    #expect(error?.message.contains("the limit of random texts is 65536") ?? false)
  }

  @Test("a message is no longer than one reads, whatever the text holds")
  func longMessage() throws {
    let error = try #require(failure(of: "{{ '" + String(repeating: "\"", count: 10_000)))
    #expect(error.message.utf8.count < 1000)
  }
}
